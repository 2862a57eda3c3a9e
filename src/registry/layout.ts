// An OCI image layout folder (image-spec "image-layout") behind the same port as a registry.
import { join } from 'node:path';
import {
  type Descriptor,
  descriptorJson,
  digestOf,
  type ImageReference,
  MEDIA_TYPES,
} from '../formats/oci.ts';
import { toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import {
  checkBlobSize,
  checkedBlob,
  indexBytes,
  listed,
  MANIFEST_MEDIA_TYPES,
  OCTET_STREAM,
  readDocument,
  referrerDescriptor,
  storedManifest,
  subjectOf,
} from './content.ts';
import { fileSize, readBounded, withLock, writeDurably } from './layout-files.ts';
import { MAX_MANIFEST_BYTES, MAX_REFERRERS, type Registry, type StoredManifest } from './registry.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const LAYOUT_VERSION = '1.0.0';

export class LayoutRegistry implements Registry {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async resolve(ref: ImageReference): Promise<Descriptor> {
    this.#checkFolder(ref);
    if (ref.digest !== undefined) return (await this.manifest(ref, ref.digest)).descriptor;
    const tag = ref.tag ?? 'latest';
    const wanted = listed(await this.#index()).find((entry) => entry.annotations?.[REF_NAME] === tag);
    if (wanted === undefined) throw new SealyardError('SY-REGISTRY-NOT-FOUND', `oci:${this.#folder}:${tag}`);
    return (await this.manifest(ref, wanted.digest)).descriptor;
  }

  async manifest(ref: ImageReference, digest: Digest): Promise<StoredManifest> {
    this.#checkFolder(ref);
    const bytes = await readBounded(this.#blobPath(digest), MAX_MANIFEST_BYTES);
    if (bytes === undefined) throw new SealyardError('SY-REGISTRY-NOT-FOUND', digest);
    return storedManifest(bytes, digest);
  }

  async blob(ref: ImageReference, descriptor: Descriptor): Promise<Uint8Array> {
    this.#checkFolder(ref);
    checkBlobSize(descriptor);
    const bytes = await readBounded(this.#blobPath(descriptor.digest), descriptor.size);
    if (bytes === undefined) throw new SealyardError('SY-REGISTRY-NOT-FOUND', descriptor.digest);
    return checkedBlob(bytes, descriptor);
  }

  async pushBlob(ref: ImageReference, bytes: Uint8Array, mediaType = OCTET_STREAM): Promise<Descriptor> {
    this.#checkFolder(ref);
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    const path = this.#blobPath(descriptor.digest);
    // A file of that name and size was renamed into place whole; readers check its digest anyway.
    if ((await fileSize(path)) !== bytes.length) await writeDurably(path, bytes);
    return descriptor;
  }

  async pushManifest(
    ref: ImageReference,
    bytes: Uint8Array,
    mediaType: string,
    tag?: string,
  ): Promise<Descriptor> {
    if (!MANIFEST_MEDIA_TYPES.includes(mediaType))
      throw new SealyardError('SY-REGISTRY-REFERENCE', 'not the media type of a manifest');
    const descriptor = await this.pushBlob(ref, bytes, mediaType);
    // Without a name it is reachable by digest only, as a child of an index is.
    if (tag !== undefined)
      await this.#list(descriptorJson({ ...descriptor, annotations: { [REF_NAME]: tag } }), tag);
    return descriptor;
  }

  async referrers(ref: ImageReference, digest: Digest): Promise<readonly Descriptor[]> {
    this.#checkFolder(ref);
    const found: Descriptor[] = [];
    for (const entry of listed(await this.#index())) {
      if (entry.annotations?.[REF_NAME] !== undefined || entry.mediaType !== MEDIA_TYPES.manifest) continue;
      if (await this.#refersTo(ref, entry, digest)) found.push(entry);
    }
    return found;
  }

  async attach(ref: ImageReference, manifest: Uint8Array): Promise<Descriptor> {
    subjectOf(manifest);
    const descriptor = await this.pushBlob(ref, manifest, MEDIA_TYPES.manifest);
    await this.#list(referrerDescriptor(manifest, MEDIA_TYPES.manifest), undefined);
    return descriptor;
  }

  async #refersTo(ref: ImageReference, entry: Descriptor, digest: Digest): Promise<boolean> {
    const { bytes } = await this.manifest(ref, entry.digest);
    const subject = readDocument(bytes)['subject'];
    return isObject(subject) && subject['digest'] === digest;
  }

  /** Adds an entry to index.json; a tag moves from the entry that had it. */
  async #list(entry: JsonObject, tag: string | undefined): Promise<void> {
    await withLock(this.#folder, async () => {
      await this.#mark();
      const document = readDocument(await this.#index());
      const manifests = document['manifests'];
      const kept = (Array.isArray(manifests) ? manifests : []).filter((other: Json) =>
        tag === undefined
          ? !(sameDigest(other, entry) && nameOf(other) === undefined)
          : nameOf(other) !== tag,
      );
      if (kept.length >= MAX_REFERRERS)
        throw new SealyardError('SY-REGISTRY-TOO-LARGE', `${kept.length} manifests in index.json`);
      const changed = { ...document, manifests: [...kept, entry] };
      await writeDurably(join(this.#folder, 'index.json'), indexBytes(changed));
    });
  }

  /** The file that makes the folder a layout; an existing one must be of the version that we know. */
  async #mark(): Promise<void> {
    const path = join(this.#folder, 'oci-layout');
    const bytes = await readBounded(path, 4096);
    if (bytes === undefined)
      await writeDurably(path, toUtf8(JSON.stringify({ imageLayoutVersion: LAYOUT_VERSION })));
    else if (readDocument(bytes)['imageLayoutVersion'] !== LAYOUT_VERSION)
      throw new SealyardError('SY-REGISTRY-LAYOUT', 'a layout version that is not known');
  }

  /** index.json; a folder that is none yet holds nothing. */
  async #index(): Promise<Uint8Array> {
    const bytes = await readBounded(join(this.#folder, 'index.json'), MAX_MANIFEST_BYTES);
    return bytes ?? indexBytes({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: [] });
  }

  #checkFolder(ref: ImageReference): void {
    if (!('layout' in ref) || ref.layout !== this.#folder)
      throw new SealyardError('SY-REGISTRY-REFERENCE', `not of oci:${this.#folder}`);
  }

  #blobPath(digest: Digest): string {
    return join(this.#folder, 'blobs', 'sha256', digest.slice('sha256:'.length));
  }
}

function sameDigest(other: Json, entry: JsonObject): boolean {
  return isObject(other) && other['digest'] === entry['digest'];
}

function nameOf(entry: Json): string | undefined {
  const annotations = isObject(entry) ? entry['annotations'] : undefined;
  const name = isObject(annotations) ? annotations[REF_NAME] : undefined;
  return typeof name === 'string' ? name : undefined;
}
