// What was revoked, and which number the revocation list of each shard has reached.
import type { Table } from '../ground/change.ts';

/**
 * One row for each certificate that was ever revoked or held. The key begins with the shard, so that a shard is one
 * range scan, in the order of its serials (which is that of expiry). Rows are never deleted one by one: OCSP answers
 * from them after the entry has left the CRL.
 * `state` is `revoked`, `hold` or `released`; `reason` the code of RFC 5280 §5.3.1; `changed_ms` when the state became
 * what it is (delta CRLs are made of it); the entry stays in the CRL until `retained_until_ms`.
 */
export const REVOCATIONS: Table = {
  name: 'revocations',
  columns: {
    authority: 'text',
    shard: 'integer',
    serial: 'text',
    state: 'text',
    reason: 'integer',
    revoked_ms: 'integer',
    changed_ms: 'integer',
    invalidity_ms: 'integer',
    not_after_ms: 'integer',
    retained_until_ms: 'integer',
  },
  nullable: ['invalidity_ms'],
  primaryKey: ['authority', 'shard', 'serial'],
};

/**
 * `number` is the last CRL number that may have left the yard: it is on disk before the list is served, so that no
 * crash makes it go back (RFC 5280 §5.2.3). `base_*` is the oldest complete list that the deltas build on, `next_*`
 * the one that takes its place when nobody can hold the base any more.
 */
export const CRL_SHARDS: Table = {
  name: 'crl_shards',
  columns: {
    authority: 'text',
    shard: 'integer',
    number: 'integer',
    complete_ms: 'integer',
    base_number: 'integer',
    base_ms: 'integer',
    next_number: 'integer',
    next_ms: 'integer',
  },
  primaryKey: ['authority', 'shard'],
};

export const REVOKE_TABLES: readonly Table[] = [REVOCATIONS, CRL_SHARDS];
