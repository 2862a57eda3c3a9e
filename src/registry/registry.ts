// The port that every room uses to read and write images: a remote registry and a layout folder answer alike.
import type { Descriptor, ImageReference } from '../formats/oci.ts';
import type { Digest } from '../ground/ids.ts';

/** Bounds on everything that is read; what exceeds them is `SY-REGISTRY-TOO-LARGE`. */
export { MAX_MANIFEST_BYTES } from '../formats/oci.ts';
export const MAX_BLOB_BYTES = 64 * 1024 * 1024;
export const MAX_REFERRERS = 1000;
export const MAX_REFERRER_PAGES = 20;

export interface StoredManifest {
  /** Computed from the bytes, never copied from what the registry says. */
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * Whoever reads gets bytes whose digest and size were checked; whoever writes may repeat the call, since content is
 * addressed by its digest. Safe to use concurrently. All throw `SealyardError` `SY-REGISTRY-*` or `SY-REACH-*`, and a
 * signal's own reason when it aborts.
 */
export interface Registry {
  /**
   * What the reference's digest, else its tag, points to at this moment. Only the digest is to be relied on: the
   * size and media type are the registry's word until `manifest` has read the content.
   */
  resolve(ref: ImageReference, signal?: AbortSignal): Promise<Descriptor>;
  manifest(ref: ImageReference, digest: Digest, signal?: AbortSignal): Promise<StoredManifest>;
  blob(ref: ImageReference, descriptor: Descriptor, signal?: AbortSignal): Promise<Uint8Array>;
  pushBlob(
    ref: ImageReference,
    bytes: Uint8Array,
    mediaType?: string,
    signal?: AbortSignal,
  ): Promise<Descriptor>;
  pushManifest(
    ref: ImageReference,
    bytes: Uint8Array,
    mediaType: string,
    tag?: string,
    signal?: AbortSignal,
  ): Promise<Descriptor>;
  /**
   * Everything that says of itself that it refers to `digest`. The descriptors' `artifactType` and annotations are
   * hints: fallback indexes written by others have them wrong, so open the manifest before deciding.
   */
  referrers(ref: ImageReference, digest: Digest, signal?: AbortSignal): Promise<readonly Descriptor[]>;
  /** Pushes an image manifest whose `subject` is set, so that `referrers` of the subject lists it. */
  attach(ref: ImageReference, manifest: Uint8Array, signal?: AbortSignal): Promise<Descriptor>;
}
