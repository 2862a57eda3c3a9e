// Certificates as PEM text: for trust stores, and for clients that read no other format.
import { createHash } from 'node:crypto';
import { encodePem } from '../formats/pem.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { toHex } from '../ground/bytes.ts';

/** In the given order, nothing between the blocks. */
export function certificatesPem(certificates: readonly Certificate[]): string {
  return certificates.map(({ der }) => encodePem('CERTIFICATE', der)).join('');
}

/** SHA-256 of a certificate in lower-case hex: what a person compares. */
export function certificateFingerprint({ der }: Certificate): string {
  return toHex(createHash('sha256').update(der).digest());
}
