// The nonces that changing requests used up (RFC 8555 §6.5). Here and not in the door, since the store knows no doors.
import type { Table } from '../ground/change.ts';

/**
 * `nonce`: time in milliseconds (6 octets), process and counter (10 octets), so that rows sort by age and are written
 * at the end. Inserted with the change that the request makes: a second use conflicts in whichever process it arrives.
 */
export const ACME_NONCES: Table = {
  name: 'acme_nonces',
  columns: { nonce: 'blob' },
  primaryKey: ['nonce'],
};
