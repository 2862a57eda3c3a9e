// The numbers of one shard's lists: never twice, never back, and which complete list its deltas build on.
import type { Precondition, Put, Records } from '../ground/change.ts';
import { CRL_SHARDS } from './tables.ts';

export interface ShardKey {
  readonly authority: string;
  readonly shard: number;
}

interface Mark {
  readonly number: number;
  readonly ms: number;
}

/** What is on disk of the lists of a shard. */
export interface ShardNumbers {
  readonly last: Mark;
  /** Deltas list all changes since this complete list. */
  readonly base: Mark;
  /** Becomes the base when no list older than it is valid any more. */
  readonly next: Mark;
}

export function readNumbers(records: Records, key: ShardKey): ShardNumbers | undefined {
  const row = records.get(CRL_SHARDS, { authority: key.authority, shard: key.shard });
  if (row === undefined) return undefined;
  const mark = (number: string, ms: string): Mark => ({ number: Number(row[number]), ms: Number(row[ms]) });
  return {
    last: mark('number', 'complete_ms'),
    base: mark('base_number', 'base_ms'),
    next: mark('next_number', 'next_ms'),
  };
}

/**
 * The numbers after one more list at `nowMs`. A client may hold any list that is still valid, and RFC 5280 §5.2.4 lets
 * it use a delta whose base is not newer: the base moves on only when every list before its successor has expired.
 */
export function advance(before: ShardNumbers | undefined, nowMs: number, validityMs: number): ShardNumbers {
  const last = { number: (before?.last.number ?? 0) + 1, ms: nowMs };
  if (before === undefined) return { last, base: last, next: last };
  if (nowMs < before.next.ms + validityMs) return { ...before, last };
  return { last, base: before.next, next: last };
}

/** The row, on condition that nobody else has counted on. */
export function numbersChange(
  key: ShardKey,
  before: ShardNumbers | undefined,
  after: ShardNumbers,
): { readonly put: Put; readonly precondition: Precondition } {
  const { authority, shard } = key;
  return {
    put: {
      table: CRL_SHARDS,
      mode: 'replace',
      row: {
        authority,
        shard,
        number: after.last.number,
        complete_ms: after.last.ms,
        base_number: after.base.number,
        base_ms: after.base.ms,
        next_number: after.next.number,
        next_ms: after.next.ms,
      },
    },
    precondition: {
      table: CRL_SHARDS,
      key: { authority, shard },
      expect: before === undefined ? 'absent' : { number: before.last.number },
    },
  };
}
