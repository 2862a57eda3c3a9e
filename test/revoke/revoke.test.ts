// Revoking, holding, releasing and selecting: what becomes true together, and what is refused.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { searchEvents } from '../../src/audit/search.ts';
import { REASON_CODES, type RevocationReason } from '../../src/formats/x509/crl.ts';
import { toHex } from '../../src/ground/bytes.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { isBlockedKey } from '../../src/issue/blocked-keys.ts';
import { DAY_MS, newPair, OPERATOR, openWorld, type World } from './world.ts';

const revoke = (
  world: World,
  what: Parameters<World['revocation']['revoke']>[0]['what'],
  reason: RevocationReason = 'superseded',
) => world.revocation.revoke({ what, reason, actor: OPERATOR });

test('a certificate is revoked with every reason of RFC 5280 but removeFromCRL', async () => {
  await using world = await openWorld();
  for (const reason of Object.keys(REASON_CODES) as RevocationReason[]) {
    const { serial } = await world.issue();
    if (reason === 'removeFromCRL') {
      await assert.rejects(revoke(world, [serial], reason), { code: 'SY-REVOKE-REASON' });
      continue;
    }
    await revoke(world, [serial], reason);
    const status = world.revocation.status(serial, 'tls-1');
    assert.deepEqual(status, { status: 'revoked', at: world.clock.now(), reason });
  }
});

test('revoking twice, revoking what was never issued and revoking the root are refused, each with its code', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const other = await world.issue();
  await revoke(world, [serial]);
  await assert.rejects(revoke(world, [serial], 'keyCompromise'), { code: 'SY-REVOKE-ALREADY' });
  const unknown = asSerial('0badc0de');
  assert.ok(unknown);
  // Nothing of a call is done where one of its serials is wrong.
  await assert.rejects(revoke(world, [other.serial, unknown]), { code: 'SY-REVOKE-UNKNOWN' });
  assert.equal(world.revocation.status(other.serial, 'tls-1').status, 'good');
  const root = world.authorities.known().find(({ purpose }) => purpose === 'root');
  assert.ok(root);
  await assert.rejects(revoke(world, [root.certificate.serial]), { code: 'SY-REVOKE-ROOT' });
  const outcome = await revoke(world, [serial, other.serial]);
  assert.deepEqual([outcome.revoked, outcome.already], [[other.serial], [serial]]);
});

test('ten who revoke the same certificate at once: one did, nine hear that it was done', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => revoke(world, [serial])));
  assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  for (const result of results)
    if (result.status === 'rejected') assert.equal(result.reason.code, 'SY-REVOKE-ALREADY');
  const events = searchEvents(world.deps.records, { action: 'certificate.revoked', limit: 10 });
  assert.equal(events.length, 1);
});

test('a hold can be released, and become final; what is final cannot be released', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const release = () => world.revocation.release({ serial, actor: OPERATOR });
  await assert.rejects(release(), { code: 'SY-REVOKE-NOT-HELD' });
  await revoke(world, [serial], 'certificateHold');
  await assert.rejects(revoke(world, [serial], 'certificateHold'), { code: 'SY-REVOKE-ALREADY' });
  await release();
  assert.deepEqual(world.revocation.status(serial, 'tls-1'), { status: 'good' });
  const heldAt = world.clock.now();
  await revoke(world, [serial], 'certificateHold');
  world.clock.ms += 60_000;
  await revoke(world, [serial], 'keyCompromise');
  // Signatures made during the hold do not become good again.
  const status = world.revocation.status(serial, 'tls-1');
  assert.deepEqual(status, { status: 'revoked', at: heldAt, reason: 'keyCompromise' });
  await assert.rejects(release(), { code: 'SY-REVOKE-NOT-HELD' });
});

test('a compromised key is blocked, and every other certificate with it is revoked too', async () => {
  await using world = await openWorld();
  const pair = newPair();
  const [first, second, other] = [
    await world.issue({ pair }),
    await world.issue({ pair, names: ['b.example.com'] }),
    await world.issue(),
  ];
  const outcome = await revoke(world, [first.serial], 'keyCompromise');
  assert.deepEqual(outcome.sameKey, [second.serial]);
  assert.equal(world.revocation.status(second.serial, 'tls-1').status, 'revoked');
  assert.equal(world.revocation.status(other.serial, 'tls-1').status, 'good');
  const fingerprint = toHex(new Uint8Array(createHash('sha256').update(first.spki).digest()));
  assert.ok(isBlockedKey(world.deps.records, fingerprint));
  await assert.rejects(world.issue({ pair }), { code: 'SY-ISSUE-KEY-BLOCKED' });
});

