// OCSP responses, written and read (RFC 6960 §4.2).
import { SealyardError } from '../ground/errors.ts';
import { decodeAlgorithm, encodeAlgorithm, type SignatureAlgorithm } from './algorithms.ts';
import { contextTag, DerCursor, type DerNode, der, explicit, malformed, readDer, TAG } from './der.ts';
import {
  readBitString,
  readGeneralizedTime,
  readOctetString,
  readOid,
  readSmallInteger,
} from './der-values.ts';
import { type CertId, readCertId } from './ocsp-id.ts';
import { ocsp, readNonce } from './ocsp-request.ts';
import { encodeExtension } from './x509/build.ts';
import {
  type Certificate,
  type Extension,
  extension,
  parseCertificate,
  parseExtensions,
} from './x509/certificate.ts';
import { REASON_CODES, type RevocationReason, reasonOfCode } from './x509/crl-reasons.ts';
import { type Name, parseName } from './x509/names.ts';
import { OID } from './x509/oids.ts';

/** §4.2.1 OCSPResponseStatus without `successful`; 4 is not used. */
const FAILURES = {
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const;
export type OcspFailure = keyof typeof FAILURES;

export type OcspCertStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly at: Date; readonly reason: RevocationReason }
  | { readonly status: 'unknown' };

export interface SingleResponse {
  readonly id: Pick<CertId, 'der'>;
  readonly certStatus: OcspCertStatus;
  readonly thisUpdate: Date;
  readonly nextUpdate: Date;
}

/** An answer without content, not signed (§2.3). */
export function encodeOcspFailure(failure: OcspFailure): Uint8Array {
  return der.sequence(der.enumerated(FAILURES[failure]));
}

export interface ResponseDataFields {
  /** SHA-1 of the responder's public key bits (§4.2.1 KeyHash). */
  readonly responderKeyHash: Uint8Array;
  readonly producedAt: Date;
  readonly responses: readonly SingleResponse[];
  readonly extensions: readonly Extension[];
}

/** ResponseData: what the responder signs. */
export function encodeResponseData(o: ResponseDataFields): Uint8Array {
  const extensions = o.extensions.map(encodeExtension);
  return der.sequence(
    der.context(2, der.octetString(o.responderKeyHash)),
    der.generalizedTime(o.producedAt),
    der.sequence(...o.responses.map(encodeSingle)),
    ...(extensions.length === 0 ? [] : [der.context(1, der.sequence(...extensions))]),
  );
}

function encodeSingle(o: SingleResponse): Uint8Array {
  return der.sequence(
    o.id.der,
    encodeStatus(o.certStatus),
    der.generalizedTime(o.thisUpdate),
    der.context(0, der.generalizedTime(o.nextUpdate)),
  );
}

function encodeStatus(status: OcspCertStatus): Uint8Array {
  if (status.status === 'good') return der.context(0, NOTHING, false);
  if (status.status === 'unknown') return der.context(2, NOTHING, false);
  const at = der.generalizedTime(status.at);
  // §4.2.1: without a reason where it is unspecified, as RFC 5280 §5.3.1 has it for CRLs.
  if (status.reason === 'unspecified') return der.context(1, at);
  const reason = der.context(0, der.enumerated(REASON_CODES[status.reason]));
  const content = new Uint8Array(at.length + reason.length);
  content.set(at);
  content.set(reason, at.length);
  return der.context(1, content);
}

const NOTHING = new Uint8Array(0);

/** §4.4.8: this responder says `revoked` of serials that were never issued. */
export const EXTENDED_REVOKE: Extension = {
  oid: OID.ocspExtendedRevoke,
  critical: false,
  value: der.null(),
};

/** The whole OCSPResponse. @param certificate of the delegated responder, DER */
export function encodeOcspResponse(o: {
  readonly responseData: Uint8Array;
  readonly algorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly certificate: Uint8Array;
}): Uint8Array {
  const basic = der.sequence(
    o.responseData,
    encodeAlgorithm(o.algorithm),
    der.bitString(o.signature),
    der.context(0, der.sequence(o.certificate)),
  );
  const bytes = der.sequence(der.oid(OID.ocspBasic), der.octetString(basic));
  return der.sequence(der.enumerated(0), der.context(0, bytes));
}

export interface ParsedSingleResponse extends Omit<SingleResponse, 'id' | 'nextUpdate'> {
  readonly id: CertId;
  readonly nextUpdate: Date | undefined;
}

export interface BasicOcspResponse {
  readonly status: 'successful';
  /** What is signed. */
  readonly responseData: Uint8Array;
  readonly responder: { readonly name: Name } | { readonly keyHash: Uint8Array };
  readonly producedAt: Date;
  readonly responses: readonly ParsedSingleResponse[];
  readonly nonce: Uint8Array | undefined;
  readonly extendedRevoke: boolean;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly certificates: readonly Certificate[];
}

const MAX_RESPONSE_BYTES = 256 * 1024;
const MAX_RESPONSES = 256;
const MAX_CERTIFICATES = 8;

