// When a request is tried again: what may be repeated, how long to wait, and a budget so that retries never pile up.
import type { ReachResponse } from './reach.ts';

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;
const LONGEST_RETRY_AFTER_MS = 15_000;
const MAX_TOKENS = 20;
const TOKENS_PER_SUCCESS = 0.2;
const MAX_HOSTS = 1024;

const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const RETRIED_STATUS = new Set([429, 500, 502, 503, 504]);

/** RFC 9110 §9.2.2, except where the caller knows that his POST may be sent again. */
export function mayRepeat(method: string, saysIdempotent: boolean): boolean {
  return saysIdempotent || IDEMPOTENT.has(method);
}

/** 429 and 503 say that nothing was done (RFC 6585 §4, RFC 9110 §15.6.4), so they allow any request to be repeated. */
export function isRetriedStatus(status: number, repeatable: boolean): boolean {
  return repeatable ? RETRIED_STATUS.has(status) : status === 429 || status === 503;
}

/**
 * A bucket of retries for each host: each retry takes a token and each success gives back a fifth of one, so a host
 * that is down gets at most a fifth more requests from us, not several times as many.
 */
export class RetryBudget {
  readonly #tokens = new Map<string, number>();

  /** Whether a retry to this host may be made now; takes its token. */
  take(origin: string): boolean {
    const left = this.#tokens.get(origin) ?? MAX_TOKENS;
    if (left < 1) return false;
    this.#keep(origin, left - 1);
    return true;
  }

  succeeded(origin: string): void {
    const left = this.#tokens.get(origin);
    if (left !== undefined) this.#keep(origin, Math.min(MAX_TOKENS, left + TOKENS_PER_SUCCESS));
  }

  #keep(origin: string, tokens: number): void {
    this.#tokens.delete(origin);
    if (tokens >= MAX_TOKENS) return;
    this.#tokens.set(origin, tokens);
    // The oldest entry goes: names come from outside and must not fill our memory.
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_HOSTS) break;
      this.#tokens.delete(oldest);
    }
  }
}

/** Exponential with full jitter; a host that says when to come back is believed, up to a bound. */
export function delayMs(attempt: number, response: ReachResponse | undefined): number {
  const asked = response === undefined ? undefined : retryAfterMs(response.headers);
  if (asked !== undefined) return Math.min(asked, LONGEST_RETRY_AFTER_MS);
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

/** RFC 9110 §10.2.3: seconds, or a date, which is measured against the host's own `Date`. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const wait = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
