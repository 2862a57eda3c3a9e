// A certificate revocation list as a value: strict parsing of RFC 5280 §5.
import { equalBytes } from '../../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../../ground/errors.ts';
import type { Serial } from '../../ground/ids.ts';
import { decodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { contextTag, DerCursor, type DerNode, explicit, malformed, readDer, TAG } from '../der.ts';
import {
  readBitString,
  readBoolean,
  readGeneralizedTime,
  readInteger,
  readNamedBits,
  readSerial,
  readSmallInteger,
  readTime,
} from '../der-values.ts';
import { decodePem } from '../pem.ts';
import { type Extension, extension, parseExtensions } from './certificate.ts';
import { REASON_FLAGS, type RevocationReason, reasonOfCode } from './crl-reasons.ts';
import { decodeExtensions } from './extensions.ts';
import { parseGeneralNames } from './general-names.ts';
import { isEmptyName, type Name, parseName } from './names.ts';
import { OID } from './oids.ts';

export {
  buildCrlTbs,
  type CrlTemplate,
  crlExtensions,
  encodeRevokedEntry,
  type RevokedEntryFields,
} from './crl-build.ts';
export { REASON_CODES, type RevocationReason, reasonOfCode, reasonOfName } from './crl-reasons.ts';

export interface RevokedEntry {
  readonly serial: Serial;
  readonly revokedAt: Date;
  /** `unspecified` where the entry gives none. */
  readonly reason: RevocationReason;
  readonly invalidityDate?: Date;
}

/** RFC 5280 §5.2.5. */
export interface IssuingDistributionPoint {
  /** URIs of the fullName; `undefined` where the point has no name. */
  readonly urls?: readonly string[];
  readonly onlyUserCertificates: boolean;
  readonly onlyAuthorityCertificates: boolean;
  readonly onlyAttributeCertificates: boolean;
  readonly indirect: boolean;
  /** `undefined`: all reasons. */
  readonly onlySomeReasons?: ReadonlySet<RevocationReason>;
}

/** Views share memory with `der`: treat all bytes as read-only. */
export interface CertificateList {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array;
  readonly version: 1 | 2;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly thisUpdate: Date;
  readonly nextUpdate?: Date;
  readonly entries: readonly RevokedEntry[];
  readonly extensions: readonly Extension[];
  readonly crlNumber?: bigint;
  /** Of a delta: the complete list that it builds on. */
  readonly baseCrlNumber?: bigint;
  readonly authorityKeyId?: Uint8Array;
  readonly issuingDistributionPoint?: IssuingDistributionPoint;
  readonly freshestCrlUrls?: readonly string[];
  /** Critical extensions, of the list or of an entry, that nobody here processes: such a list must not be used (§5.2, §5.3). */
  readonly unprocessedCritical: readonly string[];
}

/** A list of two million entries; larger ones should be sharded. */
const MAX_CRL_BYTES = 128 * 1024 * 1024;
const MAX_CRITICAL = 16;

/**
 * Reads one CRL, strictly, in linear time.
 * @throws SealyardError `SY-CRL-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseCrl(der: Uint8Array): CertificateList {
  try {
    if (der.length > MAX_CRL_BYTES) throw malformed('a list that is too large');
    const outer = new DerCursor(readDer(der));
    const tbs = outer.next(TAG.sequence);
    const algorithm = outer.next(TAG.sequence);
    const signature = readBitString(outer.next());
    outer.end();
    const fields = parseTbs(new DerCursor(tbs), algorithm.bytes);
    return { der, tbs: tbs.bytes, signatureAlgorithm: decodeAlgorithm(algorithm), signature, ...fields };
  } catch (error) {
    if (isSealyardError(error, 'SY-DER-MALFORMED', 'SY-X509-MALFORMED'))
      throw new SealyardError('SY-CRL-MALFORMED', error.detail);
    throw error;
  }
}

/** All `X509 CRL` blocks of a PEM text, at least one. @throws SealyardError as `parseCrl`, `SY-PEM-MALFORMED` */
export function parseCrlsPem(text: string): CertificateList[] {
  return decodePem(text).map(({ label, der }) => {
    if (label !== 'X509 CRL') throw new SealyardError('SY-PEM-MALFORMED', 'a block that is not X509 CRL');
    return parseCrl(der);
  });
}

type TbsFields = Omit<CertificateList, 'der' | 'tbs' | 'signatureAlgorithm' | 'signature'>;

function parseTbs(tbs: DerCursor, outerAlgorithm: Uint8Array): TbsFields {
  const versionField = tbs.optional(TAG.integer);
  if (versionField !== undefined && readSmallInteger(versionField, 1) !== 1)
    throw malformed('a default version that is written out');
  const version = versionField === undefined ? 1 : 2;
  // RFC 5280 §5.1.1.2: both identifiers are the same.
  if (!equalBytes(tbs.next(TAG.sequence).bytes, outerAlgorithm))
    throw malformed('two signature algorithms that differ');
  const issuer = parseName(tbs.next());
  if (isEmptyName(issuer)) throw malformed('an empty issuer');
  const thisUpdate = readTime(tbs.next());
  const nextUpdate =
    tbs.tag === TAG.utcTime || tbs.tag === TAG.generalizedTime ? readTime(tbs.next()) : undefined;
  if (nextUpdate !== undefined && nextUpdate.getTime() < thisUpdate.getTime())
    throw malformed('a next update before this one');
  const critical = new Set<string>();
  const entries = parseEntries(tbs.optional(TAG.sequence), version, critical);
  const field = tbs.optional(contextTag(0));
  tbs.end();
  if (field !== undefined && version === 1) throw malformed('extensions in a version 1 list');
  const extensions = field === undefined ? [] : parseExtensions(new DerCursor(explicit(field)));
  return {
    version,
    issuer,
    thisUpdate,
    ...(nextUpdate === undefined ? {} : { nextUpdate }),
    entries,
    extensions,
    ...decodeCrlExtensions(extensions, critical),
    unprocessedCritical: [...critical],
  };
}

function parseEntries(
  list: DerNode | undefined,
  version: number,
  critical: Set<string>,
): readonly RevokedEntry[] {
  if (list === undefined) return [];
  const cursor = new DerCursor(list);
  // RFC 5280 §5.1.2.6: absent, not empty.
  if (cursor.done) throw malformed('an empty list of revoked certificates');
  const entries: RevokedEntry[] = [];
  while (!cursor.done) entries.push(parseEntry(cursor.open(), version, critical));
  return entries;
}

function parseEntry(entry: DerCursor, version: number, critical: Set<string>): RevokedEntry {
  const serial = readSerial(entry.next());
  const revokedAt = readTime(entry.next());
  if (entry.done) return { serial, revokedAt, reason: 'unspecified' };
  if (version === 1) throw malformed('entry extensions in a version 1 list');
  const extensions = parseExtensions(new DerCursor(entry.next(TAG.sequence)));
  entry.end();
  noteCritical(extensions, PROCESSED_IN_ENTRIES, critical);
  const reasonCode = extension({ extensions }, OID.reasonCode);
  const invalidity = extension({ extensions }, OID.invalidityDate);
  return {
    serial,
    revokedAt,
    reason: reasonCode === undefined ? 'unspecified' : readReason(readDer(reasonCode.value)),
    ...(invalidity === undefined
      ? {}
      : { invalidityDate: readGeneralizedTime(readDer(invalidity.value), 'seconds') }),
  };
}

function readReason(node: DerNode): RevocationReason {
  const reason = reasonOfCode(readSmallInteger(node, 10, TAG.enumerated));
  if (reason === undefined) throw malformed('a reason that does not exist');
  return reason;
}

const PROCESSED_IN_ENTRIES: ReadonlySet<string> = new Set([OID.reasonCode, OID.invalidityDate]);
const PROCESSED: ReadonlySet<string> = new Set([
  OID.authorityKeyIdentifier,
  OID.crlNumber,
  OID.deltaCrlIndicator,
  OID.issuingDistributionPoint,
  OID.freshestCrl,
]);

function noteCritical(
  extensions: readonly Extension[],
  processed: ReadonlySet<string>,
  critical: Set<string>,
): void {
  for (const each of extensions)
    if (each.critical && !processed.has(each.oid) && critical.size < MAX_CRITICAL) critical.add(each.oid);
}

function decodeCrlExtensions(
  extensions: readonly Extension[],
  critical: Set<string>,
): Partial<CertificateList> {
  noteCritical(extensions, PROCESSED, critical);
  const value = (oid: string): DerNode | undefined => {
    const found = extension({ extensions }, oid);
    return found === undefined ? undefined : readDer(found.value);
  };
  const number = value(OID.crlNumber);
  const base = value(OID.deltaCrlIndicator);
  const point = value(OID.issuingDistributionPoint);
  const freshest = value(OID.freshestCrl);
  const { authorityKeyId } = decodeExtensions(
    extensions.filter(({ oid }) => oid === OID.authorityKeyIdentifier),
  );
  return {
    ...(number === undefined ? {} : { crlNumber: readCrlNumber(number) }),
    ...(base === undefined ? {} : { baseCrlNumber: readCrlNumber(base) }),
    ...(point === undefined ? {} : { issuingDistributionPoint: readIssuingPoint(new DerCursor(point)) }),
    ...(freshest === undefined ? {} : { freshestCrlUrls: pointUrls(freshest) }),
    ...(authorityKeyId === undefined ? {} : { authorityKeyId }),
  };
}

/** §5.2.3: not negative, at most 20 octets. */
function readCrlNumber(node: DerNode): bigint {
  const number = readInteger(node);
  if (number < 0n || node.content.length > 20) throw malformed('a CRL number out of range');
  return number;
}

/** The same syntax as in certificates, and the same reader. */
function pointUrls(node: DerNode): readonly string[] {
  const point = { oid: OID.crlDistributionPoints, critical: false, value: node.bytes };
  return decodeExtensions([point]).crlUrls ?? [];
}

function readIssuingPoint(cursor: DerCursor): IssuingDistributionPoint {
  const name = cursor.optional(contextTag(0));
  const user = flag(cursor, 1);
  const authority = flag(cursor, 2);
  const reasons = cursor.optional(contextTag(3, false));
  const indirect = flag(cursor, 4);
  const attribute = flag(cursor, 5);
  cursor.end();
  // §5.2.5: at most one of the three, and never the empty sequence.
  if (Number(user) + Number(authority) + Number(attribute) > 1)
    throw malformed('a scope that excludes itself');
  if (name === undefined && reasons === undefined && !(user || authority || attribute || indirect))
    throw malformed('an empty issuing distribution point');
  return {
    ...(name === undefined ? {} : { urls: fullName(name) }),
    ...(reasons === undefined ? {} : { onlySomeReasons: reasonSet(reasons) }),
    onlyUserCertificates: user,
    onlyAuthorityCertificates: authority,
    onlyAttributeCertificates: attribute,
    indirect,
  };
}

function flag(cursor: DerCursor, n: number): boolean {
  const node = cursor.optional(contextTag(n, false));
  if (node === undefined) return false;
  // X.690 §11.5: FALSE is the default and never written.
  if (!readBoolean({ ...node, tag: TAG.boolean })) throw malformed('a default that is written out');
  return true;
}

function fullName(node: DerNode): readonly string[] {
  const choice = explicit(node);
  if (choice.tag !== contextTag(0)) return [];
  return parseGeneralNames(new DerCursor(choice, choice.tag)).flatMap((name) =>
    name.type === 'uri' ? [name.value] : [],
  );
}

function reasonSet(node: DerNode): ReadonlySet<RevocationReason> {
  return new Set(readNamedBits(node, node.tag).flatMap((bit) => REASON_FLAGS[bit] ?? []));
}
