// OCI descriptors, manifests and indexes (image-spec 1.1), and their Docker schema 2 spellings. Strict, bounded.
import { createHash } from 'node:crypto';
import { fromBase64, fromUtf8, toBase64, toHex, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest } from '../ground/ids.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

export {
  formatReference,
  type ImageReference,
  type LayoutReference,
  parseReference,
  type RegistryReference,
} from './reference.ts';

export const MEDIA_TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTarGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly osVersion?: string;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly platform?: Platform;
  /** Content in line; checked against digest and size when read. */
  readonly data?: Uint8Array;
}

export interface Manifest {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** What this manifest is about (a referrer). */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Index {
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type ParsedManifest =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly index: Index };

/** distribution-spec: registries take at least 4 MiB; nobody needs more. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
export const MAX_INDEX_ENTRIES = 1000;
const MAX_LAYERS = 1000;
const MAX_ANNOTATIONS = 256;
const MAX_ANNOTATION_LENGTH = 64 * 1024;
const MAX_DATA_BYTES = 64 * 1024;
const MAX_DEPTH = 16;
// RFC 6838 §4.2, with the parameters that older artifact types carry.
const MEDIA_TYPE =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(;[A-Za-z0-9!#$&^_.+=" -]{1,128})?$/;

/** `sha256:` and hex of the bytes. */
export function digestOf(bytes: Uint8Array): Digest {
  const digest = asDigest(`sha256:${toHex(new Uint8Array(createHash('sha256').update(bytes).digest()))}`);
  if (digest === undefined) throw new TypeError('SHA-256 gave no digest');
  return digest;
}

/**
 * Reads a manifest or an index by its own bytes. `mediaType` is the registry's Content-Type where there is one; it
 * must agree with the document's (image-spec, "manifest": confusion of the two is CVE-2021-41190).
 * @throws SealyardError `SY-OCI-TOO-LARGE`, `SY-OCI-MEDIA-TYPE`, `SY-OCI-MALFORMED`
 */
export function parseManifest(bytes: Uint8Array, mediaType?: string): ParsedManifest {
  if (bytes.length > MAX_MANIFEST_BYTES) throw new SealyardError('SY-OCI-TOO-LARGE', `${bytes.length} bytes`);
  const text = fromUtf8(bytes);
  if (text === undefined) throw malformed('not UTF-8');
  const json = parseJson(text, { maxLength: MAX_MANIFEST_BYTES, maxDepth: MAX_DEPTH });
  if (!isObject(json)) throw malformed('not an object');
  if (json['schemaVersion'] !== 2) throw malformed('schemaVersion is not 2');
  const declared = json['mediaType'];
  if (declared !== undefined && typeof declared !== 'string') throw malformed('mediaType is not text');
  if (declared !== undefined && mediaType !== undefined && declared !== mediaType)
    throw new SealyardError('SY-OCI-MEDIA-TYPE', 'the registry and the document name different media types');
  // Both at once would be an image to one reader and an index to another.
  if (json['manifests'] !== undefined && (json['layers'] !== undefined || json['config'] !== undefined))
    throw malformed('both manifest and index');
  const type =
    declared ?? mediaType ?? (json['manifests'] === undefined ? MEDIA_TYPES.manifest : MEDIA_TYPES.index);
  if (type === MEDIA_TYPES.manifest || type === MEDIA_TYPES.dockerManifest)
    return { kind: 'manifest', manifest: readManifest(json, type) };
  if (type === MEDIA_TYPES.index || type === MEDIA_TYPES.dockerIndex)
    return { kind: 'index', index: readIndex(json, type) };
  throw new SealyardError('SY-OCI-MEDIA-TYPE');
}

function readManifest(json: JsonObject, mediaType: string): Manifest {
  const layers = readList(json['layers'], 'layers', MAX_LAYERS);
  return {
    mediaType,
    config: parseDescriptor(json['config'] ?? null),
    layers: layers.map(parseDescriptor),
    ...readCommon(json),
  };
}

function readIndex(json: JsonObject, mediaType: string): Index {
  const manifests = readList(json['manifests'], 'manifests', MAX_INDEX_ENTRIES);
  return { mediaType, manifests: manifests.map(parseDescriptor), ...readCommon(json) };
}

function readCommon(json: JsonObject): Pick<Manifest, 'artifactType' | 'subject' | 'annotations'> {
  const artifactType = readMediaType(json['artifactType'], 'artifactType');
  const subject = json['subject'];
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined || subject === null ? {} : { subject: parseDescriptor(subject) }),
    ...readAnnotations(json['annotations']),
  };
}

/** @throws SealyardError `SY-OCI-MALFORMED` */
export function parseDescriptor(json: Json): Descriptor {
  if (!isObject(json)) throw malformed('a descriptor is not an object');
  const mediaType = readMediaType(json['mediaType'], 'mediaType');
  if (mediaType === undefined) throw malformed('descriptor.mediaType is missing');
  const digest = typeof json['digest'] === 'string' ? asDigest(json['digest']) : undefined;
  if (digest === undefined) throw malformed('descriptor.digest is not a SHA-256 digest');
  const size = json['size'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw malformed('descriptor.size');
  const artifactType = readMediaType(json['artifactType'], 'artifactType');
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...readAnnotations(json['annotations']),
    ...readPlatform(json['platform']),
    ...readData(json['data'], digest, size),
  };
}

