// CRLs of a yard: shards, numbers, deltas, expiry, crashes; openssl judges chains with them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodePem } from '../../src/formats/pem.ts';
import type { Certificate } from '../../src/formats/x509/certificate.ts';
import { type CertificateList, parseCrl } from '../../src/formats/x509/crl.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Revocation } from '../../src/revoke/revocation.ts';
import { demandUnrevoked } from '../../src/verify/revocation.ts';
import { noOpenssl, openssl } from '../formats/openssl.ts';
import { DAY_MS, OPERATOR, openWorld, shardOfUrl, type World } from './world.ts';

/** Twice the publishing delay of these tests. */
const PUBLISHED_MS = 200;
const SETTINGS = { crlPublishSeconds: 0.05 };

async function lists(
  revocation: Revocation,
  certificate: Certificate,
): Promise<{ readonly complete: CertificateList; readonly delta: CertificateList }> {
  const { authority, shard } = shardOfUrl(certificate);
  const complete = await revocation.crl(authority, shard);
  const delta = await revocation.delta(authority, shard);
  assert.ok(complete && delta);
  return { complete: parseCrl(complete.der), delta: parseCrl(delta.der) };
}

async function revoke(
  world: World,
  certificate: Certificate,
  reason: 'superseded' | 'certificateHold' = 'superseded',
) {
  await world.revocation.revoke({ what: [certificate.serial], reason, actor: OPERATOR });
  await sleep(PUBLISHED_MS);
}

const serials = ({ entries }: CertificateList) => entries.map(({ serial }) => serial);

test('a certificate’s shard is the one that it names, and only that shard is signed again', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  const own = shardOfUrl(certificate);
  const other = (own.shard + 1) % 64;
  const before = await lists(world.revocation, certificate);
  assert.deepEqual(before.complete.issuingDistributionPoint?.urls, certificate.crlUrls);
  assert.equal((await world.revocation.crl(own.authority, other))?.number, 1);
  await revoke(world, certificate);
  const after = await lists(world.revocation, certificate);
  assert.deepEqual(serials(after.complete), [certificate.serial]);
  assert.equal(after.complete.crlNumber, 2n);
  assert.equal((await world.revocation.crl(own.authority, other))?.number, 1);
});

test('shards and authorities that do not exist have no list', async () => {
  await using world = await openWorld();
  assert.equal(await world.revocation.crl('tls-1', 64), undefined);
  assert.equal(await world.revocation.crl('tls-1', -1), undefined);
  assert.equal(await world.revocation.crl('tls-9', 0), undefined);
});

test('many changes at once are signed together', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const { revocation } = world;
  const certificate = await world.issue();
  await lists(revocation, certificate);
  const what = [certificate.serial];
  await revocation.revoke({ what, reason: 'certificateHold', actor: OPERATOR });
  await revocation.release({ serial: certificate.serial, actor: OPERATOR });
  await revocation.revoke({ what, reason: 'superseded', actor: OPERATOR });
  await sleep(PUBLISHED_MS);
  const { complete } = await lists(revocation, certificate);
  assert.deepEqual([complete.crlNumber, complete.entries.map(({ reason }) => reason)], [2n, ['superseded']]);
});

test('a delta tells what changed since the oldest list that can still be valid, and takes a released hold back', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  const held = await lists(world.revocation, certificate);
  await revoke(world, certificate, 'certificateHold');
  const onHold = await lists(world.revocation, certificate);
  assert.equal(onHold.delta.baseCrlNumber, held.complete.crlNumber);
  assert.equal(onHold.delta.crlNumber, onHold.complete.crlNumber);
  assert.equal(onHold.delta.entries[0]?.reason, 'certificateHold');
  await world.revocation.release({ serial: certificate.serial, actor: OPERATOR });
  await sleep(PUBLISHED_MS);
  const released = await lists(world.revocation, certificate);
  assert.deepEqual(serials(released.complete), []);
  assert.equal(released.delta.entries[0]?.reason, 'removeFromCRL');
  const path = [certificate, ...world.authorities.issuing('tls').chain];
  const judge = async (...crls: CertificateList[]) => {
    const tls = world.authorities.issuing('tls').certificate;
    const root = await lists(world.revocation, tls);
    return () => demandUnrevoked({ path, crls: [root.complete, ...crls], at: world.clock.now() });
  };
  assert.throws(await judge(onHold.complete), { code: 'SY-REVOCATION-REVOKED' });
  assert.doesNotThrow(await judge(onHold.complete, released.delta));
  assert.throws(await judge(held.complete, onHold.delta), { code: 'SY-REVOCATION-REVOKED' });
});

test('the base of the deltas moves on when no list older than it is valid, and changes before it are told no more', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  await lists(world.revocation, certificate);
  await revoke(world, certificate);
  let seen = (await lists(world.revocation, certificate)).delta;
  assert.deepEqual([seen.baseCrlNumber, serials(seen)], [1n, [certificate.serial]]);
  for (let days = 0; days < 4; days++) {
    world.clock.ms += DAY_MS + 1000;
    seen = (await lists(world.revocation, certificate)).delta;
  }
  assert.ok((seen.baseCrlNumber ?? 0n) > 1n);
  assert.deepEqual(serials(seen), []);
});

