// The OCSP door: GET and POST, the spellings that clients use, freshness of RFC 5019, errors as OCSP answers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { readSpki } from '../../src/formats/algorithms.ts';
import {
  encodeCertId,
  encodeOcspRequest,
  MAX_OCSP_REQUESTS,
  parseOcspResponse,
} from '../../src/formats/ocsp.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Serial } from '../../src/ground/ids.ts';
import type { DoorReply } from '../../src/protocols/door.ts';
import { ocspProblem } from '../../src/protocols/ocsp/problems.ts';
import { ocspRoutes } from '../../src/protocols/ocsp/routes.ts';
import { serialOf } from '../formats/x509-factory.ts';
import { OPERATOR, openWorld, type World } from '../revoke/world.ts';
import { callRoute } from './door-request.ts';

const sha1 = (bytes: Uint8Array) => new Uint8Array(createHash('sha1').update(bytes).digest());
const header = (reply: DoorReply, name: string) => String(reply.headers?.[name]);

function requestFor(
  world: World,
  serial: Serial,
  o: { readonly nonce?: Uint8Array; readonly count?: number } = {},
) {
  const { subject, spki } = world.authorities.issuing('tls').certificate;
  const hashes = { issuerNameHash: sha1(subject.der), issuerKeyHash: sha1(readSpki(spki).key) };
  const id = encodeCertId({ hash: 'sha1', ...hashes, serial });
  const ids = Array.from({ length: o.count ?? 1 }, () => id);
  return encodeOcspRequest({ ids, ...(o.nonce === undefined ? {} : { nonce: o.nonce }) });
}

function routesOf(world: World) {
  return ocspRoutes({ revocation: world.revocation, clock: world.clock, cacheSeconds: 60 });
}

const get = (world: World, text: string, headers: Readonly<Record<string, string>> = {}) =>
  callRoute(routesOf(world), '/ocsp/*', { path: `/ocsp/${text}`, headers });
const post = (world: World, body: Uint8Array) =>
  callRoute(routesOf(world), '/ocsp', { method: 'POST', path: '/ocsp', body });
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const statusOf = (reply: DoorReply) => {
  const parsed = parseOcspResponse(reply.body as Uint8Array);
  return parsed.status === 'successful' ? parsed.responses[0]?.certStatus.status : parsed.status;
};

test('POST and GET give the same, in every spelling of the path that clients use', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const request = requestFor(world, serial);
  const posted = await post(world, request);
  assert.equal(statusOf(posted), 'good');
  assert.equal(header(posted, 'content-type'), 'application/ocsp-response');
  const text = base64(request);
  for (const path of [encodeURIComponent(text), text, `/${text}`, text.replace(/=+$/, '')]) {
    const got = await get(world, path);
    assert.deepEqual([got.status, got.body], [200, posted.body], path);
  }
});

test('a GET answer may be kept for the time that was set, has validators, and ends with its content (RFC 5019 §6.2)', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const path = encodeURIComponent(base64(requestFor(world, serial)));
  const reply = await get(world, path);
  assert.equal(header(reply, 'cache-control'), 'public, max-age=60, no-transform, must-revalidate');
  const parsed = parseOcspResponse(reply.body as Uint8Array);
  assert.ok(parsed.status === 'successful');
  assert.equal(header(reply, 'last-modified'), parsed.responses[0]?.thisUpdate.toUTCString());
  assert.equal(header(reply, 'expires'), parsed.responses[0]?.nextUpdate?.toUTCString());
  const again = await get(world, path, { 'if-none-match': header(reply, 'etag') });
  assert.deepEqual([again.status, again.body], [304, undefined]);
  await world.revocation.revoke({ what: [serial], reason: 'superseded', actor: OPERATOR });
  const after = await get(world, path, { 'if-none-match': header(reply, 'etag') });
  assert.deepEqual([after.status, statusOf(after)], [200, 'revoked']);
});

test('answers with a nonce and about serials that nobody issued are for nobody else to keep', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  for (const request of [
    requestFor(world, serial, { nonce: new Uint8Array(32) }),
    requestFor(world, serialOf('77')),
  ]) {
    const reply = await get(world, encodeURIComponent(base64(request)));
    assert.equal(reply.status, 200);
    assert.equal(reply.headers?.['cache-control'], undefined);
  }
});

test('hostile paths and bodies are malformed requests, in the words of OCSP', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const bad: readonly string[] = [
    '',
    '%',
    '%zz',
    '*',
    'AAAA',
    '..%2f..',
    base64(new Uint8Array(200)),
    'x'.repeat(10_000),
  ];
  for (const path of bad) {
    const reply = await get(world, path);
    assert.deepEqual([reply.status, statusOf(reply)], [200, 'malformedRequest'], path.slice(0, 20));
  }
  for (const body of [new Uint8Array(0), new Uint8Array(9000), requestFor(world, serial).subarray(1)])
    assert.equal(statusOf(await post(world, body)), 'malformedRequest');
  const many = requestFor(world, serial, { count: MAX_OCSP_REQUESTS });
  assert.equal(statusOf(await post(world, many)), 'good');
});

test('each kind of failure has its answer, and what HTTP refused keeps its status', () => {
  const said = (error: unknown) => {
    const reply = ocspProblem(error);
    return [reply.status, statusOf(reply)];
  };
  assert.deepEqual(said(new SealyardError('SY-OCSP-UNAUTHORIZED')), [200, 'unauthorized']);
  assert.deepEqual(said(new SealyardError('SY-OCSP-TRY-LATER')), [200, 'tryLater']);
  assert.deepEqual(said(new SealyardError('SY-STORE-READ-ONLY')), [200, 'tryLater']);
  assert.deepEqual(said(new SealyardError('SY-ALGORITHM-UNKNOWN')), [200, 'unauthorized']);
  assert.deepEqual(said(new Error('a bug with a secret')), [200, 'internalError']);
  assert.deepEqual(said(new SealyardError('SY-HTTP-MEDIA-TYPE')), [415, 'malformedRequest']);
  const later = ocspProblem(new SealyardError('SY-OCSP-TRY-LATER', undefined, { retryAfterSeconds: 60 }));
  assert.equal(header(later, 'retry-after'), '60');
});

test('a yard that was restored from a backup answers nothing: it cannot know what was revoked since', async () => {
  await using world = await openWorld({ restored: true });
  const { serial } = await world.issue();
  assert.equal(statusOf(await post(world, requestFor(world, serial))), 'tryLater');
  await assert.rejects(world.revocation.crl('tls-1', 0), { code: 'SY-STORE-READ-ONLY' });
});