test('a caller who speaks for the certificate alone neither blocks the key nor revokes others', async () => {
  await using world = await openWorld();
  const pair = newPair();
  const [first, second] = [await world.issue({ pair }), await world.issue({ pair })];
  await world.revocation.revoke({
    what: [first.serial],
    reason: 'keyCompromise',
    actor: OPERATOR,
    spreads: false,
  });
  assert.equal(world.revocation.status(second.serial, 'tls-1').status, 'good');
  await world.issue({ pair });
});

test('a crash between the key on the block list and its other certificates is made good by the next start', async () => {
  let fail = false;
  const wrap =
    (inner: Commit): Commit =>
    async (change) => {
      if (fail) throw new SealyardError('SY-STORE-UNAVAILABLE');
      const receipt = await inner(change);
      fail = change.puts.some(({ table }) => table.name === 'blocked_keys');
      return receipt;
    };
  await using world = await openWorld({ wrap });
  const pair = newPair();
  const [first, second] = [await world.issue({ pair }), await world.issue({ pair })];
  await assert.rejects(revoke(world, [first.serial], 'keyCompromise'), { code: 'SY-STORE-UNAVAILABLE' });
  assert.equal(world.revocation.status(second.serial, 'tls-1').status, 'good');
  fail = false;
  const again = world.again();
  again.start();
  await until(() => again.status(second.serial, 'tls-1').status === 'revoked');
});

test('a selection by identity, name, key, profile and time hits what fits all of it, and shows whose it is', async () => {
  await using world = await openWorld();
  const pair = newPair();
  const early = await world.issue({ requester: 'alice', names: ['a.example.com', 'b.example.com'] });
  world.clock.ms += 3_600_000;
  const late = await world.issue({ requester: 'alice', names: ['b.example.com'], pair });
  const other = await world.issue({ requester: 'bob', names: ['b.example.com'] });
  const hit = async (selection: object) =>
    (await world.revocation.preview(selection)).hits.map(({ serial }) => serial).sort();
  assert.deepEqual(await hit({ identity: 'alice' }), [early.serial, late.serial].sort());
  assert.deepEqual(await hit({ identity: 'alice', from: new Date(world.clock.ms - 60_000) }), [late.serial]);
  assert.deepEqual(await hit({ name: 'b.example.com' }), [early.serial, late.serial, other.serial].sort());
  assert.deepEqual(await hit({ name: 'example.com' }), []);
  const key = toHex(new Uint8Array(createHash('sha256').update(late.spki).digest()));
  assert.deepEqual(await hit({ keys: [key] }), [late.serial]);
  assert.deepEqual(await hit({ keys: [key], identity: 'bob' }), []);
  assert.deepEqual(await hit({ profile: 'server-tls' }), []);
  await assert.rejects(world.revocation.preview({}), { code: 'SY-REVOKE-SELECTION' });
  const [shown] = (await world.revocation.preview([early.serial])).hits;
  assert.deepEqual(shown?.names, ['a.example.com', 'b.example.com']);
  assert.ok(shown?.owners.includes('alice'));
  const outcome = await revoke(world, { identity: 'alice' });
  assert.equal(outcome.revoked.length, 2);
  await assert.rejects(revoke(world, { identity: 'alice' }), { code: 'SY-REVOKE-UNKNOWN' });
  world.clock.ms += 400 * DAY_MS;
  assert.deepEqual(await hit({ identity: 'bob' }), [], 'expired ones are nobody’s concern');
});

test('revoking an authority puts it on its parent’s list and stops it from issuing, at once and together', async () => {
  await using world = await openWorld();
  const tls = world.authorities.issuing('tls');
  await revoke(world, [tls.certificate.serial], 'cACompromise');
  assert.equal(world.revocation.status(tls.certificate.serial, 'root-1').status, 'revoked');
  assert.throws(() => world.authorities.issuing('tls'), { code: 'SY-AUTHORITY-NONE' });
  const events = searchEvents(world.deps.records, { action: 'authority.revoked', limit: 10 });
  assert.equal(events.length, 1);
});

test('a held authority issues again after its release', async () => {
  await using world = await openWorld();
  const { serial } = world.authorities.issuing('tls').certificate;
  await revoke(world, [serial], 'certificateHold');
  assert.throws(() => world.authorities.issuing('tls'), { code: 'SY-AUTHORITY-NONE' });
  await world.revocation.release({ serial, actor: OPERATOR });
  assert.equal(world.authorities.issuing('tls').certificate.serial, serial);
});

test('an invalidity date in the future is refused', async () => {
  await using world = await openWorld();
  const { serial } = await world.issue();
  const invalidityDate = new Date(world.clock.ms + 1000);
  await assert.rejects(
    world.revocation.revoke({ what: [serial], reason: 'keyCompromise', actor: OPERATOR, invalidityDate }),
    { code: 'SY-REVOKE-REASON' },
  );
});

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await new Promise((done) => setTimeout(done, 10));
  assert.ok(holds());
}
