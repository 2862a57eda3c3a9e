// The store in memory keeps the contract, and its faults are what they say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSealyardError } from '../../src/ground/errors.ts';
import { createMemoryStore, type Fault } from '../../src/store/memory.ts';
import { CONTRACT_TABLES, leafOf, storeContract, THINGS, thing } from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';

storeContract('memory', async () => createMemoryStore({ tables: CONTRACT_TABLES }));

test('a lost commit leaves nothing, a persisted one everything, and both are reported as unavailable', async () => {
  const faults: Fault[] = ['lost', 'persisted'];
  const store = createMemoryStore({ tables: CONTRACT_TABLES, faults: () => faults.shift() ?? 'none' });
  const commit = (id: string) => store.commit({ puts: [thing(id)], leaves: [leafOf(id)], events: [] });
  for (const id of ['lost', 'persisted'])
    await assert.rejects(commit(id), (error) => isSealyardError(error, 'SY-STORE-UNAVAILABLE'));
  await commit('after');
  assert.equal(store.records.get(THINGS, { id: 'lost' }), undefined);
  assert.ok(store.records.get(THINGS, { id: 'persisted' }));
  checkLog({ tiles: store.tiles, log: 'signature', atLeast: 2 });
});
