// What finds an entry of the signature log again: by its leaf, by what was signed, by the certificate that signed.
import type { Table } from '../ground/change.ts';

/** The primary key makes an entry unique: the same signature sent twice is one leaf. */
export const SIGNATURE_ENTRIES: Table = {
  name: 'signature_entries',
  columns: {
    /** RFC 6962 leaf hash, lower-case hex. */
    leaf_hash: 'text',
    log_index: 'integer',
    /** `sha256:…` (or sha384, sha512) of what was signed; for DSSE that is the pre-authentication encoding. */
    signed_digest: 'text',
    /** SHA-256 of the verifying key's SubjectPublicKeyInfo, lower-case hex. */
    key_hash: 'text',
    /** Of the verifying certificate, where it was one; not unique, since anybody's certificates are logged. */
    serial: 'text',
    created_ms: 'integer',
  },
  nullable: ['serial'],
  primaryKey: ['leaf_hash'],
  indexes: [['log_index'], ['signed_digest'], ['serial']],
};

export const LOG_TABLES: readonly Table[] = [SIGNATURE_ENTRIES];
