// A plain and a TLS listener with short deadlines and a few routes, and clients that send what no good client would.
import { type Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Route } from '../../src/protocols/door.ts';
import { problemReply } from '../../src/protocols/problem.ts';
import { BodyBudget } from '../../src/server/body.ts';
import { REAL_RANDOM } from '../../src/server/clock.ts';
import {
  type Listener,
  type ListenerLimits,
  openPlainListener,
  openTlsListener,
} from '../../src/server/listener.ts';
import type { ServerLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { Concurrency, mount } from '../../src/server/mount.ts';
import { selfSigned } from './self-signed.ts';

export const LIMITS: ListenerLimits = {
  maxConnections: 2048,
  headersMs: 500,
  bodyMs: 500,
  answerMs: 1_000,
  idleMs: 1_500,
  streamsPerSession: 32,
  resetBurst: 50,
  resetsPerSecond: 10,
};
/** More than the buffers of a loopback connection take. */
const LARGE = new Uint8Array(16 * 1024 * 1024);
const LISTENERS = ['tls', 'plain'] as const;
const row = (route: Pick<Route, 'method' | 'path' | 'handle'> & Partial<Route>): Route => ({
  bodyLimitBytes: 1000,
  listeners: LISTENERS,
  problem: problemReply,
  ...route,
});

export const logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];
export const log: ServerLog = {
  error: (fields, message) => void logged.push({ fields, message }),
  info: () => undefined,
};
export const seen = { aborted: 0 };
export const unread = new BodyBudget(64 * 1024 * 1024);
export const ROUTES: readonly Route[] = [
  row({ method: 'POST', path: '/echo', handle: (request) => ({ status: 200, body: request.body }) }),
  row({
    method: 'POST',
    path: '/json',
    contentTypes: ['application/json'],
    handle: () => ({ status: 200, body: '{}' }),
  }),
  row({
    method: 'GET',
    path: '/hello/:name',
    handle: (request) => ({
      status: 200,
      body: `hello ${request.params['name']} at ${request.headers['host']}`,
    }),
  }),
  row({
    method: 'GET',
    path: '/bug',
    handle: () => {
      throw new Error('the secret is swordfish');
    },
  }),
  row({ method: 'GET', path: '/large', handle: () => ({ status: 200, body: LARGE }) }),
  row({
    method: 'GET',
    path: '/slow',
    handle: async (request) => {
      request.signal.addEventListener('abort', () => seen.aborted++);
      await sleep(300);
      return { status: 200, body: 'done' };
    },
  }),
  row({
    method: 'GET',
    path: '/refused',
    handle: () => {
      throw new SealyardError('SY-HTTP-BUSY', undefined, { retryAfterSeconds: 7 });
    },
  }),
];

export let plain: Listener;
export let tls: Listener;
export const metrics = createMetrics();

export async function openListeners(): Promise<void> {
  plain = await openPlainListener({ host: '127.0.0.1', port: 0 }, LIMITS);
  tls = await openTlsListener({ host: '127.0.0.1', port: 0 }, LIMITS);
  tls.setCertificate(selfSigned());
  const common = {
    doors: [{ name: 'test', routes: ROUTES }],
    bodyMs: LIMITS.bodyMs,
    budget: new BodyBudget(100_000),
    unread,
    answerMs: LIMITS.answerMs,
    concurrency: new Concurrency(2000),
    metrics,
    log,
    random: REAL_RANDOM,
  };
  plain.serve(await mount({ ...common, listener: 'plain', isClosing: plain.isClosing }));
  tls.serve(await mount({ ...common, listener: 'tls', isClosing: tls.isClosing }));
}

export async function closeListeners(): Promise<void> {
  await Promise.all([plain.close(0), tls.close(0)]);
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

export function ask(
  method: string,
  path: string,
  o: { body?: string | Uint8Array; headers?: Record<string, string>; secure?: boolean; agent?: Agent } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      method,
      path,
      headers: { ...o.headers },
      agent: o.agent ?? (false as const),
    };
    const request = o.secure
      ? httpsRequest({ ...options, agent: false, port: tls.port, rejectUnauthorized: false })
      : httpRequest({ ...options, port: plain.port });
    request.on('error', reject).on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.end(o.body);
  });
}

/** Sends raw bytes and gives back everything until the other side closes, with the time that it took. */
export function raw(bytes: string, secure: boolean): Promise<{ readonly text: string; readonly ms: number }> {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket: Socket = secure
      ? connectTls({
          host: '127.0.0.1',
          port: tls.port,
          rejectUnauthorized: false,
          ALPNProtocols: ['http/1.1'],
        })
      : connect(plain.port, '127.0.0.1');
    let text = '';
    socket.on(secure ? 'secureConnect' : 'connect', () => socket.write(bytes));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ text, ms: performance.now() - started }));
  });
}

export function session(): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${tls.port}`, { rejectUnauthorized: false });
  client.on('error', () => undefined);
  return client;
}

export function stream(
  client: ClientHttp2Session,
  headers: Record<string, string>,
  o: { body?: string; end: boolean },
): Promise<{ readonly status: number; readonly body: string; readonly ms: number; readonly code: number }> {
  const started = performance.now();
  return new Promise((resolve) => {
    const request = client.request(headers, { endStream: false });
    let status = 0;
    let body = '';
    request.on('response', (answer) => {
      status = Number(answer[':status']);
    });
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('error', () => undefined);
    request.on('close', () =>
      resolve({ status, body, ms: performance.now() - started, code: request.rstCode }),
    );
    if (o.body !== undefined) request.write(o.body);
    if (o.end) request.end();
  });
}