function readMediaType(json: Json | undefined, name: string): string | undefined {
  // go-containerregistry writes an empty artifactType for none.
  if (json === undefined || json === null || (json === '' && name === 'artifactType')) return undefined;
  if (typeof json !== 'string' || json.length > 384 || !MEDIA_TYPE.test(json))
    throw malformed(`${name} is not a media type`);
  return json;
}

function readAnnotations(json: Json | undefined): Pick<Descriptor, 'annotations'> {
  if (json === undefined || json === null) return {};
  if (!isObject(json)) throw malformed('annotations is not an object');
  const entries = Object.entries(json);
  if (entries.length > MAX_ANNOTATIONS) throw malformed('too many annotations');
  // No prototype: names are the sender's text.
  const annotations: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || value.length > MAX_ANNOTATION_LENGTH)
      throw malformed('an annotation is not text');
    annotations[name] = value;
  }
  return { annotations };
}

function readPlatform(json: Json | undefined): Pick<Descriptor, 'platform'> {
  if (json === undefined || json === null) return {};
  if (!isObject(json)) throw malformed('platform is not an object');
  const text = (name: string): string | undefined => {
    const value = json[name];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string' || value.length > 256) throw malformed(`platform.${name}`);
    return value;
  };
  const variant = text('variant');
  const osVersion = text('os.version');
  return {
    platform: {
      architecture: text('architecture') ?? '',
      os: text('os') ?? '',
      ...(variant === undefined ? {} : { variant }),
      ...(osVersion === undefined ? {} : { osVersion }),
    },
  };
}

function readData(json: Json | undefined, digest: Digest, size: number): Pick<Descriptor, 'data'> {
  if (json === undefined || json === null) return {};
  if (typeof json !== 'string' || json.length > (MAX_DATA_BYTES / 3) * 4 + 4)
    throw malformed('descriptor.data');
  const data = fromBase64(json);
  if (data === undefined || data.length !== size || digestOf(data) !== digest)
    throw malformed('descriptor.data does not match digest and size');
  return { data };
}

function readList(json: Json | undefined, name: string, maxCount: number): readonly Json[] {
  if (!Array.isArray(json)) throw malformed(`${name} is not a list`);
  if (json.length > maxCount) throw new SealyardError('SY-OCI-TOO-LARGE', `more than ${maxCount} ${name}`);
  return json;
}

/** A descriptor as JSON, members in the specification's order. */
export function descriptorJson(descriptor: Descriptor): JsonObject {
  const { platform, data } = descriptor;
  return {
    mediaType: descriptor.mediaType,
    digest: descriptor.digest,
    size: descriptor.size,
    ...(descriptor.artifactType === undefined ? {} : { artifactType: descriptor.artifactType }),
    ...(descriptor.annotations === undefined ? {} : { annotations: { ...descriptor.annotations } }),
    ...(platform === undefined ? {} : { platform: platformJson(platform) }),
    ...(data === undefined ? {} : { data: toBase64(data) }),
  };
}

function platformJson(platform: Platform): JsonObject {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    ...(platform.osVersion === undefined ? {} : { 'os.version': platform.osVersion }),
  };
}

/** The manifest's bytes, always with its media type. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return encode(manifest, {
    config: descriptorJson(manifest.config),
    layers: manifest.layers.map(descriptorJson),
  });
}

export function encodeIndex(index: Index): Uint8Array {
  return encode(index, { manifests: index.manifests.map(descriptorJson) });
}

function encode(document: Omit<Manifest, 'config' | 'layers'>, content: JsonObject): Uint8Array {
  const json: JsonObject = {
    schemaVersion: 2,
    mediaType: document.mediaType,
    ...(document.artifactType === undefined ? {} : { artifactType: document.artifactType }),
    ...content,
    ...(document.subject === undefined ? {} : { subject: descriptorJson(document.subject) }),
    ...(document.annotations === undefined ? {} : { annotations: { ...document.annotations } }),
  };
  return toUtf8(JSON.stringify(json));
}

/** The tag under which registries without the referrers API list referrers (distribution-spec, "Referrers Tag Schema"). */
export function referrersTag(digest: Digest): string {
  return digest.replace(':', '-');
}

/** The empty JSON object as a descriptor, for manifests that have no configuration (image-spec, "Guidance for an Empty Descriptor"). */
export const EMPTY_CONTENT = toUtf8('{}');

export function emptyDescriptor(): Descriptor {
  return { mediaType: MEDIA_TYPES.empty, digest: digestOf(EMPTY_CONTENT), size: EMPTY_CONTENT.length };
}

function malformed(detail: string): SealyardError {
  return new SealyardError('SY-OCI-MALFORMED', detail);
}
