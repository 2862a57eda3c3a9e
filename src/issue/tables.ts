// Every certificate that was ever intended, how often each identity token was used, and keys that get no certificate.
import type { Table } from '../ground/change.ts';

/**
 * `state` is `intended` (a serial and a TBS are on record, a signature may exist) or `issued` (`der` is there).
 * `log_index` is the entry in the certificate log: of the precertificate for keyless ones, else of the certificate.
 * State `external` is a certificate that others issued, put on record to be known, watched and revocable.
 * `profile` is the fixed profile's name, or that of the policy's profile; `names` are the subjectAltNames as canonical
 * text with blanks between; `via` is how the request came in; `crl_shard` is absent where no list can name it.
 * `spki_sha256` finds the certificates of a key; keyless ones, which live for minutes, are not found by it.
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
    via: 'text',
    names: 'text',
    spki_sha256: 'blob',
    crl_shard: 'integer',
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
    'spki_sha256',
    'crl_shard',
    'identity',
    'environment',
    'policy_version',
    'token_id',
    'tbs',
    'der',
    'log_index',
  ],
  primaryKey: ['serial'],
  indexes: [['spki_sha256']],
};

/** One row per certificate that a token got: the primary key makes the bound hold among concurrent requests. */
export const TOKEN_USES: Table = {
  name: 'token_uses',
  columns: { token: 'text', use: 'integer', serial: 'text', expires_ms: 'integer' },
  primaryKey: ['token', 'use'],
};

/** Keys that are known to be compromised, by the SHA-256 of their SubjectPublicKeyInfo (hex). Rows are never deleted. */
export const BLOCKED_KEYS: Table = {
  name: 'blocked_keys',
  columns: { spki_sha256: 'text', reason: 'text', source: 'text', created_ms: 'integer' },
  primaryKey: ['spki_sha256'],
};

/** The newest RSA moduli, in a bounded number of slots that are used in turn: each new one is compared with them. */
export const RSA_MODULI: Table = {
  name: 'rsa_moduli',
  columns: { slot: 'integer', modulus: 'blob', seen_ms: 'integer' },
  primaryKey: ['slot'],
};

export const ISSUE_TABLES: readonly Table[] = [CERTIFICATES, TOKEN_USES, BLOCKED_KEYS, RSA_MODULI];
