// An artifact gets a signature: fresh key -> certificate -> signature -> log entry -> timestamp -> bundle, checked.
import { createHash, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto';
import { BUNDLE_MEDIA_TYPE, type Bundle, bundleJson, parseBundle } from '../formats/bundle.ts';
import { type Envelope, envelopeJson, IN_TOTO_PAYLOAD_TYPE, preAuthEncoding } from '../formats/dsse.ts';
import type { Descriptor, ImageReference } from '../formats/oci.ts';
import { encodeStatement, SIGNATURE_PREDICATE_TYPE, STATEMENT_TYPE } from '../formats/statement.ts';
import { encodeTimestampRequest } from '../formats/timestamp.ts';
import { fromHex, toBase64, toHex, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest, type Serial } from '../ground/ids.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import type { Registry } from '../registry/registry.ts';
import { verifyBundle } from '../verify/bundle.ts';
import type { Facts } from '../verify/facts.ts';
import { storeBundle } from './store-bundle.ts';
import { challengeOf } from './token.ts';
import type { YardClient } from './yard-client.ts';

const MAX_PREDICATE_BYTES = 1024 * 1024;

export interface Signing {
  readonly yard: YardClient;
  /** The CI job's identity token; stays in memory and goes to the yard alone. */
  readonly token: string;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface ImageSigning extends Signing {
  readonly image: ImageReference;
  readonly registry: Registry;
}

export interface Signed {
  readonly bundle: Bundle;
  /** The bundle as it is stored. */
  readonly bundleJson: string;
  /** What the bundle proves under the yard's own trusted root. */
  readonly facts: Facts;
  /** Of the image's manifest or the blob. */
  readonly digest: Digest;
  readonly certificateSerial: Serial;
  readonly logIndex: number;
  /** The certificate's subject alternative name and issuer. */
  readonly identity: string;
  readonly issuer: string;
}

export interface SignedImage extends Signed {
  /** The manifest that holds the bundle and refers to the image. */
  readonly referrer: Descriptor;
}

/**
 * Signs the image that the reference points to now, as cosign 3 does, and attaches the bundle to it.
 * @throws SealyardError `SY-SIGN-*`, `SY-REGISTRY-*`, `SY-REACH-*`; nothing is stored unless the bundle verifies
 */
export function signImage(o: ImageSigning): Promise<SignedImage> {
  return attestAs(o, SIGNATURE_PREDICATE_TYPE, {});
}

/**
 * Attests something about the image: an in-toto statement of the given predicate type.
 * @throws SealyardError `SY-SIGN-PREDICATE`, and as `signImage`
 */
export async function attestImage(
  o: ImageSigning & { readonly predicateType: string; readonly predicate: Json },
): Promise<SignedImage> {
  // An attestation of the signature type would count as a signature where bundles are judged.
  if (!URL.canParse(o.predicateType) || o.predicateType === SIGNATURE_PREDICATE_TYPE)
    throw new SealyardError('SY-SIGN-PREDICATE', 'the type');
  if (JSON.stringify(o.predicate).length > MAX_PREDICATE_BYTES)
    throw new SealyardError('SY-SIGN-PREDICATE', `more than ${MAX_PREDICATE_BYTES} bytes`);
  return attestAs(o, o.predicateType, o.predicate);
}

/** Signs bytes: a message signature with the SHA-256 of the bytes. @throws SealyardError as `signImage` */
export async function signBlob(o: Signing & { readonly bytes: Uint8Array }): Promise<Signed> {
  const digest = sha256(o.bytes);
  const sealed = await seal(o, o.bytes, (signature) => ({
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: toBase64(digest) },
      signature: toBase64(signature),
    },
  }));
  return checked(o, sealed, digest);
}

