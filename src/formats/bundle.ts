// Sigstore bundles (protobuf-specs sigstore_bundle.proto): 0.1 to 0.3 are read, 0.3 is written.
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import { type Envelope, envelopeJson, parseEnvelope } from './dsse.ts';
import { ProtoMessage, protoBytes } from './proto-json.ts';
import {
  parseTransparencyEntry,
  type TransparencyEntry,
  transparencyEntryJson,
} from './transparency-entry.ts';

export {
  parseTransparencyEntry,
  type TransparencyEntry,
  transparencyEntryJson,
} from './transparency-entry.ts';

export type BundleVersion = '0.1' | '0.2' | '0.3';

export interface MessageDigest {
  /** `SHA2_256`, `SHA2_384`, `SHA2_512`. */
  readonly algorithm: string;
  readonly value: Uint8Array;
}

export type BundleContent =
  | { readonly kind: 'dsse'; readonly envelope: Envelope }
  | { readonly kind: 'message'; readonly digest?: MessageDigest; readonly signature: Uint8Array };

export type BundleMaterial =
  /** DER, leaf first; one certificate from 0.3 on. */
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] }
  | { readonly kind: 'public-key'; readonly hint: string };

export interface Bundle {
  readonly mediaType: string;
  readonly version: BundleVersion;
  readonly content: BundleContent;
  readonly material: BundleMaterial;
  readonly entries: readonly TransparencyEntry[];
  /** RFC 3161 TimeStampResp, DER. */
  readonly timestamps: readonly Uint8Array[];
}

export const BUNDLE_MEDIA_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

const VERSIONS: Readonly<Record<string, BundleVersion>> = {
  'application/vnd.dev.sigstore.bundle+json;version=0.1': '0.1',
  'application/vnd.dev.sigstore.bundle+json;version=0.2': '0.2',
  'application/vnd.dev.sigstore.bundle+json;version=0.3': '0.3',
  [BUNDLE_MEDIA_TYPE]: '0.3',
};

// The bounds of sigstore-go, so that what it reads is read here.
const MAX_ENTRIES = 32;
const MAX_TIMESTAMPS = 32;
const MAX_CERTIFICATES = 10;
const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_TIMESTAMP_BYTES = 64 * 1024;
const MAX_SIGNATURE_BYTES = 8 * 1024;
const MAX_HINT_LENGTH = 1024;

const CONTEXT = { code: 'SY-BUNDLE-MALFORMED' } as const;

/**
 * Reads a bundle. Unknown members are refused, as in sigstore-go; what it proves is decided in `verify/`.
 * @throws SealyardError `SY-BUNDLE-VERSION`, `SY-BUNDLE-MALFORMED`, `SY-DSSE-MALFORMED`
 */
export function parseBundle(json: Json): Bundle {
  // The version first: a bundle of another version may well have members that we do not know.
  const mediaType = isObject(json) ? json['mediaType'] : undefined;
  const version =
    typeof mediaType === 'string' && Object.hasOwn(VERSIONS, mediaType) ? VERSIONS[mediaType] : undefined;
  if (typeof mediaType !== 'string' || version === undefined) throw new SealyardError('SY-BUNDLE-VERSION');
  const bundle = new ProtoMessage(json, 'bundle', CONTEXT, [
    'mediaType',
    'verificationMaterial',
    'messageSignature',
    'dsseEnvelope',
  ]);
  const material = bundle.message('verificationMaterial', [
    'publicKey',
    'x509CertificateChain',
    'certificate',
    'tlogEntries',
    'timestampVerificationData',
  ]);
  const entries = material.list('tlogEntries', MAX_ENTRIES).map(parseTransparencyEntry);
  requireEvidence(version, entries);
  return {
    mediaType,
    version,
    content: readContent(bundle),
    material: readMaterial(material, version),
    entries,
    timestamps: readTimestamps(material),
  };
}

// Bundle specification: 0.1 must carry the signed promise of the log, later versions the inclusion proof.
function requireEvidence(version: BundleVersion, entries: readonly TransparencyEntry[]): void {
  for (const entry of entries)
    if (version === '0.1' ? entry.inclusionPromise === undefined : entry.inclusionProof === undefined)
      throw new SealyardError(
        'SY-BUNDLE-MALFORMED',
        `bundle ${version} lacks its ${version === '0.1' ? 'inclusion promise' : 'inclusion proof'}`,
      );
}

