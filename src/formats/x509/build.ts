// Building certificates: the TBS from a template, and its extensions, written directly. Issuing is the hot path:
// nothing is parsed here, and every part (names, extensions) may be encoded once by the caller and used again.
import { fromHex } from '../../ground/bytes.ts';
import type { Serial } from '../../ground/ids.ts';
import { encodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { der } from '../der.ts';
import type { Extension } from './certificate.ts';

export { extensions } from './build-extensions.ts';
export { encodeName } from './names.ts';

export interface CertificateTemplate {
  readonly serial: Serial;
  /** Name DER, e.g. the issuer certificate's `subject.der`. */
  readonly issuer: Uint8Array;
  /** Name DER; `encodeName([])` for the empty name. */
  readonly subject: Uint8Array;
  /** Cut to the second. */
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly spki: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  /** In the order in which they are written. */
  readonly extensions: readonly Extension[];
}

const VERSION_3 = der.context(0, der.integer(2));

// Extensions are immutable and mostly shared between certificates (usages, issuer key identifier): encode each once.
const encodedExtensions = new WeakMap<Extension, Uint8Array>();

/** The DER of one Extension. */
export function encodeExtension(extension: Extension): Uint8Array {
  let encoded = encodedExtensions.get(extension);
  if (encoded === undefined) {
    const oid = der.oid(extension.oid);
    const value = der.octetString(extension.value);
    encoded = extension.critical ? der.sequence(oid, der.boolean(true), value) : der.sequence(oid, value);
    encodedExtensions.set(extension, encoded);
  }
  return encoded;
}

/**
 * The TBSCertificate, version 3 (RFC 5280 §4.1).
 * @throws TypeError for a serial that is no positive number of at most 20 octets, or without extensions
 */
export function buildTbs(template: CertificateTemplate): Uint8Array {
  if (template.extensions.length === 0) throw new TypeError('a version 3 certificate has extensions');
  return der.sequence(
    VERSION_3,
    encodeSerial(template.serial),
    encodeAlgorithm(template.signatureAlgorithm),
    template.issuer,
    der.sequence(der.time(template.notBefore), der.time(template.notAfter)),
    template.subject,
    template.spki,
    der.context(3, der.sequence(...template.extensions.map(encodeExtension))),
  );
}

/**
 * The template with one more extension at the end: the SCT list goes last, so that the TBS without it is what the
 * log signed (RFC 6962 §3.2).
 */
export function withExtension(template: CertificateTemplate, extension: Extension): CertificateTemplate {
  return { ...template, extensions: [...template.extensions, extension] };
}

/** A serial as INTEGER. */
export function encodeSerial(serial: Serial): Uint8Array {
  const magnitude = fromHex(serial);
  const encoded = magnitude === undefined ? undefined : der.integer(magnitude);
  // Two octets of header and at most 20 of content, sign included (RFC 5280 §4.1.2.2).
  if (encoded === undefined || encoded.length > 22 || /^0*$/.test(serial))
    throw new TypeError('not a serial number');
  return encoded;
}

/** The certificate from its signed parts. `signature` is in X.509 form: DER for ECDSA, raw for the others. */
export function assembleCertificate(
  tbs: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return der.sequence(tbs, encodeAlgorithm(algorithm), der.bitString(signature));
}
