// Bounds what answers hold in memory when their reader does not take them: in bytes over all listeners, and in time.
import type { BodyBudget } from './body.ts';
import type { RawRequest, RawResponse } from './listener.ts';

/** Smaller answers over HTTP/1.1 are bounded by the pipeline; over HTTP/2 a session holds as many as it has streams. */
const SMALL_BYTES = 16 * 1024;

/** @throws SealyardError `SY-HTTP-BUSY` when too much is unread already */
export function holdAnswer(o: {
  readonly request: RawRequest;
  readonly response: RawResponse;
  readonly bytes: number;
  readonly budget: BodyBudget;
  readonly deadlineMs: number;
}): void {
  if (o.bytes <= SMALL_BYTES && !('stream' in o.request)) return;
  o.budget.take(o.bytes);
  // An answer that waits behind another one tells nothing when its connection ends, so the connection is asked too.
  const carrier = 'stream' in o.request ? o.request.stream : o.request.socket;
  const emitters = [o.response, carrier];
  const cut = setTimeout(() => carrier.destroy(), o.deadlineMs).unref();
  let held = true;
  const release = () => {
    if (!held) return;
    held = false;
    clearTimeout(cut);
    o.budget.release(o.bytes);
    for (const emitter of emitters) emitter.off('close', release);
  };
  for (const emitter of emitters) emitter.once('close', release);
  if (carrier.destroyed) release();
}
