// What a signature log stores about a signature: the canonical bodies of its entries (Rekor types).
import { fromBase64, fromHex, fromUtf8, toHex, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import { type HashAlgorithm, type KeyAlgorithm, readSpki } from './algorithms.ts';
import { decodePem } from './pem.ts';
import { ProtoMessage, protoBytes } from './proto-json.ts';

/** Who verifies the signature: the certificate or the bare key, DER. */
export type LoggedVerifier =
  | { readonly kind: 'certificate'; readonly der: Uint8Array }
  | { readonly kind: 'public-key'; readonly spki: Uint8Array };

export interface LoggedSignature {
  readonly signature: Uint8Array;
  readonly verifier: LoggedVerifier;
}

export interface LoggedDigest {
  readonly algorithm: HashAlgorithm;
  readonly value: Uint8Array;
}

export type EntryBody =
  | ({
      readonly kind: 'hashedrekord';
      readonly version: '0.0.1';
      readonly digest: LoggedDigest;
    } & LoggedSignature)
  | HashedRekord
  | (EnvelopeEntry & { readonly kind: 'dsse'; readonly version: '0.0.1' })
  | (EnvelopeEntry & { readonly kind: 'intoto'; readonly version: '0.0.2'; readonly payloadType: string });

/** hashedrekord 0.0.2, the kind that Rekor v2 writes; for DSSE the digest is that of the pre-authentication encoding. */
export interface HashedRekord extends LoggedSignature {
  readonly kind: 'hashedrekord';
  readonly version: '0.0.2';
  readonly digest: LoggedDigest;
  readonly keyDetails: string;
}

interface EnvelopeEntry {
  readonly payloadHash: LoggedDigest;
  readonly signatures: readonly LoggedSignature[];
}

const CONTEXT = { code: 'SY-ENTRY-MALFORMED' } as const;
const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_SIGNATURE_BYTES = 8 * 1024;
const MAX_SIGNATURES = 16;
const BOUNDS = { maxLength: 16 * 1024 * 1024, maxDepth: 32 };

/** Protobuf's names of the digests that sign (sigstore_common.proto `HashAlgorithm`). */
export const PROTO_HASH: Readonly<Record<HashAlgorithm, string>> = {
  sha256: 'SHA2_256',
  sha384: 'SHA2_384',
  sha512: 'SHA2_512',
};

/** @returns `undefined` for a name that is not in the table */
export function hashOfProtoName(name: string): HashAlgorithm | undefined {
  return (['sha256', 'sha384', 'sha512'] as const).find((hash) => PROTO_HASH[hash] === name);
}

/**
 * Reads an entry's canonical body. It must be canonical JSON (RFC 8785): with a member twice, two readers could
 * see two different entries under one leaf hash.
 * @throws SealyardError `SY-ENTRY-MALFORMED`
 */
export function parseEntryBody(bytes: Uint8Array): EntryBody {
  const text = fromUtf8(bytes);
  if (text === undefined) throw new SealyardError('SY-ENTRY-MALFORMED', 'not UTF-8');
  const json = parseJson(text, BOUNDS);
  if (canonicalJson(json) !== text) throw new SealyardError('SY-ENTRY-MALFORMED', 'not canonical JSON');
  const entry = new ProtoMessage(json, 'entry', CONTEXT, ['apiVersion', 'kind', 'spec']);
  const kind = `${entry.text('kind', 64)} ${entry.text('apiVersion', 64)}`;
  const read = Object.hasOwn(READERS, kind) ? READERS[kind] : undefined;
  if (read === undefined) throw entry.refusal('kind', 'is not supported');
  return read(entry);
}

const READERS: Readonly<Record<string, (entry: ProtoMessage) => EntryBody>> = {
  'hashedrekord 0.0.1': readHashedRekordV1,
  'hashedrekord 0.0.2': readHashedRekordV2,
  'dsse 0.0.1': readDsse,
  'intoto 0.0.2': readIntoto,
};

function readHashedRekordV1(entry: ProtoMessage): EntryBody {
  const spec = entry.message('spec', ['data', 'signature']);
  const signature = spec.message('signature', ['content', 'publicKey']);
  return {
    kind: 'hashedrekord',
    version: '0.0.1',
    digest: readHexDigest(spec.message('data', ['hash']), 'hash'),
    signature: signature.bytes('content', MAX_SIGNATURE_BYTES),
    verifier: readPemVerifier(signature.message('publicKey', ['content']), 'content'),
  };
}

function readHashedRekordV2(entry: ProtoMessage): EntryBody {
  return readHashedRekord(
    entry.message('spec', ['hashedRekordV002']).message('hashedRekordV002', ['data', 'signature']),
  );
}

function readHashedRekord(spec: ProtoMessage): HashedRekord {
  const data = spec.message('data', ['algorithm', 'digest']);
  const algorithm = hashOfProtoName(data.text('algorithm', 32));
  if (algorithm === undefined) throw data.refusal('algorithm', 'is not supported');
  const value = data.bytes('digest', 64);
  if (value.length !== HASH_BYTES[algorithm])
    throw data.refusal('digest', 'is not as long as its algorithm makes it');
  return {
    kind: 'hashedrekord',
    version: '0.0.2',
    digest: { algorithm, value },
    ...readSignatureV2(spec.message('signature', ['content', 'verifier'])),
  };
}

/** A signature with its verifier, as in the entries and in the requests of Rekor v2. @throws SealyardError */
function readSignatureV2(signature: ProtoMessage): LoggedSignature & { readonly keyDetails: string } {
  const verifier = signature.message('verifier', ['keyDetails', 'x509Certificate', 'publicKey']);
  const keyDetails = verifier.text('keyDetails', 64);
  if (verifier.has('x509Certificate') === verifier.has('publicKey'))
    throw verifier.refusal('verifier', 'is not exactly one of x509Certificate and publicKey');
  const content = signature.bytes('content', MAX_SIGNATURE_BYTES);
  if (verifier.has('publicKey')) {
    const spki = verifier.message('publicKey', ['rawBytes']).bytes('rawBytes', MAX_CERTIFICATE_BYTES);
    return { signature: content, verifier: { kind: 'public-key', spki }, keyDetails };
  }
  const der = verifier.message('x509Certificate', ['rawBytes']).bytes('rawBytes', MAX_CERTIFICATE_BYTES);
  return { signature: content, verifier: { kind: 'certificate', der }, keyDetails };
}

function readDsse(entry: ProtoMessage): EntryBody {
  const spec = entry.message('spec', ['envelopeHash', 'payloadHash', 'signatures']);
  const signatures = spec
    .messages('signatures', ['signature', 'verifier'], MAX_SIGNATURES)
    .map((signature) => ({
      signature: signature.bytes('signature', MAX_SIGNATURE_BYTES),
      verifier: readPemVerifier(signature, 'verifier'),
    }));
  return { kind: 'dsse', version: '0.0.1', payloadHash: readHexDigest(spec, 'payloadHash'), signatures };
}

function readIntoto(entry: ProtoMessage): EntryBody {
  const content = entry.message('spec', ['content']).message('content', ['envelope', 'hash', 'payloadHash']);
  const envelope = content.message('envelope', ['payload', 'payloadType', 'signatures']);
  const signatures = envelope
    .messages('signatures', ['sig', 'publicKey', 'keyid'], MAX_SIGNATURES)
    .map((signature) => ({
      signature: readTwice(signature, 'sig'),
      verifier: readPemVerifier(signature, 'publicKey'),
    }));
  return {
    kind: 'intoto',
    version: '0.0.2',
    payloadHash: readHexDigest(content, 'payloadHash'),
    payloadType: envelope.text('payloadType', 256),
    signatures,
  };
}

// This kind holds the base64 text of the signature as bytes, which JSON encodes once more. Old logs encoded it once;
// a signature is never itself base64 text, so that both are read.
function readTwice(message: ProtoMessage, name: string): Uint8Array {
  const outer = message.bytes(name, 2 * MAX_SIGNATURE_BYTES);
  const inner = fromUtf8(outer);
  return (inner === undefined ? undefined : fromBase64(inner)) ?? outer;
}

const HASH_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

function readHexDigest(parent: ProtoMessage, name: string): LoggedDigest {
  const hash = parent.message(name, ['algorithm', 'value']);
  const algorithm = hash.text('algorithm', 16);
  if (algorithm !== 'sha256' && algorithm !== 'sha384' && algorithm !== 'sha512')
    throw hash.refusal('algorithm', 'is not supported');
  const value = fromHex(hash.text('value', 128));
  if (value === undefined || value.length !== HASH_BYTES[algorithm])
    throw hash.refusal('value', 'is not a digest');
  return { algorithm, value };
}

function readPemVerifier(message: ProtoMessage, name: string): LoggedVerifier {
  const text = fromUtf8(message.bytes(name, 2 * MAX_CERTIFICATE_BYTES));
  if (text === undefined) throw message.refusal(name, 'is not PEM');
  const [block, ...more] = decodePem(text);
  if (block === undefined || more.length > 0) throw message.refusal(name, 'is not one PEM block');
  if (block.label === 'CERTIFICATE') return { kind: 'certificate', der: block.der };
  if (block.label === 'PUBLIC KEY') return { kind: 'public-key', spki: block.der };
  throw message.refusal(name, 'is neither certificate nor public key');
}

/** The canonical body of a hashedrekord 0.0.2: what Rekor v2 hashes as leaf, byte for byte (verifiers rebuild it). */
export function hashedRekordBody(record: Omit<HashedRekord, 'kind' | 'version'>): Uint8Array {
  const { verifier } = record;
  const raw: JsonObject =
    verifier.kind === 'certificate'
      ? { x509Certificate: { rawBytes: protoBytes(verifier.der) } }
      : { publicKey: { rawBytes: protoBytes(verifier.spki) } };
  const spec: JsonObject = {
    data: { algorithm: PROTO_HASH[record.digest.algorithm], digest: protoBytes(record.digest.value) },
    signature: {
      content: protoBytes(record.signature),
      verifier: { keyDetails: record.keyDetails, ...raw },
    },
  };
  return toUtf8(
    canonicalJson({ apiVersion: '0.0.2', kind: 'hashedrekord', spec: { hashedRekordV002: spec } }),
  );
}

/**
 * Reads the `hashedRekordRequestV002` of a Rekor v2 request into the record that is logged. The digest algorithm is
 * not in the request: it follows from the key details.
 * @throws SealyardError `SY-ENTRY-MALFORMED`
 */
export function parseHashedRekordRequest(json: Json): Omit<HashedRekord, 'kind' | 'version'> {
  const request = new ProtoMessage(json, 'hashedRekordRequestV002', CONTEXT, ['digest', 'signature']);
  const signature = readSignatureV2(request.message('signature', ['content', 'verifier']));
  const algorithm = hashOfKeyDetails(signature.keyDetails);
  if (algorithm === undefined) throw request.refusal('signature.verifier.keyDetails', 'is not supported');
  const value = request.bytes('digest', 64);
  if (value.length !== HASH_BYTES[algorithm])
    throw request.refusal('digest', 'is not as long as its algorithm makes it');
  return { digest: { algorithm, value }, ...signature };
}

/** The digest that a key of these details signs; `undefined` where it signs messages or is unknown. */
export function hashOfKeyDetails(keyDetails: string): HashAlgorithm | undefined {
  const match =
    /^PKIX_(?:ECDSA_P(?:256|384|521)_SHA_|RSA_PKCS1V15_(?:2048|3072|4096)_SHA)(256|384|512)$/.exec(
      keyDetails,
    );
  if (match === null) return keyDetails === 'PKIX_ED25519_PH' ? 'sha512' : undefined;
  return match[1] === '256' ? 'sha256' : match[1] === '384' ? 'sha384' : 'sha512';
}

const KEY_DETAILS: Readonly<Record<Exclude<KeyAlgorithm, 'rsa'>, string>> = {
  'ec-p256': 'PKIX_ECDSA_P256_SHA_256',
  'ec-p384': 'PKIX_ECDSA_P384_SHA_384',
  'ec-p521': 'PKIX_ECDSA_P521_SHA_512',
  ed25519: 'PKIX_ED25519',
  'ml-dsa-44': 'ML_DSA_44',
  'ml-dsa-65': 'ML_DSA_65',
  'ml-dsa-87': 'ML_DSA_87',
};

/**
 * Sigstore's name for a key and the algorithm it signs with (sigstore_common.proto `PublicKeyDetails`).
 * @throws SealyardError `SY-ALGORITHM-UNKNOWN` for a key that has none, such as RSA of 2,560 bits
 */
export function keyDetailsOf(spki: Uint8Array): string {
  const key = readSpki(spki);
  if (key.algorithm !== 'rsa') return KEY_DETAILS[key.algorithm];
  if (![2048, 3072, 4096].includes(key.bits))
    throw new SealyardError('SY-ALGORITHM-UNKNOWN', `RSA of ${key.bits} bits`);
  return `PKIX_RSA_PKCS1V15_${key.bits}_SHA256`;
}

/** What the log signs as its promise (Rekor v1 signed entry timestamp): canonical JSON of the entry's metadata. */
export function signedEntryTimestampBytes(entry: {
  readonly canonicalizedBody: Uint8Array;
  readonly integratedTime: number;
  readonly logId: Uint8Array;
  readonly logIndex: number;
}): Uint8Array {
  return toUtf8(
    canonicalJson({
      body: protoBytes(entry.canonicalizedBody),
      integratedTime: entry.integratedTime,
      logID: toHex(entry.logId),
      logIndex: entry.logIndex,
    }),
  );
}
