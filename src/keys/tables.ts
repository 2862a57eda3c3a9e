// Which key is used for what: one row per slot, with the public key pinned. Private keys are never rows.
import type { Table } from '../ground/change.ts';

/** `slot` says the use, e.g. `code-signing-ca/1` or `timestamp/2`; `spki` is what the key must be at each opening. */
export const KEYS: Table = {
  name: 'keys',
  columns: {
    slot: 'text',
    purpose: 'text',
    algorithm: 'text',
    ref: 'text',
    spki: 'blob',
    created_ms: 'integer',
  },
  primaryKey: ['slot'],
};

export const KEYS_TABLES: readonly Table[] = [KEYS];
