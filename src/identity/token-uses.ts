// How many certificates one identity token was used for: bounded, counted across restarts and concurrent requests.
import { SealyardError } from '../ground/errors.ts';
import type { Identity } from './identity.ts';

export const MAX_CERTIFICATES_PER_TOKEN = 100;
/** Tokens remembered at once; beyond it those that expired are forgotten first. */
const MAX_TOKENS = 50_000;

export interface TokenUses {
  /**
   * Takes one use before anything is signed. One process owns the data directory, so memory decides and the records
   * are asked only for a token that is new to it.
   * @returns gives the use back, for a request that came to nothing
   * @throws SealyardError `SY-IDENTITY-TOKEN-EXHAUSTED`
   */
  reserve(identity: Identity, now: Date): () => void;
}

/** @param o.countIssued certificates on record (intended ones too) for this token id, counted up to `upTo` */
export function createTokenUses(o: {
  limit?: number;
  countIssued: (tokenId: string, upTo: number) => number;
}): TokenUses {
  const limit = o.limit ?? MAX_CERTIFICATES_PER_TOKEN;
  const uses = new Map<string, { count: number; readonly expiresMs: number }>();

  function entryOf(identity: Identity, now: Date): { count: number } {
    const known = uses.get(identity.tokenId);
    if (known !== undefined) return known;
    if (uses.size >= MAX_TOKENS) forget(now.getTime());
    const entry = {
      count: o.countIssued(identity.tokenId, limit),
      expiresMs: identity.expiresAt.getTime() + 60_000,
    };
    uses.set(identity.tokenId, entry);
    return entry;
  }

  function forget(nowMs: number): void {
    for (const [id, entry] of uses) if (entry.expiresMs < nowMs) uses.delete(id);
    // Still full of living tokens: the oldest is counted again from the records when it returns.
    const [oldest] = uses.keys();
    if (uses.size >= MAX_TOKENS && oldest !== undefined) uses.delete(oldest);
  }

  return {
    reserve(identity, now) {
      const entry = entryOf(identity, now);
      if (entry.count >= limit) throw new SealyardError('SY-IDENTITY-TOKEN-EXHAUSTED');
      entry.count++;
      let given = false;
      return () => {
        if (!given) entry.count--;
        given = true;
      };
    },
  };
}
