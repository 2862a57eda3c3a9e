// Renews what ends while the yard runs: looks again at the time that was named, and at least hourly, since clocks move.
import type { Clock } from '../ground/ports.ts';
import type { ServerLog } from './log.ts';

const AT_LEAST_EVERY_MS = 3_600_000;
const AFTER_FAILURE_MS = 60_000;

/**
 * Calls `renew` when it is due, for as long as it is not stopped.
 * @param o.renew gives the time at which it wants to be called next
 */
export function keepRenewed(o: {
  readonly what: string;
  readonly first: Date;
  readonly clock: Clock;
  readonly log: ServerLog;
  renew(): Promise<Date>;
}): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const wait = (ms: number) => {
    if (!stopped) timer = setTimeout(run, ms).unref();
  };
  const until = (at: Date) =>
    Math.max(1_000, Math.min(at.getTime() - o.clock.now().getTime(), AT_LEAST_EVERY_MS));
  const run = () => {
    o.renew().then(
      (next) => {
        o.log.info({ what: o.what, next: next.toISOString() }, 'looked whether renewal is due');
        wait(until(next));
      },
      (error: unknown) => {
        o.log.error({ error, what: o.what }, 'renewal failed; trying again in a minute');
        wait(AFTER_FAILURE_MS);
      },
    );
  };
  wait(until(o.first));
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
