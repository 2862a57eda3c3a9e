// A remote registry: the OCI distribution API for manifests and blobs.
import { type Descriptor, digestOf, type ImageReference } from '../formats/oci.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { asDigest, type Digest } from '../ground/ids.ts';
import type { ReachResponse } from '../reach/reach.ts';
import { attachRemote } from './attach.ts';
import { checkBlobSize, checkedBlob, MANIFEST_MEDIA_TYPES, OCTET_STREAM, storedManifest } from './content.ts';
import { remoteReferrers } from './referrers.ts';
import { MAX_MANIFEST_BYTES, type Registry, type StoredManifest } from './registry.ts';
import { refusalOf, Session, type SessionOptions } from './session.ts';

const MAX_UPLOAD_ANSWER_BYTES = 64 * 1024;
const UPLOAD_ATTEMPTS = 3;
const ACCEPT = MANIFEST_MEDIA_TYPES.join(', ');

/** What writing a manifest tells beside its descriptor. */
export interface Written {
  readonly descriptor: Descriptor;
  /** The registry keeps referrers itself and has listed this one (`OCI-Subject`). */
  readonly listsSubject: boolean;
  /** 412: another writer was first (`If-Match`). */
  readonly overtaken: boolean;
}

export class RemoteRegistry implements Registry {
  readonly #host: string;
  readonly #session: Session;

  constructor(host: string, o: SessionOptions) {
    this.#host = host;
    this.#session = new Session(host, o);
  }

  async resolve(ref: ImageReference, signal?: AbortSignal): Promise<Descriptor> {
    const repository = this.repositoryOf(ref);
    const wanted = ref.digest ?? ref.tag ?? 'latest';
    const response = await this.#session.ask({
      method: 'HEAD',
      target: manifestPath(repository, wanted),
      repository,
      action: 'pull',
      headers: { accept: ACCEPT },
      maxBytes: 0,
      signal,
    });
    if (response.status !== 200 && response.status !== 405)
      throw refusalOf(response, `${repository}:${wanted}`);
    const told = response.status === 200 ? describedBy(response) : undefined;
    if (told !== undefined && (ref.digest === undefined || told.digest === ref.digest)) return told;
    if (told !== undefined) throw new SealyardError('SY-REGISTRY-DIGEST-MISMATCH', wanted);
    // Not every registry fills in the headers of HEAD: then the content itself tells.
    return (await this.#read(repository, wanted, ref.digest, signal)).descriptor;
  }

  async manifest(ref: ImageReference, digest: Digest, signal?: AbortSignal): Promise<StoredManifest> {
    return this.#read(this.repositoryOf(ref), digest, digest, signal);
  }

  async blob(ref: ImageReference, descriptor: Descriptor, signal?: AbortSignal): Promise<Uint8Array> {
    checkBlobSize(descriptor);
    const repository = this.repositoryOf(ref);
    const response = await this.#session.ask({
      method: 'GET',
      target: `/v2/${repository}/blobs/${descriptor.digest}`,
      repository,
      action: 'pull',
      maxBytes: descriptor.size,
      signal,
    });
    if (response.status !== 200) throw refusalOf(response, `${repository}@${descriptor.digest}`);
    return checkedBlob(response.body, descriptor);
  }

  async pushBlob(
    ref: ImageReference,
    bytes: Uint8Array,
    mediaType: string = OCTET_STREAM,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    const repository = this.repositoryOf(ref);
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    for (let attempt = 1; ; attempt++) {
      const response = await this.#upload(repository, bytes, descriptor.digest, signal).catch(
        (error: unknown) => {
          if (attempt < UPLOAD_ATTEMPTS && isSealyardError(error, 'SY-REACH-FAILED')) return undefined;
          throw error;
        },
      );
      if (response === 'present' || response?.status === 201) return descriptor;
      // Half an upload cannot be continued blindly; a new one starts from nothing and is as good.
      const again = response === undefined || response.status === 404 || response.status >= 500;
      if (!again || attempt >= UPLOAD_ATTEMPTS) throw failedUpload(response, repository);
    }
  }

  async pushManifest(
    ref: ImageReference,
    bytes: Uint8Array,
    mediaType: string,
    tag?: string,
    signal?: AbortSignal,
  ): Promise<Descriptor> {
    return (await this.write(ref, bytes, { mediaType, ...(tag === undefined ? {} : { tag }), signal }))
      .descriptor;
  }

  async referrers(ref: ImageReference, digest: Digest, signal?: AbortSignal): Promise<readonly Descriptor[]> {
    const repository = this.repositoryOf(ref);
    return remoteReferrers({ session: this.#session, repository, digest, signal });
  }

  async attach(ref: ImageReference, manifest: Uint8Array, signal?: AbortSignal): Promise<Descriptor> {
    return attachRemote({ registry: this, session: this.#session, ref, manifest, signal });
  }

  /** PUT of a manifest by tag, else by digest. */
  async write(
    ref: ImageReference,
    bytes: Uint8Array,
    o: {
      readonly mediaType: string;
      readonly tag?: string;
      readonly ifMatch?: string;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<Written> {
    const repository = this.repositoryOf(ref);
    if (bytes.length > MAX_MANIFEST_BYTES)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', 'a manifest that registries refuse');
    const descriptor = { mediaType: o.mediaType, digest: digestOf(bytes), size: bytes.length };
    const response = await this.#session.ask({
      method: 'PUT',
      target: manifestPath(repository, o.tag ?? descriptor.digest),
      repository,
      action: 'pull,push',
      headers: {
        'content-type': o.mediaType,
        ...(o.ifMatch === undefined ? {} : { 'if-match': o.ifMatch }),
      },
      body: bytes,
      maxBytes: MAX_UPLOAD_ANSWER_BYTES,
      signal: o.signal,
    });
    if (response.status === 412) return { descriptor, listsSubject: false, overtaken: true };
    if (response.status !== 201) throw refusalOf(response, `${repository} (push)`);
    const said = response.headers.get('docker-content-digest');
    if (said !== null && said !== descriptor.digest)
      throw new SealyardError('SY-REGISTRY-DIGEST-MISMATCH', 'the registry stored another manifest');
    return { descriptor, listsSubject: response.headers.has('oci-subject'), overtaken: false };
  }

  /** @throws SealyardError `SY-REGISTRY-REFERENCE` where the reference is of another registry */
  repositoryOf(ref: ImageReference): string {
    if ('layout' in ref || ref.registry !== this.#host)
      throw new SealyardError('SY-REGISTRY-REFERENCE', `not of ${this.#host}`);
    return ref.repository;
  }

  async #read(
    repository: string,
    wanted: string,
    digest: Digest | undefined,
    signal: AbortSignal | undefined,
  ): Promise<StoredManifest> {
    const response = await this.#session.ask({
      method: 'GET',
      target: manifestPath(repository, wanted),
      repository,
      action: 'pull',
      headers: { accept: ACCEPT },
      maxBytes: MAX_MANIFEST_BYTES,
      signal,
    });
    if (response.status !== 200) throw refusalOf(response, `${repository}:${wanted}`);
    const said = response.headers.get('docker-content-digest');
    const expected = digest ?? (said === null ? digestOf(response.body) : asDigest(said));
    if (expected === undefined) throw new SealyardError('SY-REGISTRY-ANSWER', 'a malformed digest');
    return storedManifest(response.body, expected, mediaTypeOf(response));
  }

  /** Monolithic upload in two steps (distribution-spec, "POST then PUT"). */
  async #upload(
    repository: string,
    bytes: Uint8Array,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): Promise<ReachResponse | 'present'> {
    const common = { repository, action: 'pull,push', maxBytes: MAX_UPLOAD_ANSWER_BYTES, signal } as const;
    const target = `/v2/${repository}/blobs/${digest}`;
    const present = await this.#session.ask({ ...common, method: 'HEAD', target });
    if (present.status === 200) return 'present';
    const started = await this.#session.ask({
      ...common,
      method: 'POST',
      target: `/v2/${repository}/blobs/uploads/`,
    });
    if (started.status !== 202) return started;
    return this.#session.ask({
      ...common,
      method: 'PUT',
      target: uploadLocation(started, this.#session.origin, digest),
      headers: { 'content-type': OCTET_STREAM },
      body: bytes,
      once: true,
    });
  }
}