async function attestAs(o: ImageSigning, predicateType: string, predicate: Json): Promise<SignedImage> {
  const resolved = await o.registry.resolve(o.image, o.signal);
  // Read in full: the size and media type in the subject are our word from here on.
  const { descriptor: subject } = await o.registry.manifest(o.image, resolved.digest, o.signal);
  const hex = subject.digest.slice('sha256:'.length);
  const payload = encodeStatement({
    type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: hex } }],
    predicateType,
    predicate,
  });
  const sealed = await seal(o, preAuthEncoding(IN_TOTO_PAYLOAD_TYPE, payload), (sig) => {
    const envelope: Envelope = { payload, payloadType: IN_TOTO_PAYLOAD_TYPE, signatures: [{ sig }] };
    return { dsseEnvelope: envelopeJson(envelope) };
  });
  const signed = await checked(o, sealed, fromHex(hex) ?? new Uint8Array());
  const referrer = await storeBundle({
    registry: o.registry,
    image: o.image,
    subject,
    bundleJson: signed.bundleJson,
    predicateType,
    createdAt: o.clock.now(),
    signal: o.signal,
  });
  return { ...signed, referrer };
}

/** Steps that hold for messages and envelopes alike; the private key is dropped with this call. */
async function seal(
  o: Signing,
  message: Uint8Array,
  content: (signature: Uint8Array) => JsonObject,
): Promise<Bundle> {
  const challenge = challengeOf(o.token);
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [leaf] = await o.yard.certificate({
    token: o.token,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    proof: signMessage(privateKey, toUtf8(challenge)),
    signal: o.signal,
  });
  if (leaf === undefined) throw new SealyardError('SY-SIGN-YARD', 'an answer without a certificate');
  // Life of a signature, step 8: the artifact is signed, by a key that ends with this call.
  const signature = signMessage(privateKey, message);
  // Timestamp and log are independent: neither covers the other.
  const [entry, timestamp] = await Promise.all([
    o.yard.logEntry(logRequest(sha256(message), signature, leaf), o.signal),
    o.yard.timestamp(timestampRequest(signature), o.signal),
  ]);
  return readOwnBundle({
    mediaType: BUNDLE_MEDIA_TYPE,
    verificationMaterial: {
      certificate: { rawBytes: toBase64(leaf) },
      tlogEntries: [entry],
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: toBase64(timestamp) }] },
    },
    ...content(signature),
  });
}

/** A hashedrekord 0.0.2 over the digest of what was signed; for an envelope that is its PAE, as cosign ≥ 3.1 does. */
function logRequest(digest: Uint8Array, signature: Uint8Array, leaf: Uint8Array): JsonObject {
  return {
    hashedRekordRequestV002: {
      digest: toBase64(digest),
      signature: {
        content: toBase64(signature),
        verifier: {
          x509Certificate: { rawBytes: toBase64(leaf) },
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        },
      },
    },
  };
}

/**
 * RFC 3161 §2.4.1 over the signature. No nonce: the signature is fresh, so no older token can answer. The TSA's
 * certificates stand in the trusted root, so they are not asked for.
 */
function timestampRequest(signature: Uint8Array): Uint8Array {
  return encodeTimestampRequest({
    hashAlgorithm: 'sha256',
    hashedMessage: sha256(signature),
    certReq: false,
  });
}

/** Verified like anybody's bundle, before anybody sees it. */
async function checked(o: Signing, bundle: Bundle, digest: Uint8Array): Promise<Signed> {
  const { trust } = await o.yard.trustedRoot();
  const facts = verified(() =>
    verifyBundle(bundle, {
      trust,
      artifact: { digest },
      require: { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 },
    }),
  );
  const [entry] = facts.entries;
  const text = asDigest(`sha256:${toHex(digest)}`);
  if (facts.signer.kind !== 'certificate' || entry === undefined || text === undefined)
    throw new SealyardError('SY-SIGN-UNVERIFIED', 'the bundle lacks a certificate or log entry');
  return {
    bundle,
    bundleJson: JSON.stringify(bundleJson(bundle)),
    facts,
    digest: text,
    certificateSerial: facts.signer.certificate.serial,
    logIndex: entry.index,
    identity: facts.signer.san.value,
    issuer: facts.signer.issuer,
  };
}

function verified(work: () => Facts): Facts {
  try {
    return work();
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-SIGN-UNVERIFIED', error.code, { cause: error });
  }
}

/** The parts came from the yard: what cannot be read is the yard's fault. */
function readOwnBundle(json: JsonObject): Bundle {
  try {
    return parseBundle(json);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-SIGN-YARD', `log entry or timestamp: ${error.code}`, { cause: error });
  }
}

function signMessage(key: KeyObject, message: Uint8Array): Uint8Array {
  return new Uint8Array(signWith('sha256', message, key));
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
