// Verification of an RFC 3161 timestamp: from the response's bytes to a time that can be believed, and by whom.
import { createHash } from 'node:crypto';
import { type HashAlgorithm, SIGNATURES_OF } from '../formats/algorithms.ts';
import {
  parseTimestampResponse,
  type TimestampResponse,
  type TimestampSigner,
  type TimestampToken,
} from '../formats/timestamp.ts';
import { type Certificate, extension, parseCertificate } from '../formats/x509/certificate.ts';
import { sameName } from '../formats/x509/names.ts';
import { OID } from '../formats/x509/oids.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Serial } from '../ground/ids.ts';
import { publicKeyOf, validatePath } from './chain.ts';
import { verifySignature } from './key.ts';

export interface TimestampOptions {
  /** The TimeStampResp, or one that is parsed already. */
  readonly response: Uint8Array | TimestampResponse;
  /** What was timestamped: the message, or its digest where the message is not at hand. */
  readonly imprint:
    | { readonly message: Uint8Array }
    | { readonly algorithm: HashAlgorithm; readonly digest: Uint8Array };
  /** Trusted authorities' roots. */
  readonly anchors: readonly Certificate[];
  /** Trusted or not, for path building, beside what the token holds. */
  readonly intermediates?: readonly Certificate[];
  /**
   * The one certificate that may have signed, where the trust material names it (Sigstore's trusted root does, leaf
   * first). Certificates in the token are then ignored; without it the token must hold its signer's certificate.
   */
  readonly leaf?: Certificate;
  /** Must come back where the request had one. */
  readonly nonce?: bigint;
}

export interface VerifiedTimestamp {
  readonly at: Date;
  readonly serial: Serial;
  readonly policy: string;
  /** The authority's certificate … anchor, valid at `at`. */
  readonly chain: readonly Certificate[];
  readonly signer: Certificate;
}

/**
 * Verifies a timestamp: granted, for these bytes, signed by a certificate that is for timestamping alone, with a path
 * to an anchor that was valid at the time which the timestamp tells.
 * @throws SealyardError `SY-TIMESTAMP-*`, `SY-CHAIN-*`, `SY-KEY-*`, `SY-ALGORITHM-UNKNOWN`
 */
export function verifyTimestamp(options: TimestampOptions): VerifiedTimestamp {
  const token = grantedToken(options.response);
  checkImprint(token, options);
  if (options.nonce !== undefined && token.info.nonce !== options.nonce)
    throw new SealyardError('SY-TIMESTAMP-NONCE');
  const embedded = options.leaf === undefined ? token.certificates.map(parseCertificate) : [];
  const signer = signerOf(token.signer, options.leaf === undefined ? embedded : [options.leaf]);
  checkPurpose(signer);
  checkSignature(token, signer);
  const chain = validatePath({
    leaf: signer,
    intermediates: [...(options.intermediates ?? []), ...embedded],
    anchors: options.anchors,
    at: token.info.genTime,
    extendedKeyUsage: OID.timeStamping,
    extendedKeyUsageRequired: true,
    keyUsage: ['digitalSignature'],
  });
  return { at: token.info.genTime, serial: token.info.serial, policy: token.info.policy, chain, signer };
}

function grantedToken(response: Uint8Array | TimestampResponse): TimestampToken {
  const parsed = response instanceof Uint8Array ? parseTimestampResponse(response) : response;
  if (parsed.token === undefined)
    throw new SealyardError(
      'SY-TIMESTAMP-REFUSED',
      `status ${parsed.status}${parsed.statusText === undefined ? '' : `: ${parsed.statusText.slice(0, 200)}`}`,
    );
  return parsed.token;
}

function checkImprint({ info }: TimestampToken, { imprint }: TimestampOptions): void {
  const matches =
    'message' in imprint
      ? equalBytes(info.hashedMessage, createHash(info.hashAlgorithm).update(imprint.message).digest())
      : imprint.algorithm === info.hashAlgorithm && equalBytes(info.hashedMessage, imprint.digest);
  if (!matches) throw new SealyardError('SY-TIMESTAMP-IMPRINT');
}

/** The certificate that the SignerInfo names and whose hash the signed attributes bind (RFC 5816 §2.2.1). */
function signerOf(signer: TimestampSigner, candidates: readonly Certificate[]): Certificate {
  const found = candidates.find((cert) => isNamed(signer, cert));
  if (found === undefined) throw new SealyardError('SY-TIMESTAMP-SIGNER', 'its certificate is not at hand');
  const [claim] = signer.certificateHashes;
  if (claim === undefined)
    throw new SealyardError('SY-TIMESTAMP-SIGNATURE', 'no signing-certificate attribute');
  for (const { algorithm, hash, serial } of signer.certificateHashes) {
    const matches = equalBytes(hash, createHash(algorithm).update(found.der).digest());
    if (!matches || (serial !== undefined && serial !== found.serial))
      throw new SealyardError(
        'SY-TIMESTAMP-SIGNATURE',
        'the signing-certificate attribute is for another certificate',
      );
  }
  return found;
}

function isNamed({ identifier }: TimestampSigner, cert: Certificate): boolean {
  if (identifier.kind === 'key-id')
    return cert.subjectKeyId !== undefined && equalBytes(cert.subjectKeyId, identifier.keyId);
  return identifier.serial === cert.serial && sameName(identifier.issuer, cert.issuer);
}

/** RFC 3161 §2.3: timeStamping, critical, and nothing else. */
function checkPurpose(cert: Certificate): void {
  const [usage, ...others] = cert.extendedKeyUsage ?? [];
  if (usage !== OID.timeStamping || others.length > 0)
    throw new SealyardError('SY-TIMESTAMP-SIGNER', 'extendedKeyUsage is not timeStamping alone');
  if (extension(cert, OID.extendedKeyUsage)?.critical !== true)
    throw new SealyardError('SY-TIMESTAMP-SIGNER', 'extendedKeyUsage is not critical');
}

function checkSignature({ signer, infoDer }: TimestampToken, cert: Certificate): void {
  // RFC 5652 §5.4: the attributes bind the content by its digest, the signature binds the attributes.
  if (!equalBytes(signer.messageDigest, createHash(signer.digestAlgorithm).update(infoDer).digest()))
    throw new SealyardError('SY-TIMESTAMP-SIGNATURE', 'the message digest differs');
  const key = publicKeyOf(cert);
  if (!SIGNATURES_OF[key.algorithm].includes(signer.signatureAlgorithm))
    throw new SealyardError('SY-TIMESTAMP-SIGNATURE', 'the algorithm does not fit the key');
  if (!verifySignature(key, signer.signatureAlgorithm, signer.signedAttributes, signer.signature))
    throw new SealyardError('SY-TIMESTAMP-SIGNATURE');
}
