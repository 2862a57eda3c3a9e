// A request as the doors see it, over whichever HTTP it came; what is costly is made when somebody looks.
import type { TLSSocket } from 'node:tls';
import type { DoorRequest } from '../protocols/door.ts';
import type { RawRequest, RawResponse } from './listener.ts';

/** Certificates of a client that are looked at. */
const MAX_CLIENT_CHAIN = 8;

export class HttpDoorRequest implements DoorRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly #raw: RawRequest;
  readonly #response: RawResponse;
  readonly #search: string;
  #headers: Readonly<Record<string, string | undefined>> | undefined;
  #query: URLSearchParams | undefined;
  #signal: AbortSignal | undefined;
  #clientCertificate: readonly Uint8Array[] | undefined;

  constructor(o: {
    readonly raw: RawRequest;
    readonly response: RawResponse;
    readonly params: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }) {
    const url = o.raw.url ?? '/';
    const mark = url.indexOf('?');
    this.method = o.raw.method ?? 'GET';
    this.path = mark === -1 ? url : url.slice(0, mark);
    this.#search = mark === -1 ? '' : url.slice(mark + 1);
    this.params = o.params;
    this.body = o.body;
    this.#raw = o.raw;
    this.#response = o.response;
  }

  get headers(): Readonly<Record<string, string | undefined>> {
    this.#headers ??= plainHeaders(this.#raw);
    return this.#headers;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  get peer(): string {
    return this.#raw.socket.remoteAddress ?? '';
  }

  get clientCertificate(): readonly Uint8Array[] | undefined {
    this.#clientCertificate ??= clientCertificates(this.#raw);
    return this.#clientCertificate.length === 0 ? undefined : this.#clientCertificate;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#response);
    return this.#signal;
  }
}

// HTTP/2 names the host in a pseudo-header (RFC 9113 §8.3.1); doors look for `host`.
function plainHeaders(raw: RawRequest): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(raw.headers)) {
    if (name.charCodeAt(0) === 0x3a) continue;
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  const authority = raw.headers[':authority'];
  if (typeof authority === 'string') headers['host'] = authority;
  else headers['host'] = hostOf(raw) ?? headers['host'];
  return headers;
}

/**
 * The host of an HTTP/1.1 request that is more than its one Host header: the authority of an absolute target, which
 * goes before the header (RFC 9112 §3.2.2), or all of several headers joined, of which Node keeps the first and a proxy
 * may have judged another. Neither can pass for one of our names.
 */
function hostOf(raw: RawRequest): string | undefined {
  const target = raw.url ?? '/';
  if (!target.startsWith('/')) return URL.parse(target)?.host ?? target;
  const hosts = raw.rawHeaders.filter(
    (_, i) => i % 2 === 1 && raw.rawHeaders[i - 1]?.toLowerCase() === 'host',
  );
  return hosts.length > 1 ? hosts.join(', ') : undefined;
}

/** What the client sent in its handshake; a chain is followed as far as the client sent it. */
function clientCertificates(raw: RawRequest): readonly Uint8Array[] {
  const { socket } = raw;
  const chain: Uint8Array[] = [];
  if (!('getPeerX509Certificate' in socket)) return chain;
  const { getPeerX509Certificate } = socket as TLSSocket;
  let each = getPeerX509Certificate.call(socket);
  while (each !== undefined && chain.length < MAX_CLIENT_CHAIN) {
    chain.push(new Uint8Array(each.raw));
    each = each.issuerCertificate;
  }
  return chain;
}

function signalOf(response: RawResponse): AbortSignal {
  const controller = new AbortController();
  if (response.destroyed) controller.abort();
  else
    response.once('close', () => {
      if (!response.writableFinished) controller.abort();
    });
  return controller.signal;
}
