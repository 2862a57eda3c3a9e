// Small images and referrers for the registry's tests.
import {
  type Descriptor,
  digestOf,
  EMPTY_CONTENT,
  emptyDescriptor,
  encodeManifest,
  type ImageReference,
  MEDIA_TYPES,
} from '../../src/formats/oci.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { type BuiltImage, buildImage, pushImage } from '../../src/registry/image.ts';
import type { Registry } from '../../src/registry/registry.ts';

export function smallImage(text = 'hello'): BuiltImage {
  return buildImage({
    layers: [[{ path: 'app/hello.txt', bytes: toUtf8(text) }]],
    config: { cmd: ['/app/hello.txt'], labels: { made: 'here' } },
    createdAt: new Date('2026-01-02T03:04:05Z'),
  });
}

export async function pushSmallImage(
  registry: Registry,
  ref: ImageReference,
  text?: string,
): Promise<Descriptor> {
  return pushImage(registry, ref, smallImage(text));
}

export const NOTE_TYPE = 'application/vnd.example.note';

/** A manifest that says something about `subject`; its one layer is `text`. */
export async function pushNote(
  registry: Registry,
  ref: ImageReference,
  subject: Descriptor,
  text: string,
): Promise<Uint8Array> {
  await registry.pushBlob(ref, EMPTY_CONTENT);
  const layer = await registry.pushBlob(ref, toUtf8(text), NOTE_TYPE);
  return noteManifest(subject, layer);
}

export function noteManifest(subject: Descriptor, layer: Descriptor): Uint8Array {
  return encodeManifest({
    mediaType: MEDIA_TYPES.manifest,
    artifactType: NOTE_TYPE,
    config: emptyDescriptor(),
    layers: [layer],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: { 'org.example.note': 'yes' },
  });
}

export function descriptorOf(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
