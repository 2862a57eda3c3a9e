// The CRL and CA doors: addresses, media types, freshness and conditional requests.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import { parseCrl } from '../../src/formats/x509/crl.ts';
import { caRoutes } from '../../src/protocols/ca/routes.ts';
import { crlRoutes } from '../../src/protocols/crl/routes.ts';
import type { DoorReply } from '../../src/protocols/door.ts';
import { openWorld, shardOfUrl, type World } from '../revoke/world.ts';
import { callRoute } from './door-request.ts';

const header = (reply: DoorReply, name: string) => String(reply.headers?.[name]);

function get(world: World, authority: string, file: string, headers: Readonly<Record<string, string>> = {}) {
  const routes = crlRoutes({ revocation: world.revocation, clock: world.clock, cacheSeconds: 60 });
  const path = `/crl/${authority}/${file}`;
  return callRoute(routes, '/crl/:authority/:file', { path, params: { authority, file }, headers });
}

test('a list and its delta stand where the certificate says, as pkix-crl, fresh for the time that was set', async () => {
  await using world = await openWorld();
  const certificate = await world.issue();
  const { authority, shard } = shardOfUrl(certificate);
  for (const file of [`${shard}.crl`, `${shard}.delta.crl`]) {
    const reply = await get(world, authority, file);
    assert.equal(reply.status, 200);
    assert.equal(header(reply, 'content-type'), 'application/pkix-crl');
    assert.match(header(reply, 'cache-control'), /^public, max-age=60,/);
    const crl = parseCrl(reply.body as Uint8Array);
    assert.equal(header(reply, 'last-modified'), crl.thisUpdate.toUTCString());
    assert.equal(header(reply, 'expires'), crl.nextUpdate?.toUTCString());
    assert.equal(crl.baseCrlNumber === undefined, !file.includes('delta'));
  }
});

test('who has the list already gets 304 without a body; who has an older one gets the list', async () => {
  await using world = await openWorld();
  const first = await get(world, 'tls-1', '3.crl');
  const etag = header(first, 'etag');
  for (const match of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
    const reply = await get(world, 'tls-1', '3.crl', { 'if-none-match': match });
    assert.deepEqual([reply.status, reply.body], [304, undefined]);
  }
  const since = { 'if-modified-since': header(first, 'last-modified') };
  assert.equal((await get(world, 'tls-1', '3.crl', since)).status, 304);
  assert.equal((await get(world, 'tls-1', '3.crl', { ...since, 'if-none-match': '"0"' })).status, 200);
  assert.equal((await get(world, 'tls-1', '3.crl', { 'if-modified-since': 'yesterday' })).status, 200);
});

test('nobody keeps a list beyond its own end, however long caches may keep it', async () => {
  await using world = await openWorld();
  await get(world, 'tls-1', '3.crl');
  world.clock.ms += 6 * 3_600_000 - 10_000;
  assert.match(header(await get(world, 'tls-1', '3.delta.crl'), 'cache-control'), /max-age=9,/);
});

test('whatever is no list of ours is not found: other spellings, other shards, other authorities', async () => {
  await using world = await openWorld();
  for (const [authority, file] of [
    ['tls-1', '64.crl'],
    ['tls-1', '03.crl'],
    ['tls-1', '-1.crl'],
    ['tls-1', '3.crl.crl'],
    ['tls-1', '99999.crl'],
    ['tls-1', '3'],
    ['nobody', '3.crl'],
    ['__proto__', '3.crl'],
    ['../tls-1', '3.crl'],
  ] as const)
    assert.equal((await get(world, authority, file)).status, 404, `${authority}/${file}`);
});

test('an authority’s certificate and its chain stand at the address of authorityInfoAccess', async () => {
  await using world = await openWorld();
  const routes = caRoutes({ authorities: world.authorities, clock: world.clock });
  const ask = (file: string) => callRoute(routes, '/ca/:file', { path: `/ca/${file}`, params: { file } });
  const certificate = await world.issue();
  const file = certificate.caIssuersUrls?.[0]?.split('/ca/')[1] ?? '';
  const reply = await ask(file);
  assert.equal(header(reply, 'content-type'), 'application/pkix-cert');
  assert.deepEqual(parseCertificate(reply.body as Uint8Array).subject.der, certificate.issuer.der);
  const pem = Buffer.from((await ask('tls-1.pem')).body as Uint8Array).toString();
  assert.equal(pem.match(/BEGIN CERTIFICATE/g)?.length, 2);
  for (const bad of ['tls-9.cer', 'tls-1', 'tls-1.key', '../tls-1.cer', 'TLS-1.cer'])
    assert.equal((await ask(bad)).status, 404, bad);
});
