// Storing a bundle beside its image: the referrer manifest that cosign 3 writes and reads.
import { BUNDLE_MEDIA_TYPE } from '../formats/bundle.ts';
import {
  type Descriptor,
  EMPTY_CONTENT,
  emptyDescriptor,
  encodeManifest,
  type ImageReference,
  MEDIA_TYPES,
} from '../formats/oci.ts';
import { toUtf8 } from '../ground/bytes.ts';
import type { Registry } from '../registry/registry.ts';

/** Blobs first, then the manifest, so that nobody finds a manifest whose parts are missing. Safe to repeat. */
export async function storeBundle(o: {
  readonly registry: Registry;
  readonly image: ImageReference;
  readonly subject: Descriptor;
  readonly bundleJson: string;
  readonly predicateType: string;
  readonly createdAt: Date;
  readonly signal: AbortSignal | undefined;
}): Promise<Descriptor> {
  // Life of a signature, step 11: the bundle goes where the image is.
  await o.registry.pushBlob(o.image, EMPTY_CONTENT, MEDIA_TYPES.empty, o.signal);
  const layer = await o.registry.pushBlob(o.image, toUtf8(o.bundleJson), BUNDLE_MEDIA_TYPE, o.signal);
  const manifest = encodeManifest({
    mediaType: MEDIA_TYPES.manifest,
    artifactType: BUNDLE_MEDIA_TYPE,
    config: emptyDescriptor(),
    layers: [layer],
    subject: { mediaType: o.subject.mediaType, digest: o.subject.digest, size: o.subject.size },
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': o.predicateType,
      // RFC 3339 without fractions, as cosign writes it.
      'org.opencontainers.image.created': o.createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
  });
  return o.registry.attach(o.image, manifest, o.signal);
}
