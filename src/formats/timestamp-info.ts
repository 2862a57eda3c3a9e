// RFC 3161 timestamps: the request, and the TSTInfo that an authority signs. The CMS around it: timestamp-token.ts.
import { toHex } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import { decodeHash, encodeHash, HASH_SIZES, type HashAlgorithm } from './algorithms.ts';
import { contextTag, DerCursor, type DerNode, der, explicit, malformed, readDer, TAG } from './der.ts';
import {
  integerContent,
  readBoolean,
  readGeneralizedTime,
  readInteger,
  readOctetString,
  readOid,
  readSmallInteger,
} from './der-values.ts';
import { encodeSerial } from './x509/build.ts';
import { encodeGeneralName, type GeneralName, parseGeneralName } from './x509/general-names.ts';

export interface TimestampRequest {
  readonly hashAlgorithm: HashAlgorithm;
  readonly hashedMessage: Uint8Array;
  /** OID of the policy asked for. */
  readonly policy?: string;
  readonly nonce?: bigint;
  /** Whether the answer is to hold the authority's certificate. */
  readonly certReq: boolean;
}

/** Enough for the largest nonce and digest; requests are tiny. */
export const MAX_TIMESTAMP_REQUEST_BYTES = 4 * 1024;
/** A nonce is a large random number (RFC 3161 §2.4.1); peers use 64 to 160 bits. */
const MAX_NONCE_OCTETS = 32;

/**
 * Reads a TimeStampReq. Requests with extensions are refused, as RFC 3161 §2.4.1 wants of a server that knows none.
 * @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN` (answer `badAlg`)
 */
export function parseTimestampRequest(bytes: Uint8Array): TimestampRequest {
  return timestamp(() => {
    if (bytes.length > MAX_TIMESTAMP_REQUEST_BYTES) throw malformed('a request that is too large');
    const cursor = new DerCursor(readDer(bytes));
    readVersion1(cursor);
    const imprint = parseImprint(cursor.open());
    const policy = cursor.tag === TAG.oid ? readOid(cursor.next()) : undefined;
    const nonce = cursor.tag === TAG.integer ? readNonce(cursor) : undefined;
    const certReq = readDefaultFalse(cursor);
    if (cursor.tag === contextTag(0)) throw malformed('extensions, of which none is known');
    cursor.end();
    return {
      ...imprint,
      certReq,
      ...(policy !== undefined && { policy }),
      ...(nonce !== undefined && { nonce }),
    };
  });
}

/** The DER of a TimeStampReq. */
export function encodeTimestampRequest(request: TimestampRequest): Uint8Array {
  return der.sequence(
    der.integer(1),
    encodeImprint(request),
    ...(request.policy === undefined ? [] : [der.oid(request.policy)]),
    ...(request.nonce === undefined ? [] : [der.integer(request.nonce)]),
    ...(request.certReq ? [der.boolean(true)] : []),
  );
}

/** What the authority says about the time (RFC 3161 §2.4.2). */
export interface TstInfo {
  readonly policy: string;
  readonly hashAlgorithm: HashAlgorithm;
  readonly hashedMessage: Uint8Array;
  readonly serial: Serial;
  /** To the millisecond. */
  readonly genTime: Date;
  readonly accuracy?: Accuracy;
  readonly ordering: boolean;
  readonly nonce?: bigint;
  readonly tsa?: GeneralName;
}

/** How far `genTime` may be off, both ways. */
export interface Accuracy {
  readonly seconds?: number;
  readonly millis?: number;
  readonly micros?: number;
}

export function encodeTstInfo(info: TstInfo): Uint8Array {
  return der.sequence(
    der.integer(1),
    der.oid(info.policy),
    encodeImprint(info),
    encodeSerial(info.serial),
    der.generalizedTime(info.genTime, 'milliseconds'),
    ...(info.accuracy === undefined ? [] : [encodeAccuracy(info.accuracy)]),
    ...(info.ordering ? [der.boolean(true)] : []),
    ...(info.nonce === undefined ? [] : [der.integer(info.nonce)]),
    ...(info.tsa === undefined ? [] : [der.context(0, encodeGeneralName(info.tsa))]),
  );
}

