// How many validations run at once: bounded altogether and for each account, so that one slow name holds up no other.

interface Waiting {
  readonly key: string;
  readonly run: () => Promise<void>;
}

/** First come, first served, but for those whose account has its share already. */
export class Lanes {
  readonly #most: number;
  readonly #mostPerKey: number;
  readonly #running = new Map<string, number>();
  #total = 0;
  /** By account, in the order in which their oldest came. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(o: { most: number; mostPerAccount: number }) {
    this.#most = o.most;
    this.#mostPerKey = o.mostPerAccount;
  }

  /** @param run must not reject */
  enter(key: string, run: () => Promise<void>): void {
    const queue = this.#waiting.get(key) ?? [];
    queue.push({ key, run });
    this.#waiting.set(key, queue);
    this.#next();
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#waiting.clear();
  }

  #next(): void {
    for (const [key, queue] of this.#waiting) {
      if (this.#total >= this.#most) return;
      const running = this.#running.get(key) ?? 0;
      const first = running < this.#mostPerKey ? queue.shift() : undefined;
      if (queue.length === 0) this.#waiting.delete(key);
      if (first === undefined) continue;
      this.#running.set(key, running + 1);
      this.#total++;
      void first.run().finally(() => this.#left(key));
      if (queue.length > 0) {
        // Behind the others: accounts take turns.
        this.#waiting.delete(key);
        this.#waiting.set(key, queue);
      }
    }
  }

  #left(key: string): void {
    this.#total--;
    const running = (this.#running.get(key) ?? 1) - 1;
    if (running === 0) this.#running.delete(key);
    else this.#running.set(key, running);
    this.#next();
  }
}
