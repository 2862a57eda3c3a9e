// What the server does for every door: bodies, routing, errors, counting, closing.
import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BodyBudget } from '../../src/server/body.ts';
import { REAL_RANDOM } from '../../src/server/clock.ts';
import { openPlainListener } from '../../src/server/listener.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { Concurrency, mount } from '../../src/server/mount.ts';
import {
  ask,
  closeListeners,
  LIMITS,
  log,
  logged,
  metrics,
  openListeners,
  ROUTES,
  raw,
  session,
  stream,
  tls,
} from './listener-world.ts';

before(openListeners);
after(closeListeners);

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
    assert.ok(answer.ms < 5_000, `${answer.ms} ms`);
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
    assert.ok(answer.ms < 5_000, `${answer.ms} ms`);
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
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    assert.equal((await ask('POST', '/json', { body: '{}', headers })).status, 415);
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
        unread: new BodyBudget(1),
        answerMs: 60_000,
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
    assert.ok(performance.now() - started < 8_000);
    agent.destroy();
  });
});
