// Mounts the doors' tables on a listener: routing, body reading, error rendering and counting, the same for all doors.
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { toHex } from '../ground/bytes.ts';
import { type Code, SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import type { DoorReply, ListenerKind, Route } from '../protocols/door.ts';
import { problemReply } from '../protocols/problem.ts';
import { holdAnswer } from './answers.ts';
import { type Body, type BodyBudget, readBody } from './body.ts';
import type { RawHandler, RawRequest } from './listener.ts';
import type { ServerLog } from './log.ts';
import type { Metrics } from './metrics.ts';
import { HttpDoorRequest } from './request.ts';

/** A door's table under the name that metrics and log lines use. */
export interface Door {
  readonly name: string;
  readonly routes: readonly Route[];
}

export interface MountOptions {
  readonly listener: ListenerKind;
  readonly doors: readonly Door[];
  readonly bodyMs: number;
  readonly budget: BodyBudget;
  /** Bytes of large answers that their readers have not taken yet. */
  readonly unread: BodyBudget;
  readonly answerMs: number;
  readonly concurrency: Concurrency;
  readonly metrics: Metrics;
  readonly log: ServerLog;
  readonly random: Random;
  readonly isClosing: () => boolean;
}

/** Requests that are being handled at once, over all listeners. */
export class Concurrency {
  readonly #limit: number;
  #current = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws SealyardError `SY-HTTP-BUSY` */
  enter(): void {
    if (this.#current >= this.#limit)
      throw new SealyardError('SY-HTTP-BUSY', undefined, { retryAfterSeconds: 1 });
    this.#current++;
  }

  leave(): void {
    this.#current--;
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const NO_BODY: Body = { bytes: new Uint8Array(0), release: () => undefined };
const MAX_PARAMETER = 512;

/**
 * The handler for a listener's requests. Fastify routes; it never reads a body, since its limits and timeouts do not
 * reach HTTP/2 streams, and it never renders an error of ours.
 */
export async function mount(o: MountOptions): Promise<RawHandler> {
  const app = fastify({
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    frameworkErrors: (_error, request, reply) => refuse(o, 'server', request, reply, 'SY-HTTP-MALFORMED'),
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.setNotFoundHandler((request, reply) => refuse(o, 'server', request, reply, 'SY-HTTP-NOT-FOUND'));
  app.setErrorHandler((error, request, reply) => failed(o, error, request, reply));
  for (const door of o.doors) {
    const routes = door.routes.filter((route) => route.listeners.includes(o.listener));
    for (const [path, sharing] of Map.groupBy(routes, (route) => route.path))
      mountPath(app, o, door, path, sharing);
  }
  await app.ready();
  // Only the types of Fastify tell the two HTTPs apart; HTTP/2's compatibility requests have what it uses.
  return (request, response) => app.routing(request as IncomingMessage, response as ServerResponse);
}

function mountPath(
  app: FastifyInstance,
  o: MountOptions,
  door: Door,
  path: string,
  routes: readonly Route[],
): void {
  const allowed = new Set<string>();
  const hasHead = routes.some(({ method }) => method === 'HEAD');
  for (const route of routes) {
    const method = route.method === 'GET' && !hasHead ? ['GET', 'HEAD'] : [route.method];
    for (const each of method) allowed.add(each);
    app.route({
      method,
      url: path,
      handler: (request, reply) => handle(o, door.name, route, request, reply),
    });
  }
  const [first] = routes;
  const others = METHODS.filter((method) => !allowed.has(method));
  if (first === undefined || others.length === 0) return;
  app.route({
    method: others,
    url: path,
    handler: (request, reply) => {
      const answer = first.problem(new SealyardError('SY-HTTP-METHOD'));
      const headers = { ...answer.headers, allow: [...allowed].join(', ') };
      const status = 405;
      return send(o, door.name, 'SY-HTTP-METHOD', request, reply, { ...answer, status, headers });
    },
  });
}

async function handle(
  o: MountOptions,
  door: string,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  let entered = false;
  let body = NO_BODY;
  try {
    o.concurrency.enter();
    entered = true;
    if (route.method !== 'GET' && route.method !== 'HEAD') {
      refuseMediaType(route, request.headers['content-type']);
      refuseEncoding(request.headers['content-encoding']);
      body = await readBody(request.raw, {
        limitBytes: route.bodyLimitBytes,
        deadlineMs: o.bodyMs,
        budget: o.budget,
      });
    }
    const params = request.params as Readonly<Record<string, string>>;
    const answer = await route.handle(
      new HttpDoorRequest({ raw: request.raw, response: reply.raw, params, body: body.bytes }),
    );
    return send(o, door, 'SY-OK', request, reply, answer);
  } catch (error) {
    const known = knownError(o, error, door, request);
    return send(o, door, known.code, request, reply, route.problem(known));
  } finally {
    body.release();
    if (entered) o.concurrency.leave();
  }
}

/** Whatever no room meant to throw is logged under an id, and only the id leaves. */
function knownError(o: MountOptions, error: unknown, door: string, request: FastifyRequest): SealyardError {
  if (error instanceof SealyardError && error.code !== 'SY-INTERNAL') return error;
  const id = toHex(o.random.bytes(8));
  o.log.error(
    { error, id, door, method: request.method, route: request.routeOptions.url },
    'unexpected error',
  );
  return new SealyardError('SY-INTERNAL', `id ${id}`);
}

function refuseMediaType(route: Route, header: string | undefined): void {
  if (route.contentTypes === undefined) return;
  const type = header?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === undefined || !route.contentTypes.includes(type))
    throw new SealyardError('SY-HTTP-MEDIA-TYPE', route.contentTypes.join(' or '));
}

/** Bodies are read as they come: one that says it is compressed would be taken for what it is not. */
function refuseEncoding(header: string | undefined): void {
  if (header !== undefined && header.trim().toLowerCase() !== 'identity')
    throw new SealyardError('SY-HTTP-MEDIA-TYPE', 'a content-encoding');
}

function refuse(
  o: MountOptions,
  door: string,
  request: FastifyRequest,
  reply: FastifyReply,
  code: Code,
): FastifyReply {
  return send(o, door, code, request, reply, problemReply(new SealyardError(code)));
}

// Fastify's own refusals (a content type that it cannot parse), before `handle` ran.
function failed(o: MountOptions, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status =
    typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : 500;
  if (status === 415) return refuse(o, 'server', request, reply, 'SY-HTTP-MEDIA-TYPE');
  const known = knownError(o, error, 'server', request);
  return send(o, 'server', known.code, request, reply, problemReply(known));
}

function send(
  o: MountOptions,
  door: string,
  code: string,
  request: FastifyRequest,
  reply: FastifyReply,
  answer: DoorReply,
): FastifyReply {
  const body = bytesOf(answer.body);
  if (request.method !== 'HEAD')
    holdAnswer({
      request: request.raw,
      response: reply.raw,
      bytes: body.length,
      budget: o.unread,
      deadlineMs: o.answerMs,
    });
  o.metrics.request(door, answer.status, code, reply.elapsedTime / 1000);
  reply.code(answer.status).headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    reply.header(name, typeof value === 'string' ? value : [...value]);
  endUnread(request.raw, reply, o.isClosing());
  if (request.method !== 'HEAD') return reply.send(body);
  return reply.header('content-length', String(body.length)).send();
}

// What was not read must not be waited for: a stalled sender would hold the connection or the stream.
function endUnread(request: RawRequest, reply: FastifyReply, closing: boolean): void {
  const unread = !request.complete && request.method !== 'GET' && request.method !== 'HEAD';
  if (!unread && !closing) return;
  if (!('stream' in request)) {
    reply.header('connection', 'close');
    return;
  }
  // The stream's own event: the compatibility response tells `finish` only when the stream is closed.
  const { stream } = request;
  if (unread) stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
}

function bytesOf(body: Uint8Array | string | undefined): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
