// Opens a listening socket with every bound that a hostile peer meets below HTTP semantics, and closes it in bounded time.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { SealyardError } from '../ground/errors.ts';
import type { ListenAddress } from './config.ts';

export interface ListenerLimits {
  readonly maxConnections: number;
  /** From the first byte of a request (or the TCP connection) to the end of its headers. */
  readonly headersMs: number;
  /** From the end of the headers to the end of the body; `body.ts` enforces it over HTTP/1.1 and HTTP/2. */
  readonly bodyMs: number;
  /** How long the reader of a large answer has to take it. */
  readonly answerMs: number;
  /** How long a connection may stay without a request under way. */
  readonly idleMs: number;
  readonly streamsPerSession: number;
  /** Streams that a peer may reset at once, and per second from then on (CVE-2023-44487). */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
}

export const DEFAULT_LIMITS: Omit<ListenerLimits, 'maxConnections'> = {
  headersMs: 10_000,
  bodyMs: 10_000,
  answerMs: 30_000,
  idleMs: 60_000,
  streamsPerSession: 128,
  resetBurst: 256,
  resetsPerSecond: 64,
};

const HANDSHAKE_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 100;
const REQUESTS_PER_CONNECTION = 100_000;
/** Requests that a connection may send ahead over HTTP/1.1; over HTTP/2 the number of streams is the bound. */
const MAX_PIPELINED = 8;
const CHECK_INTERVAL_MS = 1_000;

export type RawRequest = IncomingMessage | Http2ServerRequest;
export type RawResponse = ServerResponse | Http2ServerResponse;
export type RawHandler = (request: RawRequest, response: RawResponse) => void;

export interface Listener {
  /** The port that was picked. */
  readonly port: number;
  readonly isClosing: () => boolean;
  /** Starts answering; until then TLS peers fail their handshake and plain ones wait. */
  serve(handler: RawHandler): void;
  /** The certificate of new connections; TLS listeners only. */
  setCertificate(o: { readonly key: string; readonly certificates: string }): void;
  /** Refuses new connections, waits `graceMs` for requests under way, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

/** @throws SealyardError `SY-SERVER-ADDRESS` */
export function openTlsListener(address: ListenAddress, limits: ListenerLimits): Promise<Listener> {
  return openSecure(address, limits, {});
}

/**
 * Asks each client for a certificate and takes any or none: whose certificate is good for what is the doors' decision,
 * which they can explain, while a refused handshake explains nothing.
 * @throws SealyardError `SY-SERVER-ADDRESS`
 */
export function openMtlsListener(address: ListenAddress, limits: ListenerLimits): Promise<Listener> {
  return openSecure(address, limits, { requestCert: true, rejectUnauthorized: false });
}

async function openSecure(
  address: ListenAddress,
  limits: ListenerLimits,
  client: { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean },
): Promise<Listener> {
  const server = createSecureServer({
    ...client,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_MS,
    streamResetBurst: limits.resetBurst,
    streamResetRate: limits.resetsPerSecond,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    maxHeaderListPairs: MAX_HEADERS,
    settings: { maxConcurrentStreams: limits.streamsPerSession, maxHeaderListSize: MAX_HEADER_BYTES },
    http1Options: http1Options(limits),
  });
  server.on('session', (session) => endIdleSession(session, limits.idleMs));
  bound(server, limits);
  await listen(server, address);
  return listenerOf(server, (certificate) =>
    server.setSecureContext({
      key: certificate.key,
      cert: certificate.certificates,
      minVersion: 'TLSv1.2',
    }),
  );
}

/** @throws SealyardError `SY-SERVER-ADDRESS` */
export async function openPlainListener(address: ListenAddress, limits: ListenerLimits): Promise<Listener> {
  const server = createServer(http1Options(limits));
  bound(server, limits);
  await listen(server, address);
  return listenerOf(server, () => {
    throw new TypeError('a plain listener has no certificate');
  });
}

function http1Options(limits: ListenerLimits) {
  return {
    headersTimeout: limits.headersMs,
    // Covers the body too; `body.ts` is quicker and answers in the door's own error shape.
    requestTimeout: limits.headersMs + 2 * limits.bodyMs,
    keepAliveTimeout: Math.min(limits.idleMs, 20_000),
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    requireHostHeader: true,
  };
}

function bound(server: Server | Http2SecureServer, limits: ListenerLimits): void {
  server.maxConnections = limits.maxConnections;
  // A peer that neither sends nor reads: `timeout` without a listener destroys the socket.
  server.setTimeout(limits.idleMs);
  if ('maxHeadersCount' in server) server.maxHeadersCount = MAX_HEADERS;
  if ('maxRequestsPerSocket' in server) server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
  server.on('clientError', answerClientError);
}

// What Node's parser refuses never reaches a door; the answer is a problem document all the same.
function answerClientError(
  error: Error & { code?: string },
  socket: { writable: boolean; end(text: string): void; destroy(): void },
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'SY-HTTP-SLOW']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'SY-HTTP-MALFORMED']
        : ['400 Bad Request', 'SY-HTTP-MALFORMED'];
  const body = JSON.stringify({ title: status.slice(4), status: Number(status.slice(0, 3)), code });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

// Activity such as PING keeps Node's own session timeout from firing, so an idle session has a timer that only
// streams stop: a peer cannot hold a connection for nothing.
function endIdleSession(session: ServerHttp2Session, idleMs: number): void {
  let open = 0;
  const end = () => {
    session.close();
    setTimeout(() => session.destroy(), 1_000).unref();
  };
  let timer = setTimeout(end, idleMs).unref();
  session.on('stream', (stream) => {
    open++;
    clearTimeout(timer);
    stream.once('close', () => {
      open--;
      if (open === 0 && !session.closed) timer = setTimeout(end, idleMs).unref();
    });
  });
  session.once('close', () => clearTimeout(timer));
}

// Node hands over every request that a packet holds at once, however few answers the peer has read.
function boundPipeline(handler: RawHandler): RawHandler {
  const pending = new WeakMap<Socket, number>();
  return (request, response) => {
    if ('stream' in request) return handler(request, response);
    const { socket } = request;
    const ahead = pending.get(socket) ?? 0;
    if (ahead > MAX_PIPELINED) return void socket.destroy();
    pending.set(socket, ahead + 1);
    response.once('close', () => pending.set(socket, (pending.get(socket) ?? 1) - 1));
    handler(request, response);
  };
}

function listen(server: Server | Http2SecureServer, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error & { code?: string }) =>
      reject(
        new SealyardError('SY-SERVER-ADDRESS', `${address.host}:${address.port}: ${error.code ?? 'failed'}`),
      );
    server.once('error', failed);
    server.listen({ host: address.host, port: address.port, backlog: 2048 }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function listenerOf(
  server: Server | Http2SecureServer,
  setCertificate: Listener['setCertificate'],
): Listener {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  let closing: Promise<void> | undefined;
  const close = async (graceMs: number) => {
    const closed = new Promise<void>((resolve) => server.once('close', () => resolve()));
    server.close();
    const cut = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, graceMs);
    await closed;
    clearTimeout(cut);
  };
  return {
    port: (server.address() as AddressInfo).port,
    isClosing: () => closing !== undefined,
    serve: (handler) => void server.on('request', boundPipeline(handler)),
    setCertificate,
    close(graceMs) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}
