// A timestamp: what the authority says of the time, signed (RFC 3161 §2.4.2, RFC 5816).
import {
  assembleTimestampResponse,
  encodeTstInfo,
  type TimestampRequest,
  timestampSignedAttributes,
} from '../../formats/timestamp.ts';
import { OID } from '../../formats/x509/oids.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { Random } from '../../ground/ports.ts';
import type { ClockGuard } from '../../issue/clock-guard.ts';
import { newSerial } from '../../issue/serial.ts';
import type { TimestampUnit } from '../../issue/service-certificates.ts';

export interface TimestampDeps {
  /** What signs now: the certificate is renewed while the yard runs. */
  readonly unit: () => TimestampUnit;
  readonly clockGuard: Pick<ClockGuard, 'now'>;
  readonly random: Random;
}

/** Sigstore's policy: the time of a machine clock under NTP, for signatures of artifacts. */
export const TIMESTAMP_POLICY = OID.sigstoreTimestampPolicy;
/** A machine under NTP is within milliseconds; a second is what we promise. */
const ACCURACY = { seconds: 1 };

/**
 * The granted TimeStampResp, DER. No row and no event: a timestamp changes nothing, and carries its own evidence.
 * @throws SealyardError `SY-TSA-POLICY`, `SY-ISSUE-CLOCK`, and what `Signer.sign` throws
 */
export async function stamp(request: TimestampRequest, deps: TimestampDeps): Promise<Uint8Array> {
  if (request.policy !== undefined && request.policy !== TIMESTAMP_POLICY)
    throw new SealyardError('SY-TSA-POLICY');
  const { certificate, chain, signer } = deps.unit();
  // Life of a signature, step 10: the time of the signature.
  const genTime = deps.clockGuard.now();
  const { hashAlgorithm, hashedMessage, nonce } = request;
  const info = encodeTstInfo({
    policy: TIMESTAMP_POLICY,
    hashAlgorithm,
    hashedMessage,
    // §2.4.2: unique for each timestamp of this authority; 96 random bits are.
    serial: newSerial({ random: deps.random, notAfter: certificate.notAfter, at: genTime }),
    genTime,
    accuracy: ACCURACY,
    ordering: false,
    ...(nonce === undefined ? {} : { nonce }),
  });
  const signatureAlgorithm = signer.algorithm;
  const signedAttributes = timestampSignedAttributes({
    info,
    certificate: certificate.der,
    signatureAlgorithm,
    signingTime: genTime,
  });
  return assembleTimestampResponse({
    info,
    signedAttributes,
    signatureAlgorithm,
    signature: await signer.sign('timestamp', signedAttributes),
    certificate,
    // §2.4.1: the certificate exactly where it was asked for; the issuing CA with it, the root is the verifier's.
    certificates: request.certReq ? chain.slice(0, -1).map(({ der }) => der) : [],
  });
}
