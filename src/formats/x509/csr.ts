// Certification requests (PKCS #10, RFC 2986): strict parsing.
import { decodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { contextTag, DerCursor, malformed, readDer, TAG } from '../der.ts';
import { readBitString, readOid, readSmallInteger } from '../der-values.ts';
import { type Extension, parseExtensions, x509 } from './certificate.ts';
import { type DecodedExtensions, decodeExtensions } from './extensions.ts';
import { type Name, parseName } from './names.ts';
import { OID } from './oids.ts';

export interface CsrAttribute {
  readonly oid: string;
  /** DER of each member of the attribute's SET. */
  readonly values: readonly Uint8Array[];
}

export interface CertificationRequest {
  readonly der: Uint8Array;
  /** CertificationRequestInfo: what the signature is over. */
  readonly signed: Uint8Array;
  readonly subject: Name;
  readonly spki: Uint8Array;
  readonly attributes: readonly CsrAttribute[];
  /** From the extensionRequest attribute (RFC 2985 §5.4.2); empty where there is none. Asked for, not granted. */
  readonly requestedExtensions: readonly Extension[];
  /** The requested extensions, decoded. */
  readonly requested: DecodedExtensions;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
}

export const MAX_CSR_BYTES = 64 * 1024;
const MAX_ATTRIBUTES = 32;

/**
 * Reads a certification request; its signature is for `verify` to check.
 * @throws SealyardError `SY-X509-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseCsr(bytes: Uint8Array): CertificationRequest {
  return x509(() => {
    if (bytes.length > MAX_CSR_BYTES) throw malformed('a request that is too large');
    const outer = new DerCursor(readDer(bytes));
    const info = outer.next(TAG.sequence);
    const signatureAlgorithm = decodeAlgorithm(outer.next(TAG.sequence));
    const signature = readBitString(outer.next());
    outer.end();
    return {
      der: bytes,
      signed: info.bytes,
      ...parseInfo(new DerCursor(info)),
      signatureAlgorithm,
      signature,
    };
  });
}

function parseInfo(info: DerCursor) {
  readSmallInteger(info.next(), 0);
  const subject = parseName(info.next());
  const spki = info.next(TAG.sequence).bytes;
  // Some clients leave the empty set out, though RFC 2986 §4.1 has it mandatory.
  const field = info.optional(contextTag(0));
  info.end();
  const attributes = field === undefined ? [] : parseAttributes(new DerCursor(field, contextTag(0)));
  const requestedExtensions = requestedOf(attributes);
  return { subject, spki, attributes, requestedExtensions, requested: decodeExtensions(requestedExtensions) };
}

function parseAttributes(cursor: DerCursor): CsrAttribute[] {
  const found = new Map<string, CsrAttribute>();
  while (!cursor.done) {
    const attribute = cursor.open();
    const oid = readOid(attribute.next());
    const set = attribute.open(TAG.set);
    attribute.end();
    const values: Uint8Array[] = [];
    while (!set.done) values.push(set.next().bytes);
    if (found.has(oid) || values.length === 0) throw malformed(`a bad attribute ${oid}`);
    if (found.size === MAX_ATTRIBUTES) throw malformed('too many attributes');
    found.set(oid, { oid, values });
  }
  return [...found.values()];
}

function requestedOf(attributes: readonly CsrAttribute[]): readonly Extension[] {
  const request = attributes.find(({ oid }) => oid === OID.extensionRequest);
  if (request === undefined) return [];
  const [value] = request.values;
  if (value === undefined || request.values.length !== 1) throw malformed('a bad extensionRequest');
  return parseExtensions(new DerCursor(readDer(value)));
}
