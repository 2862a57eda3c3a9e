// Runs the parser fuzzer in a thread and watches it: a parser that does not come back is a crash like any other.
import { Worker } from 'node:worker_threads';
import { PARSERS } from './parsers.ts';
import type { Seeds } from './seeds.ts';
import type { Crash, Found, WorkerStart } from './types.ts';

const STUCK_AFTER_MS = 10_000;

export function fuzzParsers(o: {
  readonly seed: number;
  readonly seeds: Seeds;
  readonly seconds: number;
}): Promise<Found> {
  const start: WorkerStart = {
    ...o,
    current: new SharedArrayBuffer(512 * 1024),
    beat: new SharedArrayBuffer(12),
  };
  const words = new Int32Array(start.beat);
  const worker = new Worker(new URL('./parser-worker.ts', import.meta.url), { workerData: start });
  return new Promise((settle, fail) => {
    let seen = -1;
    let since = performance.now();
    const watch = setInterval(() => {
      const now = Atomics.load(words, 0);
      if (now !== seen) [seen, since] = [now, performance.now()];
      // Nothing is begun while the thread loads its modules.
      else if (now > 0 && performance.now() - since > STUCK_AFTER_MS) {
        finish({ inputs: now, crashes: [stuck(start)] });
        void worker.terminate();
      }
    }, 500);
    const finish = (found: Found): void => {
      clearInterval(watch);
      settle(found);
    };
    worker.once('message', finish);
    worker.once('error', (error) => {
      clearInterval(watch);
      fail(error);
    });
  });
}

function stuck({ current, beat }: WorkerStart): Crash {
  const words = new Int32Array(beat);
  const length = Atomics.load(words, 1);
  const target = Object.keys(PARSERS)[Atomics.load(words, 2)] ?? '';
  return {
    target,
    fault: `did not end within ${STUCK_AFTER_MS} ms`,
    input: new Uint8Array(current).slice(0, length),
  };
}