/**
 * Reads a TSTInfo. A critical extension cannot be understood and is refused, others are passed over.
 * @throws SealyardError `SY-TIMESTAMP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseTstInfo(bytes: Uint8Array): TstInfo {
  return timestamp(() => {
    const cursor = new DerCursor(readDer(bytes));
    readVersion1(cursor);
    const policy = readOid(cursor.next());
    const imprint = parseImprint(cursor.open());
    const serial = readTimestampSerial(cursor.next());
    const genTime = readGeneralizedTime(cursor.next(), 'fraction');
    const accuracy = cursor.tag === TAG.sequence ? parseAccuracy(cursor.open()) : undefined;
    const ordering = readDefaultFalse(cursor);
    const nonce = cursor.tag === TAG.integer ? readNonce(cursor) : undefined;
    const tsaField = cursor.optional(contextTag(0));
    const tsa = tsaField === undefined ? undefined : parseGeneralName(explicit(tsaField));
    const extensions = cursor.optional(contextTag(1));
    if (extensions !== undefined) refuseCritical(new DerCursor(extensions, extensions.tag));
    cursor.end();
    return {
      policy,
      ...imprint,
      serial,
      genTime,
      ordering,
      ...(accuracy && { accuracy }),
      ...(nonce !== undefined && { nonce }),
      ...(tsa && { tsa }),
    };
  });
}

function refuseCritical(list: DerCursor): void {
  while (!list.done) {
    const extension = list.open();
    readOid(extension.next());
    if (extension.tag === TAG.boolean) throw malformed('a critical extension');
    readOctetString(extension.next());
    extension.end();
  }
}

function readVersion1(cursor: DerCursor): void {
  if (readSmallInteger(cursor.next(), 127) !== 1) throw malformed('a version other than 1');
}

function readDefaultFalse(cursor: DerCursor): boolean {
  const flag = cursor.optional(TAG.boolean);
  if (flag !== undefined && !readBoolean(flag)) throw malformed('a default value that is written out');
  return flag !== undefined;
}

function readNonce(cursor: DerCursor): bigint {
  const node = cursor.next(TAG.integer);
  if (node.content.length > MAX_NONCE_OCTETS) throw malformed('a nonce that is too long');
  return readInteger(node);
}

function parseImprint(cursor: DerCursor): { hashAlgorithm: HashAlgorithm; hashedMessage: Uint8Array } {
  const hashAlgorithm = decodeHash(cursor.next(TAG.sequence));
  const hashedMessage = readOctetString(cursor.next());
  cursor.end();
  if (hashedMessage.length !== HASH_SIZES[hashAlgorithm]) throw malformed('a digest of the wrong length');
  return { hashAlgorithm, hashedMessage };
}

function encodeImprint(o: { hashAlgorithm: HashAlgorithm; hashedMessage: Uint8Array }): Uint8Array {
  if (o.hashedMessage.length !== HASH_SIZES[o.hashAlgorithm])
    throw new TypeError('a digest of the wrong length');
  return der.sequence(encodeHash(o.hashAlgorithm), der.octetString(o.hashedMessage));
}

function encodeAccuracy({ seconds, millis, micros }: Accuracy): Uint8Array {
  return der.sequence(
    ...(seconds === undefined ? [] : [der.integer(seconds)]),
    ...(millis === undefined ? [] : [der.implicit(0, der.integer(millis))]),
    ...(micros === undefined ? [] : [der.implicit(1, der.integer(micros))]),
  );
}

function parseAccuracy(cursor: DerCursor): Accuracy {
  const seconds = cursor.optional(TAG.integer);
  const millis = cursor.optional(contextTag(0, false));
  const micros = cursor.optional(contextTag(1, false));
  cursor.end();
  return {
    ...(seconds && { seconds: readSmallInteger(seconds, 0xffff_ffff) }),
    ...(millis && { millis: readSmallInteger(millis, 999, millis.tag) }),
    ...(micros && { micros: readSmallInteger(micros, 999, micros.tag) }),
  };
}

/**
 * RFC 3161 §2.4.2 asks readers to bear 160 bits, which with a sign octet are 21; some authorities forget the sign
 * octet, so that their numbers read as negative. It identifies and is never computed with: the octets are kept.
 */
function readTimestampSerial(node: DerNode): Serial {
  const content = integerContent(node);
  const octets = content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
  const serial = asSerial(toHex(octets));
  if (serial === undefined) throw malformed('a serial number of more than 21 octets');
  return serial;
}

/** Runs a parser of timestamp structures: what DER finds wrong is told as `SY-TIMESTAMP-MALFORMED`. */
export function timestamp<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isSealyardError(error, 'SY-DER-MALFORMED', 'SY-X509-MALFORMED'))
      throw new SealyardError('SY-TIMESTAMP-MALFORMED', error.detail);
    throw error;
  }
}
