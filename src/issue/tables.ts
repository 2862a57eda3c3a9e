// Every certificate that was ever intended, and how often each identity token was used.
import type { Table } from '../ground/change.ts';

/**
 * `state` is `intended` (a serial and a TBS are on record, a signature may exist) or `issued` (`der` is there).
 * `log_index` is the entry in the certificate log: of the precertificate for keyless ones, else of the certificate.
 */
export const CERTIFICATES: Table = {
  name: 'certificates',
  columns: {
    serial: 'text',
    state: 'text',
    profile: 'text',
    authority: 'text',
    not_before_ms: 'integer',
    not_after_ms: 'integer',
    created_ms: 'integer',
    requester: 'text',
    requester_issuer: 'text',
    identity: 'text',
    environment: 'text',
    policy_version: 'text',
    token_id: 'text',
    tbs: 'blob',
    tbs_sha256: 'blob',
    der: 'blob',
    log_index: 'integer',
  },
  nullable: [
    'requester_issuer',
    'identity',
    'environment',
    'policy_version',
    'token_id',
    'tbs',
    'der',
    'log_index',
  ],
  primaryKey: ['serial'],
};

/** One row per certificate that a token got: the primary key makes the bound hold among concurrent requests. */
export const TOKEN_USES: Table = {
  name: 'token_uses',
  columns: { token: 'text', use: 'integer', serial: 'text', expires_ms: 'integer' },
  primaryKey: ['token', 'use'],
};

export const ISSUE_TABLES: readonly Table[] = [CERTIFICATES, TOKEN_USES];
