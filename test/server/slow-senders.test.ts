// Slow and hostile senders, over HTTP/1.1 and HTTP/2, plain and TLS: each is cut off, and the others are served.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { constants } from 'node:http2';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ask,
  closeListeners,
  openListeners,
  plain,
  raw,
  seen,
  session,
  stream,
  unread,
} from './listener-world.ts';

before(openListeners);
after(closeListeners);

describe('slow and hostile senders', () => {
  for (const secure of [false, true]) {
    const name = secure ? 'TLS' : 'plain';
    test(`headers that never end are cut off (HTTP/1.1, ${name})`, async () => {
      const answer = await raw('POST /echo HTTP/1.1\r\nhost: x\r\nx-slow', secure);
      assert.ok(answer.ms < 13_000, `${answer.ms} ms`);
      assert.match(answer.text, /^(HTTP\/1\.1 408 [\s\S]*SY-HTTP-SLOW|$)/);
    });

    test(`a body that stalls is answered 408 and cut off (HTTP/1.1, ${name})`, async () => {
      const answer = await raw('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc', secure);
      assert.match(answer.text, /^HTTP\/1\.1 408 [\s\S]*SY-HTTP-SLOW/);
      assert.ok(answer.ms < 12_000, `${answer.ms} ms`);
    });

    test(`a connection that sends nothing is closed (${name})`, async () => {
      const answer = await raw('', secure);
      assert.ok(answer.ms < 14_000, `${answer.ms} ms`);
    });
  }

  test('a body that stalls is answered 408 and its stream ended (HTTP/2), while others go on', async () => {
    const client = session();
    const stalled = stream(client, { ':method': 'POST', ':path': '/echo' }, { body: 'abc', end: false });
    const other = await stream(client, { ':method': 'POST', ':path': '/echo' }, { body: 'ok', end: true });
    assert.equal(other.status, 200);
    const answer = await stalled;
    assert.equal(answer.status, 408);
    assert.ok(answer.ms < 12_000, `${answer.ms} ms`);
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
    assert.ok(performance.now() - started < 12_000);
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
    assert.ok(performance.now() - started < 14_000);
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

  test('answers that nobody reads are bounded together, and cut off', async () => {
    const ends: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      const socket = connect(plain.port, '127.0.0.1');
      socket.pause().on('error', () => undefined);
      socket.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3));
      ends.push(new Promise((resolve) => void socket.once('close', () => resolve())));
      setTimeout(() => socket.resume(), 3_000);
    }
    await sleep(500);
    assert.ok(unread.held > 0 && unread.held <= 64 * 1024 * 1024, `${unread.held}`);
    assert.equal((await ask('GET', '/large')).status, 503);
    assert.equal((await ask('GET', '/hello/x')).status, 200);
    await Promise.all(ends);
    assert.equal(unread.held, 0);
    assert.equal((await ask('GET', '/large')).status, 200);
  });

  test('many requests sent ahead end the connection', async () => {
    const { text } = await raw('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(50), false);
    assert.ok((text.match(/HTTP\/1\.1 200/g)?.length ?? 0) <= 9);
    const few = await raw('GET /hello/x HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(4), false);
    assert.equal(few.text.match(/HTTP\/1\.1 200/g)?.length, 4);
  });

  test('a client that goes away aborts the request', async () => {
    const before = seen.aborted;
    const request = httpRequest({ host: '127.0.0.1', port: plain.port, path: '/slow', agent: false });
    request.on('error', () => undefined);
    request.end();
    await sleep(100);
    request.destroy();
    await sleep(300);
    assert.equal(seen.aborted, before + 1);
  });
});
