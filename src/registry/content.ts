// Content by its digest: computing descriptors, and refusing bytes that are not what was asked for.
import {
  type Descriptor,
  digestOf,
  MAX_INDEX_ENTRIES,
  MEDIA_TYPES,
  type ParsedManifest,
  parseDescriptor,
  parseManifest,
} from '../formats/oci.ts';
import { fromUtf8, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import { MAX_BLOB_BYTES, MAX_MANIFEST_BYTES, type StoredManifest } from './registry.ts';

export const OCTET_STREAM = 'application/octet-stream';

/** What we can read, in the order of preference; also the `Accept` header. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [
  MEDIA_TYPES.index,
  MEDIA_TYPES.manifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
];

const MAX_DEPTH = 16;

/** @throws SealyardError `SY-REGISTRY-DIGEST-MISMATCH` */
function checkDigest(bytes: Uint8Array, digest: Digest): void {
  if (digestOf(bytes) !== digest) throw new SealyardError('SY-REGISTRY-DIGEST-MISMATCH', digest);
}

/** A manifest's bytes as read from anywhere, checked. @throws SealyardError `SY-REGISTRY-DIGEST-MISMATCH`, `SY-REGISTRY-ANSWER` */
export function storedManifest(bytes: Uint8Array, digest: Digest, saidMediaType?: string): StoredManifest {
  checkDigest(bytes, digest);
  const read = readManifest(bytes, saidMediaType);
  const { mediaType } = read.kind === 'index' ? read.index : read.manifest;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** The subject of an image manifest. @throws SealyardError `SY-REGISTRY-ANSWER` where there is none */
export function subjectOf(manifest: Uint8Array): Digest {
  const read = readManifest(manifest);
  const subject = read.kind === 'manifest' ? read.manifest.subject : undefined;
  if (subject === undefined) throw new SealyardError('SY-REGISTRY-ANSWER', 'the manifest has no subject');
  return subject.digest;
}

/** How a referrer is listed (distribution-spec, "Referrers Tag Schema"): with its own artifact type and annotations. */
export function referrerDescriptor(manifest: Uint8Array, mediaType: string): JsonObject {
  const read = readManifest(manifest);
  const document = readDocument(manifest);
  const annotations = document['annotations'];
  const artifactType =
    read.kind === 'manifest' ? (read.manifest.artifactType ?? read.manifest.config.mediaType) : undefined;
  return {
    mediaType,
    digest: digestOf(manifest),
    size: manifest.length,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(isObject(annotations) ? { annotations } : {}),
  };
}

/** A manifest as a bounded JSON object, all members kept. @throws SealyardError `SY-REGISTRY-ANSWER` */
export function readDocument(bytes: Uint8Array): JsonObject {
  const text = fromUtf8(bytes);
  if (text !== undefined) {
    try {
      const value = parseJson(text, { maxLength: MAX_MANIFEST_BYTES, maxDepth: MAX_DEPTH });
      if (isObject(value)) return value;
    } catch (error) {
      if (!isSealyardError(error)) throw error;
    }
  }
  throw new SealyardError('SY-REGISTRY-ANSWER', 'a manifest that is no JSON object');
}

/** The descriptors that an index lists. @throws SealyardError `SY-REGISTRY-ANSWER`, `SY-REGISTRY-TOO-LARGE` */
export function listed(index: Uint8Array): readonly Descriptor[] {
  const members = readDocument(index)['manifests'];
  if (!Array.isArray(members))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'a manifest where a list is wanted');
  if (members.length > MAX_INDEX_ENTRIES)
    throw new SealyardError('SY-REGISTRY-TOO-LARGE', `${members.length} manifests in one index`);
  return members.flatMap(readableDescriptor);
}

/** One malformed entry, or one with a digest of another kind, must not hide the others. */
function readableDescriptor(json: Json): readonly Descriptor[] {
  try {
    return [parseDescriptor(json)];
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    return [];
  }
}

/** @throws SealyardError `SY-REGISTRY-TOO-LARGE` */
export function checkBlobSize(descriptor: Descriptor): void {
  if (!Number.isSafeInteger(descriptor.size) || descriptor.size < 0 || descriptor.size > MAX_BLOB_BYTES)
    throw new SealyardError('SY-REGISTRY-TOO-LARGE', `a blob of ${descriptor.size} bytes`);
}

/** Bytes that were asked for by descriptor. @throws SealyardError `SY-REGISTRY-DIGEST-MISMATCH` */
export function checkedBlob(bytes: Uint8Array, descriptor: Descriptor): Uint8Array {
  if (bytes.length !== descriptor.size)
    throw new SealyardError('SY-REGISTRY-DIGEST-MISMATCH', `${bytes.length} bytes, not ${descriptor.size}`);
  checkDigest(bytes, descriptor.digest);
  return bytes;
}

export function indexBytes(document: JsonObject): Uint8Array {
  return toUtf8(JSON.stringify(document));
}

function readManifest(bytes: Uint8Array, mediaType?: string): ParsedManifest {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-REGISTRY-ANSWER', error.code, { cause: error });
  }
}
