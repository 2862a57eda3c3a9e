// A compromised key: it goes on the block list, and whatever else was certified with it is found and revoked.

import { toHex } from '../ground/bytes.ts';
import type { Put, Records } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { blockKeyPut } from '../issue/blocked-keys.ts';
import { BLOCKED_KEYS, CERTIFICATES } from '../issue/tables.ts';
import { statusOf } from './record.ts';
import { keyHashOf, withKeys } from './select.ts';

/** Source of the block list's rows that come from here. */
const SOURCE = 'revocation';
const MOST_BLOCKED = 100_000;

/** SHA-256 of the keys of these certificates, lower-case hex, each once. */
export function keysOf(records: Records, serials: readonly Serial[]): readonly string[] {
  const found = serials.flatMap((serial) => {
    const row = records.get(CERTIFICATES, { serial });
    const hash = row && keyHashOf(row);
    return hash === undefined ? [] : [toHex(hash)];
  });
  return [...new Set(found)];
}

/** Rows that keep the keys from being certified again. */
export function blockPuts(keys: readonly string[], timeMs: number): readonly Put[] {
  return keys.map((spkiSha256) =>
    blockKeyPut({ spkiSha256, reason: 'keyCompromise', source: SOURCE }, timeMs),
  );
}

export function blockEvents(keys: readonly string[], actor: Actor, timeMs: number): readonly Event[] {
  return keys.map((id) => ({
    timeMs,
    action: 'key.blocked',
    actor,
    object: { type: 'key', id },
    outcome: 'done',
    data: { reason: 'keyCompromise' },
  }));
}

/** Keys that a revocation blocked since then: after a crash, their certificates may still wait to be found. */
export function blockedSince(records: Records, sinceMs: number): readonly string[] {
  const rows = records.find(BLOCKED_KEYS, {
    where: { source: SOURCE },
    range: { column: 'created_ms', atLeast: sinceMs },
    limit: MOST_BLOCKED,
  });
  return rows.map((row) => String(row['spki_sha256']));
}

/** Valid certificates with one of these keys that are not revoked for good. */
export async function certificatesWith(
  keys: readonly string[],
  deps: {
    readonly records: Records;
    readonly now: Date;
    readonly authority: (id: string) => { readonly id: string; readonly shards: number } | undefined;
  },
): Promise<readonly Serial[]> {
  const found: Serial[] = [];
  for await (const row of withKeys(keys, deps.records)) {
    const serial = asSerial(String(row['serial']));
    const issuer = deps.authority(String(row['authority']));
    const isOver = Number(row['not_after_ms']) < deps.now.getTime() || row['profile'] === 'root';
    if (serial === undefined || issuer === undefined || isOver) continue;
    const status = statusOf(deps.records, issuer, serial);
    if (status.status !== 'revoked' || status.reason === 'certificateHold') found.push(serial);
  }
  return found;
}
