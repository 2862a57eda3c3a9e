// What differs between the logs' entries: how long one may be, and how a bundle frames them.
import { encodeEntryBundle, MAX_ENTRY_BYTES } from '../formats/tile.ts';
import { concat } from '../ground/bytes.ts';
import type { LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';

interface EntryRules {
  readonly maxBytes: number;
  readonly bundle: (entries: readonly Uint8Array[]) => Uint8Array;
}

const RULES: Readonly<Record<LogName, EntryRules>> = {
  signature: { maxBytes: MAX_ENTRY_BYTES, bundle: encodeEntryBundle },
  audit: { maxBytes: MAX_ENTRY_BYTES, bundle: encodeEntryBundle },
  // static-ct-api: a TileLeaf carries its own lengths, so a data tile is their plain concatenation.
  certificate: { maxBytes: 1024 * 1024, bundle: (entries) => concat(...entries) },
};

/** @throws SealyardError `SY-LOG-ENTRY-TOO-LARGE` */
export function checkEntrySize(log: LogName, stored: Uint8Array): void {
  if (stored.length > RULES[log].maxBytes)
    throw new SealyardError('SY-LOG-ENTRY-TOO-LARGE', `${stored.length} of ${RULES[log].maxBytes} bytes`);
}

/** The bytes of an entry bundle (C2SP tlog-tiles) or data tile (static-ct-api) of these stored entries. */
export function frameEntries(log: LogName, entries: readonly Uint8Array[]): Uint8Array {
  return RULES[log].bundle(entries);
}
