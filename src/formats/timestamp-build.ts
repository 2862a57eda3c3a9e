// Building timestamp responses in signing order: TSTInfo, signed attributes, signature, response (RFC 3161 §2.4.2).
import { createHash } from 'node:crypto';
import {
  encodeAlgorithm,
  encodeHash,
  type HashAlgorithm,
  hashOf,
  type SignatureAlgorithm,
} from './algorithms.ts';
import { der } from './der.ts';
import { encodeSerial } from './x509/build.ts';
import type { Certificate } from './x509/certificate.ts';
import { OID } from './x509/oids.ts';

/** PKIFailureInfo bits (RFC 3161 §2.4.2). */
const FAILURES = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  addInfoNotAvailable: 17,
  systemFailure: 25,
} as const;

export type TimestampFailure = keyof typeof FAILURES;

/**
 * What the authority's key signs: the SET OF contentType, messageDigest, signingTime and signing-certificate-v2.
 * @param o.info DER of the TSTInfo
 * @param o.certificate DER of the authority's certificate
 */
export function timestampSignedAttributes(o: {
  readonly info: Uint8Array;
  readonly certificate: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signingTime: Date;
}): Uint8Array {
  const attribute = (oid: string, value: Uint8Array): Uint8Array =>
    der.sequence(der.oid(oid), der.set(value));
  const hash = digestFor(o.signatureAlgorithm);
  const certificateHash = createHash('sha256').update(o.certificate).digest();
  return der.set(
    attribute(OID.contentType, der.oid(OID.tstInfo)),
    attribute(OID.signingTime, der.time(o.signingTime)),
    attribute(OID.messageDigest, der.octetString(createHash(hash).update(o.info).digest())),
    // SHA-256 is ESSCertIDv2's default, so its identifier is not written (X.690 §11.5).
    attribute(
      OID.signingCertificateV2,
      der.sequence(der.sequence(der.sequence(der.octetString(certificateHash)))),
    ),
  );
}

/** RFC 8419 §3: Ed25519 goes with SHA-512; ML-DSA too (RFC 9882 §3.3). */
function digestFor(algorithm: SignatureAlgorithm): HashAlgorithm {
  return hashOf(algorithm) ?? 'sha512';
}

/** The granted TimeStampResp from its signed parts. */
export function assembleTimestampResponse(o: {
  /** DER of the TSTInfo. */
  readonly info: Uint8Array;
  /** From `timestampSignedAttributes`. */
  readonly signedAttributes: Uint8Array;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly certificate: Pick<Certificate, 'issuer' | 'serial'>;
  /** DER of the certificates to send along: the chain where `certReq` was set, else none (RFC 3161 §2.4.1). */
  readonly certificates: readonly Uint8Array[];
}): Uint8Array {
  const hash = encodeHash(digestFor(o.signatureAlgorithm));
  const signer = der.sequence(
    der.integer(1),
    der.sequence(o.certificate.issuer.der, encodeSerial(o.certificate.serial)),
    hash,
    der.implicit(0, o.signedAttributes),
    encodeAlgorithm(o.signatureAlgorithm),
    der.octetString(o.signature),
  );
  const signedData = der.sequence(
    der.integer(3),
    der.set(hash),
    der.sequence(der.oid(OID.tstInfo), der.context(0, der.octetString(o.info))),
    ...(o.certificates.length === 0 ? [] : [der.implicit(0, der.set(...o.certificates))]),
    der.set(signer),
  );
  const token = der.sequence(der.oid(OID.signedData), der.context(0, signedData));
  return der.sequence(der.sequence(der.integer(0)), token);
}

/** A TimeStampResp that refuses, with a sentence and the failure's bit. */
export function encodeTimestampRefusal(o: {
  readonly text: string;
  readonly failure: TimestampFailure;
}): Uint8Array {
  const rejection = 2;
  return der.sequence(
    der.sequence(
      der.integer(rejection),
      der.sequence(der.utf8String(o.text)),
      der.namedBits([FAILURES[o.failure]]),
    ),
  );
}
