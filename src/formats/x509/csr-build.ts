// Certification requests (PKCS #10, RFC 2986): building what a caller signs.
import { encodeAlgorithm, type SignatureAlgorithm } from '../algorithms.ts';
import { der } from '../der.ts';
import { encodeExtension } from './build.ts';
import type { Extension } from './certificate.ts';
import { OID } from './oids.ts';

/**
 * CertificationRequestInfo: what the key signs.
 * @param o.subject Name DER
 * @param o.extensions asked for in the extensionRequest attribute (RFC 2985 §5.4.2)
 */
export function buildCsrInfo(o: {
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
}): Uint8Array {
  const list = der.sequence(...o.extensions.map(encodeExtension));
  const attributes =
    o.extensions.length === 0
      ? new Uint8Array(0)
      : der.sequence(der.oid(OID.extensionRequest), der.set(list));
  return der.sequence(der.integer(0), o.subject, o.spki, der.context(0, attributes));
}

/** The request, DER, from its signed part. */
export function assembleCsr(
  info: Uint8Array,
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): Uint8Array {
  return der.sequence(info, encodeAlgorithm(algorithm), der.bitString(signature));
}
