// A registry in memory on loopback for tests: honest by default, and hostile where a test asks for it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import {
  type Descriptor,
  digestOf,
  MEDIA_TYPES,
  parseManifest,
  parseReference,
  type RegistryReference,
} from '../../src/formats/oci.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { createReach, LOCAL_TOO } from '../../src/reach/reach.ts';
import { type Credentials, NO_CREDENTIALS } from '../../src/registry/credentials.ts';
import { openRegistry } from '../../src/registry/open.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { bodyOf, listening } from '../reach/loopback.ts';

export interface FakeOptions {
  /** Keeps referrers itself (OCI 1.1); without, clients use the fallback tag. */
  readonly referrersApi?: boolean;
  /** Gives ETags and honours If-Match. */
  readonly etags?: boolean;
  /** Runs before anything else; returns true when it has answered. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;
}

export interface FakeRegistry {
  readonly host: string;
  readonly url: string;
  readonly seen: {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
  }[];
  readonly blobs: Map<string, Uint8Array>;
  /** `repository:tag` or `repository@digest` */
  readonly manifests: Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>;
  ref(rest: string): RegistryReference;
}

export async function fakeRegistry(t: TestContext, options: FakeOptions = {}): Promise<FakeRegistry> {
  const seen: FakeRegistry['seen'] = [];
  const blobs: FakeRegistry['blobs'] = new Map();
  const manifests: FakeRegistry['manifests'] = new Map();
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    seen.push({ method, url, authorization: request.headers.authorization });
    void answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<undefined> => {
    if ((await options.before?.(request, response)) === true) return undefined;
    const body = await bodyOf(request);
    const url = new URL(request.url ?? '', 'http://x');
    const path = /^\/v2\/(.+)\/(manifests|blobs|referrers)\/(.*)$/.exec(url.pathname);
    if (path === null) return end(response, 404);
    const [, name = '', kind, rest = ''] = path;
    if (kind === 'blobs') return blob(request, response, url, rest, body);
    if (kind === 'manifests') return manifest(request, response, name, rest, body);
    return referrers(response, name, rest);
  };
  const blob = (
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    rest: string,
    body: Uint8Array,
  ): undefined => {
    if (request.method === 'POST') return end(response, 202, { location: `${url.pathname}session?_state=x` });
    if (request.method === 'PUT') {
      const digest = digestOf(body);
      if (url.searchParams.get('digest') !== digest) return end(response, 400);
      blobs.set(digest, body);
      return end(response, 201);
    }
    const bytes = blobs.get(rest);
    return bytes === undefined
      ? end(response, 404)
      : end(
          response,
          200,
          { 'content-length': String(bytes.length) },
          request.method === 'HEAD' ? undefined : bytes,
        );
  };
  const manifest = (
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    rest: string,
    body: Uint8Array,
  ): undefined => {
    const key = rest.startsWith('sha256:') ? `${name}@${rest}` : `${name}:${rest}`;
    const stored = manifests.get(key);
    if (request.method === 'PUT') {
      const match = request.headers['if-match'];
      if (
        options.etags === true &&
        match !== undefined &&
        match !== `"${stored === undefined ? '' : digestOf(stored.bytes)}"`
      )
        return end(response, 412);
      const entry = { bytes: body, mediaType: request.headers['content-type'] ?? '' };
      manifests.set(key, entry);
      manifests.set(`${name}@${digestOf(body)}`, entry);
      const read = parseManifest(body);
      const subject = read.kind === 'manifest' ? read.manifest.subject?.digest : undefined;
      return end(response, 201, {
        'docker-content-digest': digestOf(body),
        ...(subject !== undefined && options.referrersApi === true ? { 'oci-subject': subject } : {}),
      });
    }
    if (stored === undefined) return end(response, 404);
    return end(
      response,
      200,
      {
        'content-type': stored.mediaType,
        'content-length': String(stored.bytes.length),
        'docker-content-digest': digestOf(stored.bytes),
        ...(options.etags === true ? { etag: `"${digestOf(stored.bytes)}"` } : {}),
      },
      request.method === 'HEAD' ? undefined : stored.bytes,
    );
  };
  const referrers = (response: ServerResponse, name: string, digest: string): undefined => {
    if (options.referrersApi !== true) return end(response, 404, {}, toUtf8('404 page not found'));
    const found: Descriptor[] = [];
    for (const [key, { bytes, mediaType }] of manifests) {
      const read = key.startsWith(`${name}@`) ? parseManifest(bytes) : undefined;
      if (read?.kind === 'manifest' && read.manifest.subject?.digest === digest)
        found.push({
          mediaType,
          digest: digestOf(bytes),
          size: bytes.length,
          ...(read.manifest.artifactType === undefined ? {} : { artifactType: read.manifest.artifactType }),
        });
    }
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: found };
    return end(response, 200, { 'content-type': MEDIA_TYPES.index }, toUtf8(JSON.stringify(index)));
  };
  const { url, port } = await listening(t, server);
  const host = `127.0.0.1:${port}`;
  return { host, url, seen, blobs, manifests, ref: (rest) => remoteRef(`${host}/${rest}`) };
}

export function remoteRef(text: string): RegistryReference {
  const ref = parseReference(text);
  if ('layout' in ref) throw new TypeError('not a remote reference');
  return ref;
}

function end(
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
  body?: Uint8Array,
): undefined {
  response.writeHead(status, headers).end(body);
}

/** A client of the fake, as the product makes it. */
export function client(
  t: TestContext,
  fake: FakeRegistry,
  o: { credentials?: Credentials; timeoutMs?: number } = {},
): Registry {
  const reach = createReach({ allow: LOCAL_TOO, resolve: async () => ['127.0.0.1'] });
  t.after(() => reach.close());
  return openRegistry(fake.ref('x/y:z'), {
    reach,
    credentials: o.credentials ?? NO_CREDENTIALS,
    allow: LOCAL_TOO,
    timeoutMs: o.timeoutMs ?? 5000,
  });
}
