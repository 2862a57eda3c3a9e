// The records of this room.
import type { Table } from '../ground/change.ts';

/** Service tokens and the one-time administrator token: what they hash to, never what they are. */
export const SERVICE_TOKENS = {
  name: 'service_tokens',
  columns: {
    /** SHA-256 of the token's text. */
    hash: 'blob',
    id: 'text',
    kind: 'text',
    name: 'text',
    created_ms: 'integer',
    expires_ms: 'integer',
    /** When it was exchanged (one-time) or revoked. */
    ended_ms: 'integer',
  },
  nullable: ['ended_ms'],
  primaryKey: ['hash'],
  indexes: [['id']],
} as const satisfies Table;

export const IDENTITY_TABLES: readonly Table[] = [SERVICE_TOKENS];