function readContent(bundle: ProtoMessage): BundleContent {
  if (bundle.has('dsseEnvelope') === bundle.has('messageSignature'))
    throw bundle.refusal('content', 'is not exactly one of dsseEnvelope and messageSignature');
  if (bundle.has('dsseEnvelope')) {
    const envelope = parseEnvelope(bundle.json('dsseEnvelope'));
    // Bundle specification: exactly one signature, or it would be open which of them counts.
    if (envelope.signatures.length !== 1)
      throw bundle.refusal('dsseEnvelope.signatures', 'has more than one item');
    return { kind: 'dsse', envelope };
  }
  const message = bundle.message('messageSignature', ['messageDigest', 'signature']);
  const signature = message.bytes('signature', MAX_SIGNATURE_BYTES);
  const digest = message.optionalMessage('messageDigest', ['algorithm', 'digest']);
  if (digest === undefined) return { kind: 'message', signature };
  return {
    kind: 'message',
    signature,
    digest: { algorithm: digest.text('algorithm', 32), value: digest.bytes('digest', 64) },
  };
}

function readMaterial(material: ProtoMessage, version: BundleVersion): BundleMaterial {
  const kinds = ['publicKey', 'x509CertificateChain', 'certificate'].filter((name) => material.has(name));
  if (kinds.length !== 1)
    throw material.refusal('content', 'is not exactly one of certificate, chain and publicKey');
  if (material.has('publicKey')) {
    const key = material.message('publicKey', ['hint']);
    return { kind: 'public-key', hint: key.optionalText('hint', MAX_HINT_LENGTH) ?? '' };
  }
  if (material.has('certificate')) {
    const certificate = material.message('certificate', ['rawBytes']);
    return { kind: 'certificate', chain: [certificate.bytes('rawBytes', MAX_CERTIFICATE_BYTES)] };
  }
  if (version === '0.3') throw material.refusal('x509CertificateChain', 'is not allowed in bundle 0.3');
  const chain = material
    .message('x509CertificateChain', ['certificates'])
    .messages('certificates', ['rawBytes'], MAX_CERTIFICATES)
    .map((certificate) => certificate.bytes('rawBytes', MAX_CERTIFICATE_BYTES));
  if (chain.length === 0) throw material.refusal('x509CertificateChain', 'is empty');
  return { kind: 'certificate', chain };
}

function readTimestamps(material: ProtoMessage): Uint8Array[] {
  const data = material.optionalMessage('timestampVerificationData', ['rfc3161Timestamps']);
  if (data === undefined) return [];
  return data
    .messages('rfc3161Timestamps', ['signedTimestamp'], MAX_TIMESTAMPS)
    .map((timestamp) => timestamp.bytes('signedTimestamp', MAX_TIMESTAMP_BYTES));
}

/**
 * The bundle as v0.3, whatever version it was read from. Only the leaf of a chain is written, since 0.3 holds one.
 */
export function bundleJson(bundle: Bundle): JsonObject {
  const { content } = bundle;
  const material = {
    ...materialJson(bundle.material),
    tlogEntries: bundle.entries.map(transparencyEntryJson),
    timestampVerificationData: {
      rfc3161Timestamps: bundle.timestamps.map((timestamp) => ({ signedTimestamp: protoBytes(timestamp) })),
    },
  };
  const head = { mediaType: BUNDLE_MEDIA_TYPE, verificationMaterial: material };
  if (content.kind === 'dsse') return { ...head, dsseEnvelope: envelopeJson(content.envelope) };
  return { ...head, messageSignature: messageJson(content.signature, content.digest) };
}

function materialJson(material: BundleMaterial): JsonObject {
  if (material.kind === 'public-key') return { publicKey: { hint: material.hint } };
  const [leaf] = material.chain;
  if (leaf === undefined) throw new TypeError('a bundle needs a certificate');
  return { certificate: { rawBytes: protoBytes(leaf) } };
}

function messageJson(signature: Uint8Array, digest: MessageDigest | undefined): JsonObject {
  if (digest === undefined) return { signature: protoBytes(signature) };
  return {
    messageDigest: { algorithm: digest.algorithm, digest: protoBytes(digest.value) },
    signature: protoBytes(signature),
  };
}
