// Concurrent changes of one row: in turn within this process, and tried again where another replica was first.
import { isSealyardError } from '../ground/errors.ts';

const MOST_TRIES = 5;

/** Runs what has the same key one after the other, in the order of the calls. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? run() : before.then(run, run);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}

/**
 * Runs `attempt`, and again as long as it was refused because a row that it had read (`seen`) changed meanwhile. A
 * conflict over anything else, a used nonce, is the caller's.
 */
export async function whileMoving<T>(
  seen: () => string | number | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const before = seen();
    try {
      return await attempt();
    } catch (error) {
      const moved = isSealyardError(error, 'SY-STORE-CONFLICT') && seen() !== before;
      if (!moved || tries === MOST_TRIES) throw error;
    }
  }
}
