// The authorities on record, their further certificates, and the certificates that the yard uses itself.
import type { Table } from '../ground/change.ts';

/**
 * `name` is what the generations of an authority have in common; `state` is `pending` (a certification request is out,
 * no certificate yet), `active`, `retired` or `revoked`. Without `key_slot` the private key is not this yard's. `parent`
 * is the id of the authority of ours that signed it; absent for roots and for what others signed; `replaces`, while it is pending, the
 * generation that then retires.
 */
export const AUTHORITIES: Table = {
  name: 'authorities',
  columns: {
    id: 'text',
    name: 'text',
    purpose: 'text',
    generation: 'integer',
    state: 'text',
    key_slot: 'text',
    parent: 'text',
    replaces: 'text',
    serial: 'text',
    der: 'blob',
    csr: 'blob',
    shards: 'integer',
    created_ms: 'integer',
    changed_ms: 'integer',
  },
  nullable: ['key_slot', 'parent', 'replaces', 'serial', 'der', 'csr'],
  primaryKey: ['id'],
};

/** Cross-certificates: further certificates for the name and key of an authority, signed by another. `state`: `active` or `revoked`. */
export const CROSS_CERTIFICATES: Table = {
  name: 'cross_certificates',
  columns: {
    sha256: 'text',
    authority: 'text',
    issuer: 'text',
    serial: 'text',
    state: 'text',
    der: 'blob',
    created_ms: 'integer',
  },
  nullable: ['issuer'],
  primaryKey: ['sha256'],
};

/** Old rows stay: a timestamp is verified with the certificate of its day. */
export const SERVICE_CERTIFICATES: Table = {
  name: 'service_certificates',
  columns: {
    purpose: 'text',
    generation: 'integer',
    key_slot: 'text',
    authority: 'text',
    serial: 'text',
    der: 'blob',
    created_ms: 'integer',
  },
  primaryKey: ['purpose', 'generation'],
};

export const AUTHORITY_TABLES: readonly Table[] = [AUTHORITIES, CROSS_CERTIFICATES, SERVICE_CERTIFICATES];
