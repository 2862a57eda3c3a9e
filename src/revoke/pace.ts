// Long work beside requests: in pieces, one such work at a time, with rests while somebody else wants the event loop.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** A turn of the loop that takes this thread more than this had a request in it: an empty one takes ten. */
const IDLE_TURN_US = 40;
/** Of ten milliseconds of a busy loop the work takes one; with more works waiting it takes more. */
const REST_FACTOR = 9;

export class Pace {
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #resumedMs = 0;

  /** Runs works one after the other. Within one, `rest` is called between its pieces of some milliseconds. */
  run<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++;
    const running = this.#last.then(() => {
      this.#resumedMs = performance.now();
      return work();
    });
    this.#last = running.then(
      () => this.#waiting--,
      () => this.#waiting--,
    );
    return running;
  }

  /** Between two pieces of a work. */
  async rest(): Promise<void> {
    await this.restAfter(performance.now() - this.#resumedMs);
    this.#resumedMs = performance.now();
  }

  /** Lets everybody else have a turn; where there was somebody, rests for a multiple of what the piece took. */
  async restAfter(workedMs: number): Promise<void> {
    // By the thread's own time: on a machine that others keep busy, turns are long though nobody asks us for anything.
    const before = process.threadCpuUsage();
    await turn();
    const { user, system } = process.threadCpuUsage(before);
    if (user + system > IDLE_TURN_US) await sleep((workedMs * REST_FACTOR) / Math.max(1, this.#waiting));
  }
}
