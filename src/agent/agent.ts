// The agent: keeps many certificates of many issuers, a few at a time, and says how each of them is.
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import type { Keeper, KeeperStatus } from './keeper.ts';

/** Attempts at once: a thousand certificates that are due together must not be a thousand orders at once. */
const AT_ONCE = 8;
/** The longest sleep of the timer: clocks are set, machines sleep. */
const MOST_SLEEP_MS = 60_000;

export class Agent {
  readonly #keepers: readonly Keeper[];
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #busy = new Map<Keeper, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(keepers: readonly Keeper[], clock: Clock) {
    this.#keepers = keepers;
    this.#clock = clock;
  }

  /** Looks after what is due, again and again, until `stop`. */
  start(): void {
    this.#turn();
  }

  /** Looks at each certificate once; with `force`, renews it. Resolves when all are done. */
  async once(o: { readonly force?: boolean } = {}): Promise<void> {
    const waiting = [...this.#keepers];
    const worker = async () => {
      for (let keeper = waiting.shift(); keeper !== undefined; keeper = waiting.shift())
        await keeper.look({ signal: this.#stopping.signal, ...o });
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  status(): readonly KeeperStatus[] {
    return this.#keepers.map((keeper) => keeper.status());
  }

  /** Ends attempts under way; what was obtained by then is kept. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort(new SealyardError('SY-AGENT-ACME', 'the agent is stopping'));
    await Promise.allSettled(this.#busy.values());
  }

  #turn(): void {
    if (this.#stopping.signal.aborted) return;
    const now = this.#clock.now().getTime();
    const idle = this.#keepers.filter((keeper) => !this.#busy.has(keeper));
    const due = idle
      .filter(({ nextAt }) => nextAt.getTime() <= now)
      .sort((a, b) => a.nextAt.getTime() - b.nextAt.getTime());
    for (const keeper of due.slice(0, AT_ONCE - this.#busy.size)) this.#begin(keeper);
    const next = Math.min(
      ...idle.filter((keeper) => !due.includes(keeper)).map(({ nextAt }) => nextAt.getTime()),
    );
    const sleep = Math.min(Math.max(next - now, 100), MOST_SLEEP_MS);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), sleep);
  }

  #begin(keeper: Keeper): void {
    const done = keeper.look({ signal: this.#stopping.signal }).finally(() => {
      this.#busy.delete(keeper);
      this.#turn();
    });
    this.#busy.set(keeper, done);
  }
}
