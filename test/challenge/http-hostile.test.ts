// http-01 against servers that mean harm: endless, slow, compressed, broken; each look is bounded and told.
import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { serve } from '../reach/loopback.ts';
import { lab, listen, target, verdict } from './lab.ts';

const NAME = 'shop.example.com';

async function setUp(t: TestContext, listener: RequestListener, changes = {}) {
  const server = await serve(t, listener);
  const { dns, validator } = await lab(t, { httpPort: server.port, ...changes });
  dns.a(NAME, '127.0.0.1');
  return { validator };
}

const HOSTILE: Readonly<
  Record<string, readonly [RegExp, (request: IncomingMessage, response: ServerResponse) => void]>
> = {
  'a file without end': [
    /^SY-CHALLENGE-RESPONSE final .*more than 4096 octets/,
    (_, r) => endless(r, 'x'.repeat(1000)),
  ],
  'a bomb of gzip': [
    /^SY-CHALLENGE-RESPONSE final .*compressed/,
    (_, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000))),
  ],
  'one octet now and then': [/^SY-CHALLENGE-TIMEOUT retry fetching http/, (_, r) => drip(r)],
  'silence after the request': [/^SY-CHALLENGE-TIMEOUT retry fetching http/, () => undefined],
  'a connection closed in the middle': [
    /^SY-CHALLENGE-CONNECTION retry/,
    (_, r) => r.writeHead(200, { 'content-length': 90 }).write('x', () => r.destroy()),
  ],
};
for (const [what, [expected, listener]] of Object.entries(HOSTILE))
  test(`${what} is bounded`, async (t) => {
    const { validator } = await setUp(t, listener, { timeoutMs: 400 });
    const began = performance.now();
    assert.match(verdict(await validator.validate(target('http-01', NAME))), expected);
    assert.ok(performance.now() - began < 1500);
  });

const RAW: Readonly<Record<string, readonly [RegExp, (socket: Socket) => void]>> = {
  'headers without end': [
    /^SY-CHALLENGE-RESPONSE final .*header has more than/,
    (s) => flood(s, 'HTTP/1.1 200 OK\r\n', `X-A: ${'y'.repeat(500)}\r\n`),
  ],
  'interim answers without end': [
    /^SY-CHALLENGE-(TIMEOUT|RESPONSE)/,
    (s) => flood(s, '', 'HTTP/1.1 100 Continue\r\n\r\n'),
  ],
  'something that is not HTTP': [
    /^SY-CHALLENGE-RESPONSE retry .*not HTTP/,
    (s) => s.end('SSH-2.0-OpenSSH_9.9\r\n'),
  ],
  'a connection that is closed at once': [/^SY-CHALLENGE-CONNECTION retry/, (s) => s.destroy()],
  'a change of protocol': [
    /^SY-CHALLENGE-RESPONSE retry .*changes the protocol/,
    (s) => s.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  ],
  'two lengths': [
    /^SY-CHALLENGE-RESPONSE retry .*not HTTP/,
    (s) => s.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
  ],
};
for (const [what, [expected, serveRaw]] of Object.entries(RAW))
  test(`${what}: bounded and told`, async (t) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => serveRaw(socket));
    });
    const httpPort = await listen(server);
    t.after(() => server.close());
    const { dns, validator } = await lab(t, { httpPort, timeoutMs: 500 });
    dns.a(NAME, '127.0.0.1');
    assert.match(verdict(await validator.validate(target('http-01', NAME))), expected);
  });

function endless(response: ServerResponse, chunk: string): void {
  const more = (): void => {
    if (!response.destroyed) response.write(chunk, () => setImmediate(more));
  };
  more();
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 20);
  response.on('close', () => clearInterval(timer));
}

function flood(socket: Socket, first: string, more: string): void {
  socket.write(first);
  const next = (): void => {
    if (!socket.destroyed) socket.write(more, () => setImmediate(next));
  };
  next();
}
