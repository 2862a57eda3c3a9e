// The authorities on record, and the certificates that the yard uses itself (listener, timestamps).
import type { Table } from '../ground/change.ts';

/** `id` is purpose and generation; `parent` is the id of the signing authority, absent for a root. */
export const AUTHORITIES: Table = {
  name: 'authorities',
  columns: {
    id: 'text',
    purpose: 'text',
    key_slot: 'text',
    parent: 'text',
    serial: 'text',
    der: 'blob',
    created_ms: 'integer',
  },
  nullable: ['parent'],
  primaryKey: ['id'],
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

export const AUTHORITY_TABLES: readonly Table[] = [AUTHORITIES, SERVICE_CERTIFICATES];
