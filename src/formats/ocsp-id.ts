// CertID: which certificate an OCSP request asks about (RFC 6960 §4.1.1), by hashes of its issuer and its serial.
import { equalBytes, toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { DerCursor, type DerNode, der, malformed, TAG } from './der.ts';
import { integerContent, readOctetString } from './der-values.ts';
import { encodeSerial } from './x509/build.ts';

/** SHA-1 as an identifier only: it protects nothing here, and most clients know no other (RFC 5019 §2.1.1). */
export type CertIdHash = 'sha1' | 'sha256';

export interface CertId {
  /** As asked: an answer repeats it byte for byte, since clients compare. */
  readonly der: Uint8Array;
  readonly hash: CertIdHash;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** `undefined` for a number that no certificate can have: zero, negative or of more than 20 octets. */
  readonly serial: Serial | undefined;
}

const HASHES: Readonly<Record<CertIdHash, { readonly oid: string; readonly size: number }>> = {
  sha1: { oid: '1.3.14.3.2.26', size: 20 },
  sha256: { oid: '2.16.840.1.101.3.4.2.1', size: 32 },
};
const IDENTIFIERS = (['sha1', 'sha256'] as const).map((hash) => ({
  hash,
  withNull: der.sequence(der.oid(HASHES[hash].oid), der.null()),
  bare: der.sequence(der.oid(HASHES[hash].oid)),
}));
/** Nobody's serial is longer, and an answer must not become an echo of anything. */
const MAX_SERIAL_OCTETS = 64;

export function encodeCertId(o: {
  readonly hash: CertIdHash;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  readonly serial: Serial;
}): Uint8Array {
  return der.sequence(
    der.sequence(der.oid(HASHES[o.hash].oid), der.null()),
    der.octetString(o.issuerNameHash),
    der.octetString(o.issuerKeyHash),
    encodeSerial(o.serial),
  );
}

/** @throws SealyardError `SY-DER-MALFORMED`, `SY-ALGORITHM-UNKNOWN` */
export function readCertId(node: DerNode): CertId {
  const cursor = new DerCursor(node);
  const algorithm = cursor.next(TAG.sequence);
  const known = IDENTIFIERS.find(
    ({ withNull, bare }) => equalBytes(withNull, algorithm.bytes) || equalBytes(bare, algorithm.bytes),
  );
  if (known === undefined)
    throw new SealyardError('SY-ALGORITHM-UNKNOWN', 'a certificate id by another hash than SHA-1 or SHA-256');
  const issuerNameHash = readOctetString(cursor.next());
  const issuerKeyHash = readOctetString(cursor.next());
  const { size } = HASHES[known.hash];
  if (issuerNameHash.length !== size || issuerKeyHash.length !== size)
    throw malformed('a hash of the wrong length');
  const serial = readAnySerial(cursor.next());
  cursor.end();
  return { der: node.bytes, hash: known.hash, issuerNameHash, issuerKeyHash, serial };
}

function readAnySerial(node: DerNode): Serial | undefined {
  const content = integerContent(node);
  if (content.length > MAX_SERIAL_OCTETS) throw malformed('a serial number that is too long');
  if (content.length > 20 || (content[0] ?? 0) >= 0x80) return undefined;
  const magnitude = content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
  const text = toHex(magnitude);
  return text === '00' ? undefined : asSerial(text);
}
