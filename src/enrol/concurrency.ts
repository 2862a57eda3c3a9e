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

/** What an attempt says of the row that it read, before it commits. */
export type Saw = (version: string | number | undefined) => void;

/**
 * Runs `attempt`, and again as long as it was refused because the row that it saw has changed meanwhile. A conflict over
 * anything else, a used nonce, is the caller's.
 * @param current the version of the row now; read after a conflict only
 */
export async function whileMoving<T>(
  current: () => string | number | undefined,
  attempt: (saw: Saw) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    let before: string | number | undefined;
    try {
      return await attempt((version) => {
        before = version;
      });
    } catch (error) {
      const moved = isSealyardError(error, 'SY-STORE-CONFLICT') && current() !== before;
      if (!moved || tries === MOST_TRIES) throw error;
    }
  }
}
