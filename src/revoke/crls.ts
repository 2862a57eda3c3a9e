// All shards of all authorities: made when first asked for, signed again when they changed and before they run out.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Pace } from './pace.ts';
import type { RevocationChange } from './revoke.ts';
import { CrlShard, type ShardDeps, type SignedShard } from './shard.ts';
import type { ShardKey } from './shard-number.ts';

const TICK_MS = 1000;
/** After a failure (a full disk, a key store that does not answer) the shard rests. */
const REST_MS = 15_000;

export interface CrlsDeps extends Omit<ShardDeps, 'pace'> {
  readonly failed: (what: string, error: unknown) => void;
}

export class Crls {
  readonly #deps: CrlsDeps & ShardDeps;
  readonly #shards = new Map<string, CrlShard>();
  readonly #signing = new Map<CrlShard, Promise<SignedShard>>();
  readonly #restingUntilMs = new Map<CrlShard, number>();
  #flush: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #ticking = false;
  #stopped = false;

  constructor(deps: CrlsDeps) {
    this.#deps = { ...deps, pace: new Pace() };
  }

  /**
   * The lists of a shard, signed now where there are none that are valid.
   * @returns `undefined` where the authority or the shard does not exist
   * @throws SealyardError what signing throws
   */
  async get(authority: string, shard: number): Promise<SignedShard | undefined> {
    const issuer = this.#deps.authority(authority);
    if (issuer === undefined || !(shard >= 0 && shard < issuer.shards)) return undefined;
    const found = this.#shard({ authority, shard });
    const { signed } = found;
    const nowMs = this.#deps.clock.now().getTime();
    const valid =
      signed !== undefined &&
      nowMs < signed.complete.nextUpdate.getTime() &&
      nowMs < signed.delta.nextUpdate.getTime();
    return valid ? signed : this.#sign(found);
  }

  #shard(key: ShardKey): CrlShard {
    const name = `${key.authority}/${key.shard}`;
    let shard = this.#shards.get(name);
    if (shard === undefined) {
      shard = new CrlShard(key, this.#deps);
      this.#shards.set(name, shard);
    }
    return shard;
  }

  /** One signature of a shard at a time; whoever asks meanwhile gets it too. */
  #sign(shard: CrlShard): Promise<SignedShard> {
    const present = this.#signing.get(shard);
    if (present !== undefined) return present;
    const signing = shard.sign().finally(() => this.#signing.delete(shard));
    this.#signing.set(shard, signing);
    return signing;
  }

  /** Rows have changed: the lists that somebody has asked for follow within the publishing delay. */
  changed(changes: readonly RevocationChange[]): void {
    for (const change of changes) this.#shards.get(`${change.authority}/${change.shard}`)?.apply(change);
    if (this.#flush !== undefined || this.#stopped) return;
    this.#flush = setTimeout(() => {
      this.#flush = undefined;
      void this.#signAll(
        (shard) => shard.dirty,
        () => nextTurn(),
      );
    }, 1000 * this.#deps.settings.crlPublishSeconds);
    this.#flush.unref();
  }

  /** Signs what changed or has passed half of its validity. */
  async tick(): Promise<void> {
    if (this.#ticking) return;
    this.#ticking = true;
    try {
      const nowMs = this.#deps.clock.now().getTime();
      await this.#signAll(
        (shard) =>
          (shard.dirty && this.#flush === undefined) ||
          (shard.refreshAtMs !== undefined && nowMs >= shard.refreshAtMs),
        // Nobody waits for these: lists are renewed long before they run out.
        (workedMs) => this.#deps.pace.restAfter(workedMs),
      );
    } finally {
      this.#ticking = false;
    }
  }

  /** One after the other, with a turn for everybody else in between. Never rejects. */
  async #signAll(
    wanted: (shard: CrlShard) => boolean,
    rest: (workedMs: number) => Promise<unknown>,
  ): Promise<void> {
    for (const shard of this.#shards.values()) {
      const nowMs = this.#deps.clock.now().getTime();
      if (!wanted(shard) || nowMs < (this.#restingUntilMs.get(shard) ?? 0)) continue;
      const begun = performance.now();
      try {
        // What is being signed just now may be from before the change.
        await this.#signing.get(shard)?.catch(() => undefined);
        await this.#sign(shard);
        this.#restingUntilMs.delete(shard);
      } catch (error) {
        this.#restingUntilMs.set(shard, nowMs + REST_MS);
        this.#deps.failed(`CRL ${shard.key.authority}/${shard.key.shard}`, error);
      }
      await rest(performance.now() - begun);
    }
  }

  start(): void {
    this.#ticker ??= setInterval(() => void this.tick(), TICK_MS);
    this.#ticker.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#flush);
    clearInterval(this.#ticker);
  }
}
