// OCSP requests, read and written (RFC 6960 §4.1, RFC 9654 for the nonce).
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { contextTag, DerCursor, der, explicit, malformed, readDer, TAG } from './der.ts';
import { readOctetString, readSmallInteger } from './der-values.ts';
import { type CertId, readCertId } from './ocsp-id.ts';
import { encodeExtension } from './x509/build.ts';
import { type Extension, extension, parseExtensions } from './x509/certificate.ts';
import { OID } from './x509/oids.ts';

export interface OcspRequest {
  /** In the order of the request; at least one. */
  readonly ids: readonly CertId[];
  /** 1 to 128 octets (RFC 9654 §2.1). */
  readonly nonce: Uint8Array | undefined;
  /** Critical extensions of the request, which nobody here processes (§4.4). */
  readonly unprocessedCritical: readonly string[];
}

/** A request for one certificate has about 80 octets, with a nonce 250; sixteen of them fit well. */
export const MAX_OCSP_REQUEST_BYTES = 8 * 1024;
/** How many certificates one request may ask about. */
export const MAX_OCSP_REQUESTS = 16;
const MAX_NONCE_OCTETS = 128;

/**
 * Reads one request. A signature on it is neither demanded nor checked (§4.1.2 leaves it to the responder).
 * @throws SealyardError `SY-OCSP-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function parseOcspRequest(bytes: Uint8Array): OcspRequest {
  return ocsp(() => {
    if (bytes.length > MAX_OCSP_REQUEST_BYTES) throw malformed('a request that is too large');
    const outer = new DerCursor(readDer(bytes));
    const tbs = outer.open();
    outer.optional(contextTag(0));
    outer.end();
    const version = tbs.optional(contextTag(0));
    // X.690 §11.5: v1 is the default, and there is no other version.
    if (version !== undefined && readSmallInteger(explicit(version), 255) !== 0)
      throw malformed('a version that does not exist');
    if (version !== undefined) throw malformed('a default version that is written out');
    tbs.optional(contextTag(1));
    const list = tbs.open();
    const field = tbs.optional(contextTag(2));
    tbs.end();
    const found = field === undefined ? [] : parseExtensions(new DerCursor(explicit(field)));
    const critical: string[] = criticalOf(found);
    const ids = readIds(list, critical);
    return { ids, nonce: readNonce(found), unprocessedCritical: critical };
  });
}

function readIds(list: DerCursor, critical: string[]): CertId[] {
  const ids: CertId[] = [];
  while (!list.done) {
    if (ids.length === MAX_OCSP_REQUESTS)
      throw malformed(`more than ${MAX_OCSP_REQUESTS} certificates in one request`);
    const request = list.open();
    ids.push(readCertId(request.next(TAG.sequence)));
    const field = request.optional(contextTag(0));
    request.end();
    if (field !== undefined) critical.push(...criticalOf(parseExtensions(new DerCursor(explicit(field)))));
  }
  if (ids.length === 0) throw malformed('a request about nothing');
  return ids;
}

function criticalOf(extensions: readonly Extension[]): string[] {
  return extensions.filter(({ oid, critical }) => critical && oid !== OID.ocspNonce).map(({ oid }) => oid);
}

/** @throws SealyardError `SY-DER-MALFORMED` */
export function readNonce(extensions: readonly Extension[]): Uint8Array | undefined {
  const found = extension({ extensions }, OID.ocspNonce);
  if (found === undefined) return undefined;
  const nonce = readOctetString(readDer(found.value));
  if (nonce.length < 1 || nonce.length > MAX_NONCE_OCTETS) throw malformed('a nonce of bad length');
  return nonce;
}

export function nonceExtension(nonce: Uint8Array): Extension {
  return { oid: OID.ocspNonce, critical: false, value: der.octetString(nonce) };
}

/** An unsigned request. @param ids CertID DER, see `encodeCertId` */
export function encodeOcspRequest(o: {
  readonly ids: readonly Uint8Array[];
  readonly nonce?: Uint8Array;
}): Uint8Array {
  const list = der.sequence(...o.ids.map((id) => der.sequence(id)));
  const extensions =
    o.nonce === undefined ? [] : [der.context(2, der.sequence(encodeExtension(nonceExtension(o.nonce))))];
  return der.sequence(der.sequence(list, ...extensions));
}

/** Runs a parser of OCSP structures: what DER finds wrong is told as `SY-OCSP-MALFORMED`. */
export function ocsp<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (isSealyardError(error, 'SY-DER-MALFORMED', 'SY-X509-MALFORMED'))
      throw new SealyardError('SY-OCSP-MALFORMED', error.detail);
    throw error;
  }
}
