// The certificate of a keyless signature: its path at every verified time, and the identity that it vouches for.
import { readDer } from '../formats/der.ts';
import { readText } from '../formats/der-values.ts';
import { isWithin } from '../formats/trusted-root.ts';
import { type Certificate, extension, isSelfIssued, parseCertificate } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { fromUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import { validatePath } from './chain.ts';
import type { CertificateSigner } from './facts.ts';
import type { TrustMaterial } from './trust.ts';

/**
 * Reads a bundle's certificates: the leaf, then intermediates.
 * @throws SealyardError `SY-X509-MALFORMED`, `SY-VERIFY-CERTIFICATE-ROOT`
 */
export function readChain(ders: readonly Uint8Array[]): readonly [Certificate, ...Certificate[]] {
  const [leaf, ...intermediates] = ders.map(parseCertificate);
  if (leaf === undefined) throw new SealyardError('SY-BUNDLE-MALFORMED', 'no certificate');
  if (intermediates.some(isSelfIssued)) throw new SealyardError('SY-VERIFY-CERTIFICATE-ROOT');
  return [leaf, ...intermediates];
}

/**
 * The certificate's path to an authority of the trusted root, valid at each of the times.
 * @param times at least one: without a verified time nothing says that the certificate was valid
 * @returns leaf … root, of the first time
 * @throws SealyardError `SY-VERIFY-TIMESTAMPS-MISSING`, `SY-VERIFY-CERTIFICATE-TIME`,
 *   `SY-VERIFY-CERTIFICATE-UNTRUSTED`
 */
export function pathAtTimes(
  [leaf, ...intermediates]: readonly [Certificate, ...Certificate[]],
  times: readonly Date[],
  trust: TrustMaterial,
): readonly Certificate[] {
  for (const at of times)
    if (at < leaf.notBefore || leaf.notAfter < at)
      throw new SealyardError('SY-VERIFY-CERTIFICATE-TIME', at.toISOString());
  const different = new Map(times.map((at) => [at.getTime(), at]));
  const paths = [...different.values()].map((at) => pathAt(leaf, intermediates, at, trust));
  const [path] = paths;
  if (path === undefined) throw new SealyardError('SY-VERIFY-TIMESTAMPS-MISSING', 'none');
  return path;
}

function pathAt(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  at: Date,
  trust: TrustMaterial,
): readonly Certificate[] {
  let reason: unknown;
  for (const authority of trust.certificateAuthorities) {
    if (!isWithin(authority.validFor, at)) continue;
    try {
      return validatePath({
        leaf,
        intermediates: [...authority.intermediates, ...intermediates],
        anchors: [authority.anchor],
        at,
        extendedKeyUsage: OID.codeSigning,
        extendedKeyUsageRequired: true,
        keyUsage: ['digitalSignature'],
      });
    } catch (error) {
      if (!isSealyardError(error)) throw error;
      // The reason of an authority that issued it tells more than that of one that did not.
      if (reason === undefined || error.code !== 'SY-CHAIN-NO-PATH') reason = error;
    }
  }
  const why = isSealyardError(reason)
    ? `${reason.code}: ${reason.message}`
    : `no authority at ${at.toISOString()}`;
  throw new SealyardError('SY-VERIFY-CERTIFICATE-UNTRUSTED', why, { cause: reason });
}

/**
 * Who a certificate is for: its one subject alternative name, the issuer of the token, and what else was stated.
 * @throws SealyardError `SY-VERIFY-CERTIFICATE-IDENTITY`
 */
export function signerOf(chain: readonly Certificate[]): CertificateSigner {
  const [certificate] = chain;
  if (certificate === undefined) throw new TypeError('an empty chain');
  const extensions = fulcioExtensions(certificate);
  // Version 2 of the issuer extension replaces the first one, which was not even DER.
  const issuer = extensions['8'] ?? extensions['1'];
  if (issuer === undefined || issuer === '') throw badIdentity('no issuer');
  const claims = claimsOf(certificate);
  return {
    kind: 'certificate',
    san: subjectOf(certificate),
    issuer,
    extensions,
    ...(claims === undefined ? {} : { claims }),
    certificate,
    chain,
  };
}

function subjectOf(certificate: Certificate): CertificateSigner['san'] {
  const [name, ...others] = certificate.subjectAltNames ?? [];
  // Two names would let a policy match one while people read the other.
  if (name === undefined || others.length > 0) throw badIdentity('not exactly one name');
  if (name.type === 'uri' || name.type === 'email') return { type: name.type, value: name.value };
  if (name.type === 'other' && name.oid === OID.fulcioUsername)
    return { type: 'other', value: textOf(name.value) };
  throw badIdentity(`a name of type ${name.type}`);
}

const FULCIO_PREFIX = `${OID.fulcio}.`;
// 1 to 6 hold bare text, from before it was settled that an extension's value is DER.
const LAST_RAW = 6;

function fulcioExtensions(certificate: Certificate): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { oid, value } of certificate.extensions) {
    if (!oid.startsWith(FULCIO_PREFIX)) continue;
    const number = oid.slice(FULCIO_PREFIX.length);
    if (!/^[1-9][0-9]{0,3}$/.test(number)) continue;
    const text = Number(number) <= LAST_RAW ? fromUtf8(value) : textOf(value);
    if (text === undefined) throw badIdentity(`extension ${number} is not text`);
    found[number] = text;
  }
  return found;
}

function claimsOf(certificate: Certificate): JsonObject | undefined {
  const found = extension(certificate, OID.sealyardClaims);
  if (found === undefined) return undefined;
  const claims = parseJson(textOf(found.value), { maxLength: 64 * 1024, maxDepth: 16 });
  if (!isObject(claims)) throw badIdentity('claims are not an object');
  return claims;
}

function textOf(value: Uint8Array): string {
  try {
    return readText(readDer(value));
  } catch (error) {
    if (isSealyardError(error)) throw badIdentity('an extension that is not text');
    throw error;
  }
}

function badIdentity(detail: string): SealyardError {
  return new SealyardError('SY-VERIFY-CERTIFICATE-IDENTITY', detail);
}
