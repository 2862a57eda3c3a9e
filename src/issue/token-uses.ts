// How often each identity token was used: counted in memory where we know, from the records where we do not.
import type { Records } from '../ground/change.ts';
import { TOKEN_USES } from './tables.ts';

/** Tokens remembered at once; the oldest is counted again from the records when it returns. */
const MOST_REMEMBERED = 20_000;

/**
 * Proposes the number of a token's next use. A proposal is only that: the primary key of `token_uses` decides, and a
 * number that was refused or never committed is forgotten. It spares each request a look-up, and requests that share a
 * token a race for the same number.
 */
export class TokenUses {
  readonly #records: Records;
  /** The last number that was proposed, by token. */
  readonly #last = new Map<string, number>();

  constructor(records: Records) {
    this.#records = records;
  }

  /** From 1; at least `atLeast`, since a reader may lag behind the writer. */
  next(token: string, atLeast = 1): number {
    const use = Math.max(atLeast, (this.#last.get(token) ?? this.#recorded(token)) + 1);
    if (this.#last.size >= MOST_REMEMBERED && !this.#last.has(token)) this.#forgetOldest();
    this.#last.set(token, use);
    return use;
  }

  /** After a commit that failed: only the records know now. */
  forget(token: string): void {
    this.#last.delete(token);
  }

  #recorded(token: string): number {
    const [last] = this.#records.find(TOKEN_USES, { where: { token }, limit: 1, reverse: true });
    return typeof last?.['use'] === 'number' ? last['use'] : 0;
  }

  #forgetOldest(): void {
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }
}

const byRecords = new WeakMap<Records, TokenUses>();

/** The one counter over these records. */
export function tokenUsesOf(records: Records): TokenUses {
  let uses = byRecords.get(records);
  if (uses === undefined) {
    uses = new TokenUses(records);
    byRecords.set(records, uses);
  }
  return uses;
}
