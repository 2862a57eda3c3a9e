// The listener that asks for client certificates: doors see what a client came with, and clients without are served too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { decodePem } from '../../src/formats/pem.ts';
import { toHex } from '../../src/ground/bytes.ts';
import type { Route } from '../../src/protocols/door.ts';
import { problemReply } from '../../src/protocols/problem.ts';
import { BodyBudget } from '../../src/server/body.ts';
import { REAL_RANDOM } from '../../src/server/clock.ts';
import { type Listener, openMtlsListener } from '../../src/server/listener.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { Concurrency, mount } from '../../src/server/mount.ts';
import { LIMITS, log } from './listener-world.ts';
import { selfSigned } from './self-signed.ts';

const WHO: Route = {
  method: 'GET',
  path: '/who',
  bodyLimitBytes: 0,
  listeners: ['mtls'],
  handle: ({ clientCertificate }) => ({
    status: 200,
    headers: { link: ['<a>;rel="one"', '<b>;rel="two"'] },
    body: JSON.stringify((clientCertificate ?? []).map(toHex)),
  }),
  problem: problemReply,
};
let mtls: Listener;

before(async () => {
  mtls = await openMtlsListener({ host: '127.0.0.1', port: 0 }, LIMITS);
  mtls.setCertificate(selfSigned());
  mtls.serve(
    await mount({
      listener: 'mtls',
      doors: [{ name: 'test', routes: [WHO] }],
      bodyMs: LIMITS.bodyMs,
      budget: new BodyBudget(1_000),
      unread: new BodyBudget(100_000),
      answerMs: LIMITS.answerMs,
      concurrency: new Concurrency(10),
      metrics: createMetrics(),
      log,
      random: REAL_RANDOM,
      isClosing: mtls.isClosing,
    }),
  );
});
after(() => mtls.close(0));

interface Seen {
  readonly status: number | undefined;
  readonly links: string;
  readonly chain: readonly string[];
}

async function overHttp1(client: { key?: string; cert?: string }): Promise<Seen> {
  const sent = request({
    host: '127.0.0.1',
    port: mtls.port,
    path: '/who',
    agent: false,
    rejectUnauthorized: false,
    ...client,
  });
  sent.end();
  const [answer] = await once(sent, 'response');
  let body = '';
  for await (const chunk of answer) body += chunk;
  return { status: answer.statusCode, links: String(answer.headers.link), chain: JSON.parse(body) };
}

async function overHttp2(client: { key?: string; cert?: string }): Promise<readonly string[]> {
  const session = connect(`https://127.0.0.1:${mtls.port}`, { rejectUnauthorized: false, ...client });
  try {
    const stream = session.request({ ':path': '/who' });
    let body = '';
    for await (const chunk of stream.setEncoding('utf8')) body += chunk;
    return JSON.parse(body);
  } finally {
    session.destroy();
  }
}

test('a door sees the certificate that the client proved possession of, over HTTP/1.1 and HTTP/2', async () => {
  const { key, certificates: cert } = selfSigned();
  const sent = decodePem(cert).map(({ der }) => toHex(der));
  assert.deepEqual((await overHttp1({ key, cert })).chain, sent);
  assert.deepEqual(await overHttp2({ key, cert }), sent);
});

test('a client without a certificate is served, and the door sees none', async () => {
  const { status, chain } = await overHttp1({});
  assert.equal(status, 200);
  assert.deepEqual(chain, []);
  assert.deepEqual(await overHttp2({}), []);
});

test('a header with several texts becomes several fields', async () => {
  assert.equal((await overHttp1({})).links, '<a>;rel="one", <b>;rel="two"');
});