test('numbers go on after a restart, and after a list whose number was counted and never served', async () => {
  let fail = false;
  const wrap =
    (inner: Commit): Commit =>
    async (change) => {
      const receipt = await inner(change);
      // On disk, and the answer is lost.
      if (fail && change.puts.some(({ table }) => table.name === 'crl_shards'))
        throw new SealyardError('SY-STORE-UNAVAILABLE');
      return receipt;
    };
  await using world = await openWorld({ settings: SETTINGS, wrap });
  const certificate = await world.issue();
  assert.equal((await lists(world.revocation, certificate)).complete.crlNumber, 1n);
  fail = true;
  await revoke(world, certificate);
  fail = false;
  const again = await lists(world.again(), certificate);
  assert.equal(again.complete.crlNumber, 3n);
  assert.deepEqual(serials(again.complete), [certificate.serial]);
  assert.deepEqual(serials(again.delta), [certificate.serial]);
});

test('two rooms over one store never give the same number to different lists', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  const { authority, shard } = shardOfUrl(certificate);
  const other = world.again(SETTINGS);
  const results = await Promise.allSettled(
    [world.revocation, other].map((room) => room.crl(authority, shard)),
  );
  const numbers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value?.number] : []));
  assert.equal(new Set(numbers).size, numbers.length);
  assert.ok(numbers.length >= 1);
});

test('an expired entry stays for the retention of its profile and for one list beyond it, then leaves', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  await lists(world.revocation, certificate);
  await revoke(world, certificate);
  // One day of life, one day of retention.
  world.clock.ms += 2 * DAY_MS - 60_000;
  assert.deepEqual(serials((await lists(world.revocation, certificate)).complete), [certificate.serial]);
  world.clock.ms += DAY_MS + 60_000;
  assert.deepEqual(
    serials((await lists(world.revocation, certificate)).complete),
    [certificate.serial],
    'one list beyond',
  );
  world.clock.ms += DAY_MS + 1000;
  assert.deepEqual(serials((await lists(world.revocation, certificate)).complete), []);
  assert.deepEqual(
    serials((await lists(world.again(), certificate)).complete),
    [],
    'nor does a restart bring it back',
  );
  assert.equal(world.revocation.status(certificate.serial, 'tls-1').status, 'revoked');
});

test('lists are signed again before they run out, though nothing changed', async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  await lists(world.revocation, certificate);
  world.revocation.start();
  world.clock.ms += DAY_MS / 2 + 1000;
  await sleep(1300);
  assert.equal((await lists(world.revocation, certificate)).complete.crlNumber, 2n);
});

test('a store that takes no writes leaves the list of before in service until it runs out', async () => {
  let fail = false;
  const wrap =
    (inner: Commit): Commit =>
    async (change) => {
      if (fail) throw new SealyardError('SY-STORE-UNAVAILABLE');
      return inner(change);
    };
  await using world = await openWorld({ settings: SETTINGS, wrap });
  const certificate = await world.issue();
  await lists(world.revocation, certificate);
  fail = true;
  world.clock.ms += DAY_MS / 8;
  assert.equal((await lists(world.revocation, certificate)).complete.crlNumber, 1n);
  world.clock.ms += DAY_MS;
  const { authority, shard } = shardOfUrl(certificate);
  await assert.rejects(world.revocation.crl(authority, shard), { code: 'SY-STORE-UNAVAILABLE' });
});

test('openssl verify -crl_check_all -use_deltas: good, then revoked by the delta alone', {
  skip: noOpenssl,
}, async () => {
  await using world = await openWorld({ settings: SETTINGS });
  const certificate = await world.issue();
  const tls = world.authorities.issuing('tls');
  const before = await lists(world.revocation, certificate);
  const ofRoot = await lists(world.revocation, tls.certificate);
  await revoke(world, certificate);
  const after = await lists(world.revocation, certificate);
  const pem = (list: CertificateList) => encodePem('X509 CRL', list.der);
  const verify = (crls: readonly CertificateList[]) =>
    openssl(
      [
        ...['verify', '-crl_check_all', '-use_deltas', '-extended_crl', '-x509_strict'],
        ...['-attime', String(world.clock.ms / 1000 + 60).replace(/\..*/, '')],
        ...['-CAfile', 'root.pem', '-untrusted', 'tls.pem', '-CRLfile', 'crls.pem', 'leaf.pem'],
      ],
      {
        'root.pem': encodePem('CERTIFICATE', tls.chain.at(-1)?.der ?? new Uint8Array(0)),
        'tls.pem': encodePem('CERTIFICATE', tls.certificate.der),
        'leaf.pem': encodePem('CERTIFICATE', certificate.der),
        'crls.pem': crls.map(pem).join(''),
      },
    ).text;
  assert.match(verify([ofRoot.complete, before.complete]), /leaf\.pem: OK/);
  assert.match(verify([ofRoot.complete, before.complete, after.delta]), /certificate revoked/);
  assert.match(verify([ofRoot.complete, after.complete]), /certificate revoked/);
  assert.match(verify([ofRoot.complete]), /unable to get certificate CRL/);
});
