// Building an image from files with no daemon: layers, config and manifest, the same bytes each time.
import { gzipSync } from 'node:zlib';
import {
  type Descriptor,
  digestOf,
  encodeManifest,
  type ImageReference,
  MEDIA_TYPES,
} from '../formats/oci.ts';
import { toUtf8 } from '../ground/bytes.ts';
import type { Digest } from '../ground/ids.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { Registry } from './registry.ts';
import { type LayerFile, tarOf } from './tar.ts';

export type { LayerFile } from './tar.ts';

export interface ImageContent {
  readonly layers: readonly (readonly LayerFile[])[];
  readonly config?: {
    readonly entrypoint?: readonly string[];
    readonly cmd?: readonly string[];
    readonly env?: readonly string[];
    readonly workingDir?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** Default: linux on amd64. */
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly createdAt: Date;
}

export interface BuiltBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface BuiltImage {
  readonly manifest: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
  readonly config: BuiltBlob;
  readonly layers: readonly BuiltBlob[];
}

/** image-spec "manifest" and "config". @throws TypeError for a path that cannot stand in a layer */
export function buildImage(content: ImageContent): BuiltImage {
  const tars = content.layers.map(tarOf);
  const layers = tars.map((tar) => blob(MEDIA_TYPES.layerTarGzip, compress(tar)));
  const config = blob(MEDIA_TYPES.config, toUtf8(JSON.stringify(configOf(content, tars))));
  const manifest = encodeManifest({
    mediaType: MEDIA_TYPES.manifest,
    config: config.descriptor,
    layers: layers.map((layer) => layer.descriptor),
  });
  return { manifest, mediaType: MEDIA_TYPES.manifest, digest: digestOf(manifest), config, layers };
}

/** Pushes what the registry lacks, the manifest last, under the reference's tag where it has one. */
export async function pushImage(
  registry: Registry,
  ref: ImageReference,
  image: BuiltImage,
  signal?: AbortSignal,
): Promise<Descriptor> {
  for (const { bytes, descriptor } of [...image.layers, image.config])
    await registry.pushBlob(ref, bytes, descriptor.mediaType, signal);
  return registry.pushManifest(ref, image.manifest, image.mediaType, ref.tag, signal);
}

function configOf(content: ImageContent, tars: readonly Uint8Array[]): JsonObject {
  const { entrypoint, cmd, env, workingDir, labels } = content.config ?? {};
  const { os, architecture } = content.platform ?? { os: 'linux', architecture: 'amd64' };
  const run: Record<string, Json> = {};
  if (env !== undefined) run['Env'] = env;
  if (entrypoint !== undefined) run['Entrypoint'] = entrypoint;
  if (cmd !== undefined) run['Cmd'] = cmd;
  if (workingDir !== undefined) run['WorkingDir'] = workingDir;
  if (labels !== undefined) run['Labels'] = labels;
  return {
    created: content.createdAt.toISOString(),
    architecture,
    os,
    config: run,
    // Of the uncompressed archives, unlike the descriptors in the manifest.
    rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    history: tars.map(() => ({ created: content.createdAt.toISOString(), created_by: 'sealyard' })),
  };
}

function compress(tar: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(gzipSync(tar, { level: 9 }));
  // The operating system octet of the header (RFC 1952 §2.3.1): unknown, so that all machines write the same.
  bytes[9] = 255;
  return bytes;
}

function blob(mediaType: string, bytes: Uint8Array): BuiltBlob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}
