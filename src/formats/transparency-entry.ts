// A transparency log entry as bundles and the Rekor v2 door carry it (protobuf-specs sigstore_rekor.proto).
import type { Json, JsonObject } from '../ground/json.ts';
import { ProtoMessage, protoBytes } from './proto-json.ts';

export interface InclusionProof {
  readonly logIndex: number;
  readonly rootHash: Uint8Array;
  readonly treeSize: number;
  readonly hashes: readonly Uint8Array[];
  /** A signed note. */
  readonly checkpoint?: string;
}

export interface TransparencyEntry {
  /** Across all shards of the log; the index in the tree is `inclusionProof.logIndex`. */
  readonly logIndex: number;
  readonly logId: Uint8Array;
  readonly kind: string;
  readonly version: string;
  /** Seconds since the epoch; signed by nothing but `inclusionPromise`. */
  readonly integratedTime?: number;
  /** Signed entry timestamp. */
  readonly inclusionPromise?: Uint8Array;
  readonly inclusionProof?: InclusionProof;
  readonly canonicalizedBody: Uint8Array;
}

const CONTEXT = { code: 'SY-BUNDLE-MALFORMED' } as const;
const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_CHECKPOINT_LENGTH = 64 * 1024;
const MAX_PROOF_HASHES = 64;
const MAX_KEY_ID_BYTES = 64;
const MAX_PROMISE_BYTES = 8 * 1024;

/** @throws SealyardError `SY-BUNDLE-MALFORMED` */
export function parseTransparencyEntry(json: Json): TransparencyEntry {
  const entry = new ProtoMessage(json, 'tlogEntry', CONTEXT, [
    'logIndex',
    'logId',
    'kindVersion',
    'integratedTime',
    'inclusionPromise',
    'inclusionProof',
    'canonicalizedBody',
  ]);
  const kindVersion = entry.message('kindVersion', ['kind', 'version']);
  const integratedTime = entry.count('integratedTime');
  const promise = entry
    .optionalMessage('inclusionPromise', ['signedEntryTimestamp'])
    ?.optionalBytes('signedEntryTimestamp', MAX_PROMISE_BYTES);
  const inclusionProof = readProof(entry);
  return {
    logIndex: entry.count('logIndex'),
    logId: entry.message('logId', ['keyId']).bytes('keyId', MAX_KEY_ID_BYTES),
    kind: kindVersion.text('kind', 64),
    version: kindVersion.text('version', 64),
    ...(integratedTime > 0 ? { integratedTime } : {}),
    ...(promise !== undefined && promise.length > 0 ? { inclusionPromise: promise } : {}),
    ...(inclusionProof === undefined ? {} : { inclusionProof }),
    canonicalizedBody: entry.bytes('canonicalizedBody', MAX_BODY_BYTES),
  };
}

function readProof(entry: ProtoMessage): InclusionProof | undefined {
  const proof = entry.optionalMessage('inclusionProof', [
    'logIndex',
    'rootHash',
    'treeSize',
    'hashes',
    'checkpoint',
  ]);
  if (proof === undefined) return undefined;
  const hashes = proof.bytesList('hashes', MAX_PROOF_HASHES, 32);
  if (hashes.some((hash) => hash.length !== 32)) throw proof.refusal('hashes', 'are not of 32 bytes');
  const rootHash = proof.bytes('rootHash', 32);
  if (rootHash.length !== 32) throw proof.refusal('rootHash', 'is not of 32 bytes');
  const checkpoint = proof
    .optionalMessage('checkpoint', ['envelope'])
    ?.optionalText('envelope', MAX_CHECKPOINT_LENGTH);
  return {
    logIndex: proof.count('logIndex'),
    rootHash,
    treeSize: proof.count('treeSize'),
    hashes,
    ...(checkpoint === undefined || checkpoint === '' ? {} : { checkpoint }),
  };
}

/** protojson: int64 as text, bytes as base64, absent members left out but for the indexes that readers want to see. */
export function transparencyEntryJson(entry: TransparencyEntry): JsonObject {
  const { inclusionProof: proof, inclusionPromise: promise } = entry;
  return {
    logIndex: `${entry.logIndex}`,
    logId: { keyId: protoBytes(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    integratedTime: `${entry.integratedTime ?? 0}`,
    ...(promise === undefined ? {} : { inclusionPromise: { signedEntryTimestamp: protoBytes(promise) } }),
    ...(proof === undefined ? {} : { inclusionProof: proofJson(proof) }),
    canonicalizedBody: protoBytes(entry.canonicalizedBody),
  };
}

function proofJson(proof: InclusionProof): JsonObject {
  return {
    logIndex: `${proof.logIndex}`,
    rootHash: protoBytes(proof.rootHash),
    treeSize: `${proof.treeSize}`,
    hashes: proof.hashes.map(protoBytes),
    ...(proof.checkpoint === undefined ? {} : { checkpoint: { envelope: proof.checkpoint } }),
  };
}
