// The SQLite store keeps the contract, across restarts too.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { isSealyardError } from '../../src/ground/errors.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import {
  CONTRACT_TABLES,
  event,
  leafOf,
  provesItself,
  storeContract,
  THINGS,
  thing,
} from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';
import { CLOCK, temporaryDirectory } from './directory.ts';

const rooms: Disposable[] = [];
after(() => {
  for (const room of rooms) room[Symbol.dispose]();
});

const opened: Store[] = [];
// A store that is left open keeps the process: a test that fails must not hang.
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function open(directory: string): Promise<Store> {
  const store = await openStore({ directory, clock: CLOCK, tables: CONTRACT_TABLES });
  opened.push(store);
  return store;
}

storeContract('sqlite', () => {
  const directory = temporaryDirectory();
  rooms.push(directory);
  return open(directory.path);
});

test('after a restart everything is there, indexes go on, and proofs from before verify', async () => {
  using directory = temporaryDirectory();
  const seen: { size: number; rootHash: Uint8Array }[] = [];
  let acknowledged = 0;
  // Sizes around the edges of tiles: an empty right edge, one hash, a tile that fills exactly.
  for (const count of [1, 254, 1, 1, 255, 700]) {
    const store = await open(directory.path);
    const changes = Array.from({ length: count }, (_, i) => leafOf(`${acknowledged + i}`));
    const [first] = changes;
    assert.ok(first !== undefined);
    const alone = await store.commit({ puts: [], leaves: [first], events: [event('e')] });
    const rest = await store.commit({ puts: [], leaves: changes.slice(1), events: [] });
    const receipts = [...alone.leaves, ...rest.leaves];
    assert.deepEqual(
      receipts.map(({ index }) => index),
      changes.map((_, i) => acknowledged + i),
    );
    assert.ok(receipts.filter((_, i) => i % 97 === 0).every(provesItself));
    acknowledged += count;
    seen.push(...receipts.slice(-1).map(({ treeSize: size, rootHash }) => ({ size, rootHash })));
    await store.close();
  }
  const store = await open(directory.path);
  checkLog({ tiles: store.tiles, log: 'signature', atLeast: acknowledged, seen });
  checkLog({ tiles: store.tiles, log: 'audit', atLeast: 6 });
  await store.close();
});

test('a reader beside the running yard sees each commit and commits nothing', async () => {
  using directory = temporaryDirectory();
  const yard = await open(directory.path);
  const reader = await openStore({
    directory: directory.path,
    clock: CLOCK,
    tables: CONTRACT_TABLES,
    readOnly: true,
  });
  await yard.commit({ puts: [thing('a')], leaves: [leafOf('a')], events: [] });
  assert.ok(reader.records.get(THINGS, { id: 'a' }));
  assert.deepEqual(reader.tiles.head('signature'), yard.tiles.head('signature'));
  await assert.rejects(reader.commit({ puts: [], events: [] }), (error) =>
    isSealyardError(error, 'SY-STORE-READ-ONLY'),
  );
  await reader.close();
  await yard.close();
});

test('beyond its bounded queue the store answers busy at once, and what it took it commits', async () => {
  using directory = temporaryDirectory();
  const store = await open(directory.path);
  const all = Array.from({ length: 20_000 }, (_, i) => store.commit({ puts: [thing(`${i}`)], events: [] }));
  const settled = await Promise.allSettled(all);
  const busy = settled.filter(
    (one) => one.status === 'rejected' && isSealyardError(one.reason, 'SY-STORE-BUSY'),
  );
  assert.equal(store.records.count(THINGS), 20_000 - busy.length);
  assert.equal(busy.length, 20_000 - 16_384);
  assert.equal(store.counters().waiting, 0);
  await store.close();
});

test('a change of more than 8 MiB is refused and the queue goes on', async () => {
  using directory = temporaryDirectory();
  const store = await open(directory.path);
  const body = new Uint8Array(8 * 1024 * 1024 + 1);
  const [big, small] = await Promise.allSettled([
    store.commit({ puts: [thing('big', { body })], events: [] }),
    store.commit({ puts: [thing('small')], events: [] }),
  ]);
  assert.ok(big?.status === 'rejected' && isSealyardError(big.reason, 'SY-STORE-TOO-LARGE'));
  assert.equal(small?.status, 'fulfilled');
  assert.equal(store.records.count(THINGS), 1);
  await store.close();
});

test('nobody but the owner can read the data directory', async () => {
  using parent = temporaryDirectory();
  const directory = join(parent.path, 'deep', 'yard');
  const store = await open(directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.equal(statSync(join(directory, 'yard.db')).mode & 0o777, 0o600);
  await store.close();
});
