// What every store promises of a table that is kept in parts: it reads as one, and old parts can be taken out.
import assert from 'node:assert/strict';
import type { Put, Table } from '../../src/ground/change.ts';
import type { Store } from '../../src/store/store.ts';
import { change, refused } from './store-changes.ts';

/** One test of the contract, with a fresh store that is checked and closed after it. */
export type Scene = (title: string, run: (store: Store) => Promise<void>) => void;

/** Kept apart by the first two characters of its key. */
export const PARTED: Table = {
  name: 'parted',
  columns: { id: 'text', n: 'integer', log_index: 'integer' },
  nullable: ['log_index'],
  primaryKey: ['id', 'n'],
  indexes: [['n']],
  partition: { column: 'id', characters: 2 },
};

const parted = (id: string, n: number, mode: Put['mode'] = 'insert'): Put => ({
  table: PARTED,
  mode,
  row: mode === 'delete' ? { id, n } : { id, n, log_index: null },
});

export function partitionScenes(scene: Scene): void {
  scene('a table that is kept in parts reads as one', async (store) => {
    const ids = ['0a1', '0a2', '0b1', '0b2', '1f9'];
    await store.commit(change({ puts: ids.map((id, n) => parted(id, n)) }));
    const found = (query: Parameters<Store['records']['find']>[1]) =>
      store.records.find(PARTED, query).map((row) => row['id']);
    assert.equal(store.records.count(PARTED), 5);
    assert.equal(store.records.get(PARTED, { id: '0b1', n: 2 })?.['n'], 2);
    assert.equal(store.records.get(PARTED, { id: '7b1', n: 2 }), undefined, 'of a part that is not there');
    assert.equal(store.records.get(PARTED, { id: '!', n: 2 }), undefined, 'of no part');
    assert.deepEqual(found({ where: {}, limit: 9 }), ids);
    assert.deepEqual(found({ where: {}, limit: 3 }), ids.slice(0, 3));
    assert.deepEqual(found({ where: {}, limit: 9, reverse: true }), ids.toReversed());
    assert.deepEqual(found({ where: { id: '0b2' }, limit: 9 }), ['0b2']);
    assert.deepEqual(found({ where: { n: 4 }, limit: 9 }), ['1f9']);
    assert.deepEqual(found({ where: {}, limit: 9, after: { id: '0a2', n: 1 } }), ids.slice(2));
    assert.deepEqual(found({ where: {}, limit: 9, reverse: true, after: { id: '0b1', n: 2 } }), [
      '0a2',
      '0a1',
    ]);
    const between = { where: {}, range: { column: 'id', atLeast: '0a2', below: '0b2' }, limit: 9 };
    assert.deepEqual(found(between), ['0a2', '0b1']);
  });

  scene(
    'keys and preconditions hold in each part, and a refused change leaves the others alone',
    async (store) => {
      await store.commit(change({ puts: [parted('0a1', 1)] }));
      await assert.rejects(
        store.commit(change({ puts: [parted('0c1', 1), parted('0a1', 1)] })),
        refused('SY-STORE-CONFLICT'),
      );
      assert.equal(store.records.get(PARTED, { id: '0c1', n: 1 }), undefined);
      const absent = { table: PARTED, key: { id: '0d1', n: 1 }, expect: 'absent' as const };
      await store.commit(change({ puts: [parted('0d1', 1)], preconditions: [absent] }));
      await assert.rejects(store.commit(change({ preconditions: [absent] })), refused('SY-STORE-CONFLICT'));
      await store.commit(change({ puts: [parted('0d1', 1, 'delete'), parted('9x1', 1, 'delete')] }));
      await store.commit(change({ puts: [parted('0a1', 1, 'replace'), parted('0e1', 1, 'replace')] }));
      assert.equal(store.records.count(PARTED), 2);
      for (const id of ['0', '', 'A01', 'ü01', '0/1'])
        await assert.rejects(store.commit(change({ puts: [parted(id, 1)] })), TypeError, id);
    },
  );

  scene('old parts of a table are taken out while others commit', async (store) => {
    const rows = Array.from({ length: 2_000 }, (_, n) => parted(n % 2 === 0 ? '0a' : '0b', n));
    await store.commit(change({ puts: [...rows, parted('0c1', 1)] }));
    const dropped = store.dropPartitions(PARTED, '0c');
    const meanwhile = Promise.all(
      Array.from({ length: 20 }, (_, n) => store.commit(change({ puts: [parted('0d1', n)] }))),
    );
    assert.deepEqual(await dropped, ['0a', '0b']);
    await meanwhile;
    assert.equal(store.records.count(PARTED), 21);
    await store.commit(change({ puts: [parted('0a', 7)] }));
    assert.equal(store.records.get(PARTED, { id: '0a', n: 7 })?.['n'], 7, 'a part comes back with a row');
  });
}
