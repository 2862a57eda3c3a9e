import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
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

const LIMITS: ListenerLimits = {
  maxConnections: 2048,
  headersMs: 500,
  bodyMs: 500,
  idleMs: 1_500,
  streamsPerSession: 32,
  resetBurst: 50,
  resetsPerSecond: 10,
};
const LISTENERS = ['tls', 'plain'] as const;
const row = (route: Pick<Route, 'method' | 'path' | 'handle'> & Partial<Route>): Route => ({
  bodyLimitBytes: 1000,
  listeners: LISTENERS,
  problem: problemReply,
  ...route,
});

const logged: { readonly fields: Readonly<Record<string, unknown>>; readonly message: string }[] = [];
const log: ServerLog = {
  error: (fields, message) => void logged.push({ fields, message }),
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};
let aborted = 0;
const ROUTES: readonly Route[] = [
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
  row({
    method: 'GET',
    path: '/slow',
    handle: async (request) => {
      request.signal.addEventListener('abort', () => aborted++);
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

let plain: Listener;
let tls: Listener;
const metrics = createMetrics();

before(async () => {
  plain = await openPlainListener({ host: '127.0.0.1', port: 0 }, LIMITS);
  tls = await openTlsListener({ host: '127.0.0.1', port: 0 }, LIMITS);
  tls.setCertificate(selfSigned());
  const common = {
    doors: [{ name: 'test', routes: ROUTES }],
    bodyMs: LIMITS.bodyMs,
    budget: new BodyBudget(100_000),
    concurrency: new Concurrency(2000),
    metrics,
    log,
    random: REAL_RANDOM,
  };
  plain.serve(await mount({ ...common, listener: 'plain', isClosing: plain.isClosing }));
  tls.serve(await mount({ ...common, listener: 'tls', isClosing: tls.isClosing }));
});
after(() => Promise.all([plain.close(0), tls.close(0)]));

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function ask(
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
function raw(bytes: string, secure: boolean): Promise<{ readonly text: string; readonly ms: number }> {
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

function session(): ClientHttp2Session {
  const client = connectHttp2(`https://127.0.0.1:${tls.port}`, { rejectUnauthorized: false });
  client.on('error', () => undefined);
  return client;
}

function stream(
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

describe('what every door gets from the server', () => {
  test('a body arrives as bytes, over both HTTPs and both listeners', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    assert.equal((await ask('POST', '/echo', { body: bytes })).body.length > 0, true);
    assert.equal(
      (await ask('POST', '/echo', { body: 'x'.repeat(1000), secure: true })).body,
      'x'.repeat(1000),
    );
    const client = session();
    const answer = await stream(client, { ':method': 'POST', ':path': '/echo' }, { body: 'two', end: true });
    client.close();
    assert.deepEqual([answer.status, answer.body], [200, 'two']);
  });

  test('an absent body is an empty one', async () => {
    const answer = await ask('POST', '/echo');
    assert.deepEqual([answer.status, answer.body], [200, '']);
  });

  test('a body that declares itself too large is refused before it is sent', async () => {
    const answer = await raw('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n', false);
    assert.match(answer.text, /^HTTP\/1\.1 413 /);
    assert.match(answer.text, /SY-HTTP-TOO-LARGE/);
    assert.ok(answer.ms < 400, `${answer.ms} ms`);
  });

  test('a body that turns out too large is refused at the bound', async () => {
    const chunk = `400\r\n${'x'.repeat(0x400)}\r\n`;
    const head = 'POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
    assert.match((await raw(head + chunk, true)).text, /^HTTP\/1\.1 413 /);
    const client = session();
    const answer = await stream(
      client,
      { ':method': 'POST', ':path': '/echo' },
      { body: 'x'.repeat(2000), end: false },
    );
    assert.equal(answer.status, 413);
    assert.ok(answer.ms < 400, `${answer.ms} ms`);
    client.close();
  });

  test('an unknown path is 404, a wrong method 405 with Allow, a wrong type 415, each with its code', async () => {
    const unknown = await ask('GET', '/nothing/here');
    assert.equal(unknown.status, 404);
    assert.equal(JSON.parse(unknown.body).code, 'SY-HTTP-NOT-FOUND');
    const method = await ask('PUT', '/echo');
    assert.deepEqual([method.status, method.headers['allow']], [405, 'POST']);
    assert.equal(JSON.parse(method.body).code, 'SY-HTTP-METHOD');
    for (const type of ['text/plain', 'application/json, text/plain', ';;;', 'application/jsonx']) {
      const answer = await ask('POST', '/json', { body: '{}', headers: { 'content-type': type } });
      assert.equal(answer.status, 415, type);
      assert.equal(JSON.parse(answer.body).code, 'SY-HTTP-MEDIA-TYPE');
    }
    const typed = await ask('POST', '/json', {
      body: '{}',
      headers: { 'content-type': 'Application/JSON; charset=utf-8' },
    });
    assert.equal(typed.status, 200);
  });

  test('HEAD is GET without the body', async () => {
    const answer = await ask('HEAD', '/hello/ada');
    assert.deepEqual([answer.status, answer.body], [200, '']);
    assert.equal(Number(answer.headers['content-length']) > 10, true);
  });

  test('the host is known over HTTP/2 as well', async () => {
    const client = session();
    const answer = await stream(client, { ':method': 'GET', ':path': '/hello/ada' }, { end: true });
    client.close();
    assert.equal(answer.body, `hello ada at 127.0.0.1:${tls.port}`);
  });

  test('a bug of ours is a 500 with an id, logged under it, and says nothing else', async () => {
    const answer = await ask('GET', '/bug');
    assert.equal(answer.status, 500);
    assert.doesNotMatch(answer.body, /swordfish/);
    const id = /id ([0-9a-f]{16})/.exec(answer.body)?.[1];
    assert.ok(logged.some((line) => line.fields['id'] === id));
  });

  test('a refusal may say when to come back', async () => {
    const answer = await ask('GET', '/refused');
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '7']);
  });

  test('malformed HTTP and malformed paths are problem documents too', async () => {
    const garbage = await raw('NONSENSE\r\n\r\n', false);
    assert.match(garbage.text, /^HTTP\/1\.1 400 [\s\S]*SY-HTTP-MALFORMED/);
    const overflow = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`, true);
    assert.match(overflow.text, /^HTTP\/1\.1 431 /);
    const path = await ask('GET', '/hello/%zz');
    assert.equal(path.status, 400);
    assert.equal(JSON.parse(path.body).code, 'SY-HTTP-MALFORMED');
    assert.equal((await ask('GET', `/hello/${'x'.repeat(600)}`)).status, 400);
  });

  test('every answer is counted under door, status and code', async () => {
    await ask('GET', '/refused');
    const text = await metrics.text();
    assert.match(text, /sealyard_requests_total\{door="test",status="503",code="SY-HTTP-BUSY"\} [1-9]/);
    assert.match(text, /sealyard_requests_total\{door="test",status="200",code="SY-OK"\} [1-9]/);
  });
});

describe('slow and hostile senders', () => {
  for (const secure of [false, true]) {
    const name = secure ? 'TLS' : 'plain';
    test(`headers that never end are cut off (HTTP/1.1, ${name})`, async () => {
      const answer = await raw('POST /echo HTTP/1.1\r\nhost: x\r\nx-slow', secure);
      assert.ok(answer.ms < 3_000, `${answer.ms} ms`);
      assert.match(answer.text, /^(HTTP\/1\.1 408 [\s\S]*SY-HTTP-SLOW|$)/);
    });

    test(`a body that stalls is answered 408 and cut off (HTTP/1.1, ${name})`, async () => {
      const answer = await raw('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc', secure);
      assert.match(answer.text, /^HTTP\/1\.1 408 [\s\S]*SY-HTTP-SLOW/);
      assert.ok(answer.ms < 2_000, `${answer.ms} ms`);
    });

    test(`a connection that sends nothing is closed (${name})`, async () => {
      const answer = await raw('', secure);
      assert.ok(answer.ms < 4_000, `${answer.ms} ms`);
    });
  }

  test('a body that stalls is answered 408 and its stream ended (HTTP/2), while others go on', async () => {
    const client = session();
    const stalled = stream(client, { ':method': 'POST', ':path': '/echo' }, { body: 'abc', end: false });
    const other = await stream(client, { ':method': 'POST', ':path': '/echo' }, { body: 'ok', end: true });
    assert.equal(other.status, 200);
    const answer = await stalled;
    assert.equal(answer.status, 408);
    assert.ok(answer.ms < 2_000, `${answer.ms} ms`);
    client.close();
  });

  test('a body that trickles does not outlive the deadline (HTTP/2)', async () => {
    const client = session();
    const started = performance.now();
    const request = client.request({ ':method': 'POST', ':path': '/echo' }, { endStream: false });
    request.on('error', () => undefined);
    const drip = setInterval(() => void (request.writable && request.write('x')), 50);
    await new Promise((resolve) => request.on('close', resolve).resume());
    clearInterval(drip);
    assert.ok(performance.now() - started < 2_000);
    client.close();
  });

  test('a session that only pings is closed', async () => {
    const client = session();
    const ping = setInterval(
      () => void (client.closed || client.destroyed || client.ping(() => undefined)),
      100,
    );
    const started = performance.now();
    await new Promise((resolve) => client.on('close', resolve));
    clearInterval(ping);
    assert.ok(performance.now() - started < 4_000);
  });

  test('rapid reset ends the session (CVE-2023-44487), and the next one is served', async () => {
    const client = session();
    const closed = new Promise<void>((resolve) => client.on('close', () => resolve()));
    for (let i = 0; i < 500 && !client.destroyed; i++) {
      const request = client.request({ ':method': 'GET', ':path': '/slow' });
      request.on('error', () => undefined);
      request.close(constants.NGHTTP2_CANCEL);
      if (i % 25 === 0) await sleep(5);
    }
    await closed;
    const next = session();
    assert.equal((await stream(next, { ':method': 'GET', ':path': '/hello/x' }, { end: true })).status, 200);
    next.close();
  });

  test('1,000 requests at once are all answered', async () => {
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => ask('POST', '/echo', { body: `${i}`, secure: i % 10 === 0 })),
    );
    assert.ok(answers.every((answer, i) => answer.status === 200 && answer.body === `${i}`));
  });

  test('a client that goes away aborts the request', async () => {
    const before = aborted;
    const request = httpRequest({ host: '127.0.0.1', port: plain.port, path: '/slow', agent: false });
    request.on('error', () => undefined);
    request.end();
    await sleep(100);
    request.destroy();
    await sleep(300);
    assert.equal(aborted, before + 1);
  });
});

describe('bodies together', () => {
  test('what does not fit into the budget is refused with 503, and the budget comes back', () => {
    const budget = new BodyBudget(10);
    budget.take(8);
    assert.throws(() => budget.take(3), { code: 'SY-HTTP-BUSY' });
    budget.release(8);
    budget.take(10);
    assert.equal(budget.held, 10);
  });
});

describe('closing', () => {
  test('requests under way are answered, keep-alive connections end, and it is over within the grace', async () => {
    const listener = await openPlainListener({ host: '127.0.0.1', port: 0 }, LIMITS);
    listener.serve(
      await mount({
        listener: 'plain',
        doors: [{ name: 'test', routes: ROUTES }],
        bodyMs: 60_000,
        budget: new BodyBudget(1_000),
        concurrency: new Concurrency(10),
        metrics: createMetrics(),
        log,
        random: REAL_RANDOM,
        isClosing: listener.isClosing,
      }),
    );
    const agent = new Agent({ keepAlive: true });
    const slow = new Promise<string>((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: listener.port, path: '/slow', agent });
      request.on('error', reject).on('response', (response) => {
        response.resume().on('end', () => resolve(`${response.statusCode} ${response.headers.connection}`));
      });
      request.end();
    });
    const stalled = connect(listener.port, '127.0.0.1');
    stalled.on('error', () => undefined);
    stalled.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc');
    await sleep(100);
    const started = performance.now();
    await listener.close(800);
    assert.equal(await slow, '200 close');
    assert.ok(performance.now() - started < 1_500);
    agent.destroy();
  });
});
