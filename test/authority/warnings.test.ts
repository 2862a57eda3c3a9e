// What operators are told of authorities, how often, and what revoking one does to those below.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENTS } from '../../src/audit/tables.ts';
import { MAX_SHARDS, shardOf } from '../../src/authority/shards.ts';
import { revocationOfAuthority } from '../../src/authority/state.ts';
import { authorityWarningEvents, authorityWarnings } from '../../src/authority/warnings.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { readNameConstraints } from '../../src/issue/ceremonies/name-constraints.ts';
import { newSerial } from '../../src/issue/serial.ts';
import { hasCode } from '../contract/keystore.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';
import { random } from '../issue/harness.ts';
import { ADMIN, authority, inFolder, openWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;

function said(world: World, afterDays = 0): readonly string[] {
  const now = new Date(world.yard.clock.ms + afterDays * DAY_MS);
  return authorityWarnings(world.directory, now).map(({ authority: id, code }) => `${id} ${code}`);
}

test('a new yard has nothing to say of its authorities', async () => {
  const world = await openWorld();
  assert.deepEqual(said(world), []);
  await world.close();
});

test('an authority says that it ends when a fifth of its life or ninety days are left, and when it has ended', async () => {
  const world = await openWorld();
  const year = 365 * 86_400;
  await world.ceremonies.create({ purpose: 'tls', name: 'years', lifetimeSeconds: 4 * year, actor: ADMIN });
  await world.ceremonies.create({ purpose: 'tls', name: 'year', lifetimeSeconds: year, actor: ADMIN });
  const of = (name: string, afterDays: number) =>
    said(world, afterDays).filter((line) => line.startsWith(`${name} `));
  assert.deepEqual(of('years', 3.19 * 365), []);
  assert.deepEqual(of('years', 3.21 * 365), ['years SY-AUTHORITY-ENDING']);
  assert.deepEqual(of('year', 274), []);
  assert.deepEqual(of('year', 276), ['year SY-AUTHORITY-ENDING']);
  assert.deepEqual(of('year', 366), ['year SY-AUTHORITY-ENDED']);
  await world.ceremonies.rotate({ id: 'year', actor: ADMIN });
  assert.deepEqual(of('year', 366), [], 'the end of a retired one is meant');
  await world.close();
});

test('limits and requests that nobody answered are notices; a missing key is a problem', () =>
  inFolder(async (directory) => {
    const keys = createMemoryKeyStore();
    const world = await openWorld({ keys, directory });
    const nameConstraints = readNameConstraints(['dns:factory.example'], []);
    assert.ok(nameConstraints);
    await world.ceremonies.create({
      purpose: 'intermediate',
      name: 'factory',
      nameConstraints,
      actor: ADMIN,
    });
    await world.ceremonies.create({ purpose: 'tls', name: 'press', parent: 'factory', actor: ADMIN });
    await world.ceremonies.create({ purpose: 'tls', name: 'asked', request: true, actor: ADMIN });
    assert.deepEqual(said(world), ['factory SY-AUTHORITY-CONSTRAINED', 'press SY-AUTHORITY-CONSTRAINED']);
    assert.ok(said(world, 15).includes('asked SY-AUTHORITY-AWAITED'));
    const { ref } = authority(world, 'tls-1').signer;
    await world.close();
    const open = (asked: string) =>
      asked === ref ? Promise.reject(new SealyardError('SY-KEYS-NOT-FOUND')) : keys.open(asked);
    const again = await openWorld({ keys: { ...keys, open }, directory });
    const problems = authorityWarnings(again.directory, again.yard.clock.now()).filter(
      ({ severity }) => severity === 'problem',
    );
    assert.deepEqual(
      problems.map(({ authority: id, code }) => [id, code]),
      [['tls-1', 'SY-AUTHORITY-KEY-MISSING']],
    );
    await again.close();
  }));

test('a warning is written once a day, also by a yard that looks every hour and starts anew', async () => {
  const world = await openWorld();
  const { clock, deps, store } = world.yard;
  clock.ms += 4.5 * 365 * DAY_MS;
  const look = async () => {
    const now = clock.now();
    const events = authorityWarningEvents(store.records, authorityWarnings(world.directory, now), now);
    if (events.length > 0) await deps.commit({ puts: [], events });
    return events.length;
  };
  assert.equal(await look(), 3);
  for (let hour = 0; hour < 23; hour++) {
    clock.ms += 3_600_000;
    assert.equal(await look(), 0);
  }
  clock.ms += 3_600_000;
  assert.equal(await look(), 3);
  assert.equal(store.records.find(EVENTS, { where: { action: 'authority.warned' }, limit: 50 }).length, 6);
  await world.close();
});

test('a revoked authority and what is below it issue no more; released, they do again', async () => {
  const world = await openWorld();
  world.yard.clock.ms += 1000;
  await world.ceremonies.create({ purpose: 'intermediate', name: 'policy', actor: ADMIN });
  await world.ceremonies.create({ purpose: 'tls', name: 'press', parent: 'policy', actor: ADMIN });
  const { serial } = authority(world, 'policy').certificate;
  const { records } = world.yard.store;
  const turn = async (to: 'revoked' | 'released') => {
    const why = { actor: ADMIN, timeMs: world.yard.clock.ms, reason: 'certificateHold', to };
    const change = revocationOfAuthority(records, serial, why);
    assert.ok(change);
    await world.yard.deps.commit(change);
    await world.directory.reload();
  };
  assert.equal(world.directory.issuing('tls').id, 'press');
  await turn('revoked');
  assert.equal(authority(world, 'policy').state, 'revoked');
  assert.equal(world.directory.issuing('tls').id, 'tls-1');
  const create = () => world.ceremonies.create({ purpose: 'tls', parent: 'policy', actor: ADMIN });
  await assert.rejects(create(), hasCode('SY-AUTHORITY-PARENT'));
  await assert.rejects(
    world.ceremonies.crossSign({ id: 'policy', by: 'root-1', actor: ADMIN }),
    hasCode('SY-AUTHORITY-STATE'),
  );
  await turn('released');
  assert.equal(world.directory.issuing('tls').id, 'press');
  assert.equal(
    revocationOfAuthority(records, 'ff', { actor: ADMIN, timeMs: 0, reason: 'x', to: 'revoked' }),
    undefined,
  );
  await world.close();
});

test('nothing leads through a revoked cross-certificate', async () => {
  const world = await openWorld();
  await world.ceremonies.create({ purpose: 'root', actor: ADMIN });
  const cross = await world.ceremonies.crossSign({ id: 'root-1', by: 'root-2', actor: ADMIN });
  assert.equal(world.directory.chains('tls-1').length, 2);
  const why = { actor: ADMIN, timeMs: world.yard.clock.ms, reason: 'superseded', to: 'revoked' } as const;
  const change = revocationOfAuthority(world.yard.store.records, cross.serial, why);
  assert.ok(change);
  await world.yard.deps.commit(change);
  await world.directory.reload();
  assert.equal(world.directory.chains('tls-1').length, 1);
  assert.equal(world.directory.issuing('tls').id, 'tls-1');
  await world.close();
});

test('serials are spread over the shards alike, and stay where they are', () => {
  const at = new Date('2026-11-24T00:00:00Z');
  const counts = new Map<number, number>();
  for (let i = 0; i < 6400; i++) {
    const shard = shardOf(newSerial({ random, at, notAfter: at }), 64);
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  assert.equal(counts.size, 64);
  for (const count of counts.values()) assert.ok(count > 40 && count < 180, `${count}`);
  assert.equal(shardOf('00ff', 16), 15);
  assert.equal(shardOf('6f00000000000000000000000000000000000041', 64), 1);
  for (const shards of [0, -1, 1.5, MAX_SHARDS + 1]) assert.throws(() => shardOf('00', shards), TypeError);
});