function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

function mediaTypeOf(response: ReachResponse): string | undefined {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim();
  // Some layouts served as files come as octets or text; then the document's own member decides.
  return type !== undefined && MANIFEST_MEDIA_TYPES.includes(type) ? type : undefined;
}

/** The descriptor in the headers of a HEAD, where they are complete and within bounds. */
function describedBy(response: ReachResponse): Descriptor | undefined {
  const digest = asDigest(response.headers.get('docker-content-digest') ?? '');
  const size = Number(response.headers.get('content-length') ?? 'none');
  const mediaType = mediaTypeOf(response);
  if (digest === undefined || mediaType === undefined || !Number.isSafeInteger(size)) return undefined;
  if (size > MAX_MANIFEST_BYTES)
    throw new SealyardError('SY-REGISTRY-TOO-LARGE', `a manifest of ${size} bytes`);
  return { mediaType, digest, size };
}

/** Where the bytes go: perhaps another host, which gets no credentials of ours, but never from https to http. */
function uploadLocation(response: ReachResponse, origin: string, digest: Digest): string {
  const location = response.headers.get('location') ?? '';
  if (location === '' || !URL.canParse(location, response.url))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'an upload without a location');
  const url = new URL(location, response.url);
  if (url.protocol !== 'https:' && url.origin !== origin)
    throw new SealyardError('SY-REGISTRY-ANSWER', 'an upload location without TLS on another host');
  url.searchParams.set('digest', digest);
  return url.href;
}

function failedUpload(response: ReachResponse | undefined, repository: string): SealyardError {
  if (response === undefined) return new SealyardError('SY-REGISTRY-BUSY', `${repository} (push)`);
  return refusalOf(response, `${repository} (push)`);
}
