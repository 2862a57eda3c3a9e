// Service tokens and the one-time administrator token.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  authenticateToken,
  createBootstrapToken,
  createServiceToken,
  exchangeBootstrapToken,
  listTokens,
  revokeToken,
} from '../../src/identity/administrators.ts';
import { SERVICE_TOKENS } from '../../src/identity/tables.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { NOW, refusesWith } from './issuer.ts';

const random = { bytes: (size: number) => new Uint8Array(randomBytes(size)) };
const actor = { kind: 'system' } as const;
const later = (seconds: number) => new Date(NOW.getTime() + seconds * 1000);

async function bootstrapped() {
  const store = createMemoryStore();
  const { records } = store;
  const made = createBootstrapToken({ random, now: NOW });
  await store.commit(made.change);
  return { store, records, token: made.token };
}

test('the one-time token is exchanged once, for a token of the first administrator', async () => {
  const { store, records, token } = await bootstrapped();
  const exchanged = exchangeBootstrapToken({ token, records, random, now: NOW });
  await store.commit(exchanged.change);
  const holder = authenticateToken(exchanged.token, { records, now: NOW });
  assert.equal(holder.name, 'administrator');
  assert.equal(holder.kind, 'service');
  assert.throws(
    () => exchangeBootstrapToken({ token, records, random, now: NOW }),
    refusesWith('SY-IDENTITY-CREDENTIAL'),
  );
  assert.throws(() => authenticateToken(token, { records, now: NOW }), refusesWith('SY-IDENTITY-CREDENTIAL'));
});

test('of two who exchange it at once, one gets a token', async () => {
  const { store, records, token } = await bootstrapped();
  const changes = [1, 2].map(() => exchangeBootstrapToken({ token, records, random, now: NOW }).change);
  const outcomes = await Promise.allSettled(changes.map((change) => store.commit(change)));
  assert.deepEqual(outcomes.map((one) => one.status).sort(), ['fulfilled', 'rejected']);
  assert.equal(listTokens(records).filter((one) => one.endedAt === undefined).length, 1);
});

test('a service token cannot be exchanged', async () => {
  const { store, records } = await bootstrapped();
  const made = createServiceToken({ name: 'ci', lifetimeSeconds: 3600, random, now: NOW, actor });
  await store.commit(made.change);
  assert.throws(
    () => exchangeBootstrapToken({ token: made.token, records, random, now: NOW }),
    refusesWith('SY-IDENTITY-CREDENTIAL'),
  );
});

test('a service token is good until it expires or is revoked', async () => {
  const { store, records } = await bootstrapped();
  const made = createServiceToken({ name: 'ci', lifetimeSeconds: 3600, random, now: NOW, actor });
  await store.commit(made.change);
  assert.equal(authenticateToken(made.token, { records, now: later(3599) }).name, 'ci');
  assert.throws(
    () => authenticateToken(made.token, { records, now: later(3600) }),
    refusesWith('SY-IDENTITY-CREDENTIAL'),
  );
  await store.commit(revokeToken({ id: made.id, records, now: NOW, actor }));
  assert.throws(
    () => authenticateToken(made.token, { records, now: NOW }),
    refusesWith('SY-IDENTITY-CREDENTIAL'),
  );
  assert.throws(
    () => revokeToken({ id: made.id, records, now: NOW, actor }),
    refusesWith('SY-IDENTITY-TOKEN-NOT-FOUND'),
  );
});

test('the records hold no token, and neither do events and lists', async () => {
  const { records, store, token } = await bootstrapped();
  const made = createServiceToken({ name: 'ci', lifetimeSeconds: 3600, random, now: NOW, actor });
  await store.commit(made.change);
  const rows = JSON.stringify(records.find(SERVICE_TOKENS, { where: {}, limit: 10 }));
  const told = rows + JSON.stringify(made.change.events) + JSON.stringify(listTokens(records));
  for (const secret of [token, made.token]) assert.ok(!told.includes(secret.slice(3)));
});

for (const [what, token] of [
  ['nothing', ''],
  ['another prefix', `ghp_${'A'.repeat(43)}`],
  ['a good shape', `sy_${'A'.repeat(43)}`],
  ['a megabyte', `sy_${'A'.repeat(1_000_000)}`],
  ['NUL at the end', `sy_${'A'.repeat(42)}\u0000`],
] as const)
  test(`${what} is no service token`, async () => {
    const { records } = await bootstrapped();
    assert.throws(
      () => authenticateToken(token, { records, now: NOW }),
      refusesWith('SY-IDENTITY-CREDENTIAL'),
    );
  });

for (const [name, lifetimeSeconds] of [
  ['', 3600],
  ['a b', 3600],
  ['ci', 59],
  ['ci', 1e9],
  ['ci', Number.NaN],
  ['x'.repeat(64), 3600],
] as const)
  test(`no service token is made with the name "${name.slice(0, 8)}" for ${lifetimeSeconds} s`, () => {
    assert.throws(
      () => createServiceToken({ name, lifetimeSeconds, random, now: NOW, actor }),
      refusesWith('SY-IDENTITY-NAME'),
    );
  });
