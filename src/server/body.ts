// Reads a request body whole: bounded in size, in time and in what all bodies together may hold.

import { concat } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { RawRequest } from './listener.ts';

const EMPTY = new Uint8Array(0);

/** Bytes of bodies that are in memory at once, over all listeners. */
export class BodyBudget {
  readonly #limit: number;
  #held = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** @throws SealyardError `SY-HTTP-BUSY` */
  take(bytes: number): void {
    if (this.#held + bytes > this.#limit)
      throw new SealyardError('SY-HTTP-BUSY', undefined, { retryAfterSeconds: 1 });
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }

  get held(): number {
    return this.#held;
  }
}

export interface Body {
  readonly bytes: Uint8Array;
  /** Gives the bytes back to the budget; exactly once. */
  release(): void;
}

/**
 * The deadline runs from here to the last byte, whatever trickles in between: Node's own `requestTimeout` does not
 * reach HTTP/2 streams.
 * @throws SealyardError `SY-HTTP-TOO-LARGE`, `SY-HTTP-SLOW`, `SY-HTTP-BUSY`, `SY-HTTP-GONE`
 */
export function readBody(
  request: RawRequest,
  o: { readonly limitBytes: number; readonly deadlineMs: number; readonly budget: BodyBudget },
): Promise<Body> {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > o.limitBytes)
    return Promise.reject(tooLarge(o.limitBytes));
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const timer = setTimeout(() => fail(new SealyardError('SY-HTTP-SLOW')), o.deadlineMs);
    const stop = () => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone);
    };
    const fail = (error: SealyardError) => {
      stop();
      o.budget.release(size);
      // The rest is neither read nor kept; the answer closes the connection or the stream.
      request.on('error', () => undefined);
      request.pause();
      reject(error);
    };
    const onGone = () => fail(new SealyardError('SY-HTTP-GONE'));
    const onData = (chunk: Uint8Array) => {
      if (size + chunk.length > o.limitBytes) return fail(tooLarge(o.limitBytes));
      try {
        o.budget.take(chunk.length);
      } catch (error) {
        return fail(error as SealyardError);
      }
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = () => {
      stop();
      resolve({ bytes: joined(chunks), release: () => o.budget.release(size) });
    };
    request.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}

// A plain view, since a `Buffer` does not stay one across a thread boundary.
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first === undefined) return EMPTY;
  if (chunks.length > 1) return concat(...chunks);
  return new Uint8Array(first.buffer, first.byteOffset, first.byteLength);
}

function tooLarge(limitBytes: number): SealyardError {
  return new SealyardError('SY-HTTP-TOO-LARGE', `at most ${limitBytes} bytes`);
}
