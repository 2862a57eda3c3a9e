// Content by its digest: computing descriptors, and refusing bytes that are not what was asked for.
import { createHash } from 'node:crypto';
import { type Descriptor, parseManifest } from '../formats/oci.ts';
import { fromUtf8, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest } from '../ground/ids.ts';
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import { MAX_BLOB_BYTES, MAX_MANIFEST_BYTES, MAX_REFERRERS, type StoredManifest } from './registry.ts';

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCTET_STREAM = 'application/octet-stream';

/** What we can read, in the order of preference; also the `Accept` header. */
export const MANIFEST_MEDIA_TYPES: readonly string[] = [
  OCI_INDEX,
  OCI_MANIFEST,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

const MAX_DEPTH = 32;

export function digestOf(bytes: Uint8Array): Digest {
  const digest = asDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  if (digest === undefined) throw new TypeError('not a SHA-256 digest');
  return digest;
}

/** @throws SealyardError `SY-REGISTRY-DIGEST-MISMATCH` */
export function checkDigest(bytes: Uint8Array, digest: Digest): void {
  if (digestOf(bytes) !== digest) throw new SealyardError('SY-REGISTRY-DIGEST-MISMATCH', digest);
}

/** A manifest's bytes as read from anywhere, checked. @throws SealyardError `SY-REGISTRY-DIGEST-MISMATCH`, `SY-REGISTRY-ANSWER` */
export function storedManifest(bytes: Uint8Array, digest: Digest, saidMediaType?: string): StoredManifest {
  checkDigest(bytes, digest);
  const document = readDocument(bytes);
  const own = document['mediaType'];
  // A document must not be read as one thing by us and as another by the runtime (image-spec, "mediaType confusion").
  if (typeof own === 'string' && saidMediaType !== undefined && own !== saidMediaType)
    throw new SealyardError('SY-REGISTRY-ANSWER', 'the manifest and its Content-Type disagree');
  const mediaType = typeof own === 'string' ? own : (saidMediaType ?? OCI_MANIFEST);
  if (!MANIFEST_MEDIA_TYPES.includes(mediaType))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'a manifest of a kind that is not read');
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
  if (Array.isArray(members) && members.length > MAX_REFERRERS)
    throw new SealyardError('SY-REGISTRY-TOO-LARGE', `${members.length} manifests in one index`);
  const read = readManifest(index);
  if (read.kind !== 'index')
    throw new SealyardError('SY-REGISTRY-ANSWER', 'a manifest where a list is wanted');
  return read.index.manifests;
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

function readManifest(bytes: Uint8Array): ReturnType<typeof parseManifest> {
  try {
    return parseManifest(bytes);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-REGISTRY-ANSWER', 'a malformed manifest', { cause: error });
  }
}
