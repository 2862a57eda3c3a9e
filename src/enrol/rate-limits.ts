// Token buckets: how much of a kind a key may have, and exactly when it may have more. In memory, bounded.
import type { Clock } from '../ground/ports.ts';
import type { EnrolConfig, Limit } from './config.ts';
import { EnrolError } from './problem.ts';

export type LimitKind = keyof EnrolConfig['limits'];

/** One thing that a request takes from. */
export interface Taking {
  readonly kind: LimitKind;
  readonly key: string;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Each replica counts for itself; a restart forgets. What must hold exactly is bounded by rows, not here. */
export class RateLimits {
  readonly #config: Pick<EnrolConfig, 'limits' | 'mostBuckets'>;
  readonly #clock: Clock;
  /** By kind; the order of each map is the order of last use. */
  readonly #buckets = new Map<LimitKind, Map<string, Bucket>>();

  constructor(config: Pick<EnrolConfig, 'limits' | 'mostBuckets'>, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /**
   * Takes one of each, or none where one of them is empty.
   * @throws EnrolError `SY-ENROL-RATE-LIMITED` with the seconds until all of them have one
   */
  take(...takings: readonly Taking[]): void {
    const nowMs = this.#clock.now().getTime();
    const buckets = takings.map((taking) => this.#bucket(taking, nowMs));
    let waitSeconds = 0;
    let worst: Taking | undefined;
    for (const [i, taking] of takings.entries()) {
      const seconds = waitOf(buckets[i], this.#config.limits[taking.kind]);
      if (seconds > waitSeconds) [waitSeconds, worst] = [seconds, taking];
    }
    if (worst !== undefined) throw limited(worst, waitSeconds);
    for (const bucket of buckets) bucket.tokens -= 1;
  }

  /** Whether one could be taken, without taking it. @throws EnrolError `SY-ENROL-RATE-LIMITED` */
  check(taking: Taking): void {
    const bucket = this.#bucket(taking, this.#clock.now().getTime());
    const seconds = waitOf(bucket, this.#config.limits[taking.kind]);
    if (seconds > 0) throw limited(taking, seconds);
  }

  /** Takes one though there be none: for what has happened already. */
  spend(taking: Taking): void {
    const bucket = this.#bucket(taking, this.#clock.now().getTime());
    bucket.tokens = Math.max(bucket.tokens - 1, 0);
  }

  #bucket({ kind, key }: Taking, nowMs: number): Bucket {
    const buckets = this.#buckets.get(kind) ?? new Map<string, Bucket>();
    this.#buckets.set(kind, buckets);
    const limit = this.#config.limits[kind];
    const bucket = buckets.get(key) ?? { tokens: limit.burst, atMs: nowMs };
    // A clock that was set back gives nothing and takes nothing.
    const elapsedSeconds = Math.max(nowMs - bucket.atMs, 0) / 1000;
    bucket.tokens = Math.min(bucket.tokens + elapsedSeconds * limit.perSecond, limit.burst);
    bucket.atMs = nowMs;
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > this.#config.mostBuckets) forgetOldest(buckets);
    return bucket;
  }
}

function forgetOldest(buckets: Map<string, Bucket>): void {
  for (const key of buckets.keys()) {
    buckets.delete(key);
    return;
  }
}

function waitOf(bucket: Bucket | undefined, limit: Limit): number {
  if (bucket === undefined || bucket.tokens >= 1) return 0;
  return limit.perSecond > 0 ? (1 - bucket.tokens) / limit.perSecond : Number.POSITIVE_INFINITY;
}

const WORDS: Readonly<Record<LimitKind, string>> = {
  accountsByAddress: 'new accounts from this address',
  ordersByAccount: 'orders of this account',
  ordersByIdentity: 'orders of this identity',
  ordersByName: 'orders for',
  ordersByAddress: 'orders from this address',
  failuresByName: 'failed validations of',
  responsesByAccount: 'answers to challenges by this account',
};

/** A limit that never refills still gets an honest answer that a header can hold. */
const LONGEST_WAIT_SECONDS = 86_400;

function limited({ kind, key }: Taking, seconds: number): EnrolError {
  const retryAfterSeconds = Math.min(Math.ceil(seconds), LONGEST_WAIT_SECONDS);
  // Of the keys, only names are the client's own words; the account is told by its own key of the failures.
  const what =
    kind === 'ordersByName' || kind === 'failuresByName' ? ` ${key.slice(key.indexOf(' ') + 1)}` : '';
  return new EnrolError('SY-ENROL-RATE-LIMITED', `${WORDS[kind]}${what}`, { retryAfterSeconds });
}

/** The key of `failuresByName`. @param name as rows have it: `dns:example.com` */
export function failureKey(accountId: string, name: string): string {
  return `${accountId} ${name}`;
}
