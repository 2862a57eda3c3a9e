// Long work beside requests: in pieces, one such work at a time, with rests while somebody else wants the event loop.
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';

/** A turn of the loop that takes longer than this had others in it. */
const IDLE_TURN_MS = 0.3;
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

  /** Lets everybody else have a turn; where there was somebody, rests for a multiple of what the piece took. */
  async rest(): Promise<void> {
    const ended = performance.now();
    await turn();
    const workedMs = ended - this.#resumedMs;
    if (performance.now() - ended > IDLE_TURN_MS)
      await sleep((workedMs * REST_FACTOR) / Math.max(1, this.#waiting));
    this.#resumedMs = performance.now();
  }
}