/**
 * Reads one response: its syntax alone; whom it comes from is for the caller to verify.
 * @throws SealyardError `SY-OCSP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseOcspResponse(bytes: Uint8Array): BasicOcspResponse | { readonly status: OcspFailure } {
  return ocsp(() => {
    if (bytes.length > MAX_RESPONSE_BYTES) throw malformed('a response that is too large');
    const outer = new DerCursor(readDer(bytes));
    const code = readSmallInteger(outer.next(), 6, TAG.enumerated);
    const field = outer.optional(contextTag(0));
    outer.end();
    if (code !== 0) return { status: failureOf(code, field) };
    if (field === undefined) throw malformed('a success without an answer');
    const response = new DerCursor(explicit(field));
    if (readOid(response.next()) !== OID.ocspBasic) throw malformed('a response of another type');
    const basic = readOctetString(response.next());
    response.end();
    return parseBasic(new DerCursor(readDer(basic)));
  });
}

function failureOf(code: number, field: DerNode | undefined): OcspFailure {
  const failure = (Object.keys(FAILURES) as OcspFailure[]).find((name) => FAILURES[name] === code);
  // §4.2.1: an error has no responseBytes.
  if (failure === undefined || field !== undefined) throw malformed('a bad response status');
  return failure;
}

function parseBasic(basic: DerCursor): BasicOcspResponse {
  const data = basic.next(TAG.sequence);
  const signatureAlgorithm = decodeAlgorithm(basic.next(TAG.sequence));
  const signature = readBitString(basic.next());
  const field = basic.optional(contextTag(0));
  basic.end();
  return {
    status: 'successful',
    responseData: data.bytes,
    ...parseResponseData(new DerCursor(data)),
    signatureAlgorithm,
    signature,
    certificates: field === undefined ? [] : readCertificates(new DerCursor(explicit(field))),
  };
}

function readCertificates(list: DerCursor): Certificate[] {
  const found: Certificate[] = [];
  while (!list.done) {
    if (found.length === MAX_CERTIFICATES) throw malformed('too many certificates');
    found.push(parseCertificate(list.next(TAG.sequence).bytes));
  }
  return found;
}

type Data = Pick<BasicOcspResponse, 'responder' | 'producedAt' | 'responses' | 'nonce' | 'extendedRevoke'>;

function parseResponseData(data: DerCursor): Data {
  // v1 is the default, and there is no other version.
  if (data.tag === contextTag(0)) throw malformed('a version that is written out');
  const byName = data.optional(contextTag(1));
  const responder =
    byName === undefined
      ? { keyHash: readOctetString(explicit(data.next(contextTag(2)))) }
      : { name: parseName(explicit(byName)) };
  const producedAt = readGeneralizedTime(data.next(), 'seconds');
  const list = data.open();
  const responses: ParsedSingleResponse[] = [];
  while (!list.done) {
    if (responses.length === MAX_RESPONSES) throw malformed('too many responses');
    responses.push(parseSingle(list.open()));
  }
  const field = data.optional(contextTag(1));
  data.end();
  const extensions = field === undefined ? [] : parseExtensions(new DerCursor(explicit(field)));
  return {
    responder,
    producedAt,
    responses,
    nonce: readNonce(extensions),
    extendedRevoke: extension({ extensions }, OID.ocspExtendedRevoke) !== undefined,
  };
}

function parseSingle(single: DerCursor): ParsedSingleResponse {
  const id = readCertId(single.next(TAG.sequence));
  const certStatus = readStatus(single.next());
  const thisUpdate = readGeneralizedTime(single.next(), 'seconds');
  const next = single.optional(contextTag(0));
  const extensions = single.optional(contextTag(1));
  if (extensions !== undefined) refuseCritical(parseExtensions(new DerCursor(explicit(extensions))));
  single.end();
  return {
    id,
    certStatus,
    thisUpdate,
    nextUpdate: next === undefined ? undefined : readGeneralizedTime(explicit(next), 'seconds'),
  };
}

function refuseCritical(extensions: readonly Extension[]): void {
  const critical = extensions.find((each) => each.critical);
  if (critical !== undefined) throw new SealyardError('SY-OCSP-MALFORMED', `critical ${critical.oid}`);
}

function readStatus(node: DerNode): OcspCertStatus {
  if (node.tag === contextTag(0, false) || node.tag === contextTag(2, false)) {
    if (node.content.length > 0) throw malformed('a status with content');
    return { status: node.tag === contextTag(0, false) ? 'good' : 'unknown' };
  }
  const info = new DerCursor(node, contextTag(1));
  const at = readGeneralizedTime(info.next(), 'seconds');
  const field = info.optional(contextTag(0));
  info.end();
  const reason =
    field === undefined ? 'unspecified' : reasonOfCode(readSmallInteger(explicit(field), 10, TAG.enumerated));
  if (reason === undefined) throw malformed('a reason that does not exist');
  return { status: 'revoked', at, reason };
}
