// A certificate as a value: strict parsing of RFC 5280 §4, with the extensions that path validation reads decoded.
import { equalBytes } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import type { Serial } from '../../ground/ids.ts';
import { decodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { contextTag, DerCursor, explicit, malformed, readDer, TAG } from '../der.ts';
import {
  readBitString,
  readBoolean,
  readOctetString,
  readOid,
  readSerial,
  readSmallInteger,
  readTime,
} from '../der-values.ts';
import { decodePem } from '../pem.ts';
import { type DecodedExtensions, decodeExtensions } from './extensions.ts';
import { isEmptyName, type Name, parseName } from './names.ts';

export type { AuthorityKeyId, DecodedExtensions, NameConstraints, PolicyConstraints } from './extensions.ts';
export type { GeneralName } from './general-names.ts';
export type { Name } from './names.ts';
export type { KeyUsage } from './oids.ts';

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of the OCTET STRING. */
  readonly value: Uint8Array;
}

/** Views share memory with `der`: treat all bytes as read-only. */
export interface Certificate extends DecodedExtensions {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  readonly serial: Serial;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** A certificate larger than this is an attack; ML-DSA-87 ones are 8 KiB, 4096 names make about 100 KiB. */
export const MAX_CERTIFICATE_BYTES = 256 * 1024;
const MAX_EXTENSIONS = 64;

/**
 * Reads one certificate, strictly.
 * @throws SealyardError `SY-X509-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseCertificate(der: Uint8Array): Certificate {
  return x509(() => {
    if (der.length > MAX_CERTIFICATE_BYTES) throw malformed('a certificate that is too large');
    const outer = new DerCursor(readDer(der));
    const tbs = outer.next(TAG.sequence);
    const algorithm = outer.next(TAG.sequence);
    const signature = readBitString(outer.next());
    outer.end();
    const fields = parseTbs(new DerCursor(tbs), algorithm.bytes);
    return { der, tbs: tbs.bytes, signatureAlgorithm: decodeAlgorithm(algorithm), signature, ...fields };
  });
}

type TbsFields = Omit<Certificate, 'der' | 'tbs' | 'signatureAlgorithm' | 'signature'>;

function parseTbs(tbs: DerCursor, outerAlgorithm: Uint8Array): TbsFields {
  const version = parseVersion(tbs);
  const serial = readSerial(tbs.next());
  // RFC 5280 §4.1.1.2: both identifiers are the same; here byte for byte.
  if (!equalBytes(tbs.next(TAG.sequence).bytes, outerAlgorithm))
    throw malformed('two signature algorithms that differ');
  const issuer = parseName(tbs.next());
  if (isEmptyName(issuer)) throw malformed('an empty issuer');
  const validity = tbs.open();
  const notBefore = readTime(validity.next());
  const notAfter = readTime(validity.next());
  validity.end();
  if (notBefore.getTime() > notAfter.getTime()) throw malformed('a validity that ends before it begins');
  const subject = parseName(tbs.next());
  const spki = tbs.next(TAG.sequence).bytes;
  refuseUniqueIds(tbs, version);
  const extensions = parseExtensionField(tbs, version);
  tbs.end();
  return {
    version,
    serial,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki,
    extensions,
    ...decodeExtensions(extensions),
  };
}

function parseVersion(tbs: DerCursor): 1 | 2 | 3 {
  const field = tbs.optional(contextTag(0));
  if (field === undefined) return 1;
  // DER: the default v1 is never written (X.690 §11.5).
  const version = readSmallInteger(explicit(field), 2);
  if (version === 0) throw malformed('a default version that is written out');
  return version === 1 ? 2 : 3;
}

/** RFC 5280 §4.1.2.8: CAs must not write unique identifiers; nothing of ours reads them. */
function refuseUniqueIds(tbs: DerCursor, version: number): void {
  for (const n of [1, 2]) {
    const field = tbs.optional(contextTag(n, false));
    if (field === undefined) continue;
    if (version === 1) throw malformed('a unique identifier in a version 1 certificate');
    readBitStringLoose(field.content);
  }
}

function readBitStringLoose(content: Uint8Array): void {
  if ((content[0] ?? 8) > 7) throw malformed('a bad BIT STRING');
}

function parseExtensionField(tbs: DerCursor, version: number): readonly Extension[] {
  const field = tbs.optional(contextTag(3));
  if (field === undefined) return [];
  if (version !== 3) throw malformed('extensions in a certificate that is not version 3');
  return parseExtensions(new DerCursor(explicit(field)));
}

/**
 * Reads a SEQUENCE OF Extension: at least one, none twice (RFC 5280 §4.2).
 * @throws SealyardError `SY-DER-MALFORMED`
 */
export function parseExtensions(list: DerCursor): readonly Extension[] {
  const found = new Map<string, Extension>();
  while (!list.done) {
    const next = parseExtension(list.open());
    if (found.has(next.oid)) throw malformed(`the extension ${next.oid} twice`);
    if (found.size === MAX_EXTENSIONS) throw malformed('too many extensions');
    found.set(next.oid, next);
  }
  if (found.size === 0) throw malformed('an empty list of extensions');
  return [...found.values()];
}

function parseExtension(cursor: DerCursor): Extension {
  const oid = readOid(cursor.next());
  const flag = cursor.optional(TAG.boolean);
  // X.690 §11.5: FALSE is the default and never written.
  if (flag !== undefined && !readBoolean(flag)) throw malformed('a default criticality that is written out');
  const value = readOctetString(cursor.next());
  cursor.end();
  return { oid, critical: flag !== undefined, value };
}

/** The extension with this identifier. */
export function extension(
  cert: { readonly extensions: readonly Extension[] },
  oid: string,
): Extension | undefined {
  return cert.extensions.find((candidate) => candidate.oid === oid);
}

/** True where issuer and subject are the same name, byte for byte: RFC 5280 §3.2, self-issued. */
export function isSelfIssued(cert: Certificate): boolean {
  return equalBytes(cert.issuer.der, cert.subject.der);
}

/**
 * All CERTIFICATE blocks of a PEM text, at least one; blocks of other kinds are refused, since a private key in a
 * list of certificates is somebody's accident.
 * @throws SealyardError `SY-PEM-MALFORMED`, `SY-X509-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseCertificatesPem(text: string): Certificate[] {
  return decodePem(text).map(({ label, der }) => {
    if (label !== 'CERTIFICATE')
      throw new SealyardError('SY-PEM-MALFORMED', 'a block that is not CERTIFICATE');
    return parseCertificate(der);
  });
}

/** Runs a parser of X.509 structures: what DER finds wrong is told as `SY-X509-MALFORMED`. */
export function x509<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isSealyardError(error, 'SY-DER-MALFORMED'))
      throw new SealyardError('SY-X509-MALFORMED', error.detail);
    throw error;
  }
}
