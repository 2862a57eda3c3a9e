// What every store promises: run by each adapter with a way to make a fresh, empty one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordText } from '../../src/audit/record.ts';
import { searchEvents } from '../../src/audit/search.ts';
import { AUDIT_TABLES } from '../../src/audit/tables.ts';
import { verifyInclusion } from '../../src/formats/merkle.ts';
import { fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import type { Change, Leaf, LeafReceipt, Put, Table } from '../../src/ground/change.ts';
import type { Event } from '../../src/ground/events.ts';
import type { Store } from '../../src/store/store.ts';
import { checkLog } from '../oracle/log.ts';
import { change, refused } from './store-changes.ts';
import { PARTED, partitionScenes, type Scene } from './store-parts.ts';

export const THINGS: Table = {
  name: 'things',
  columns: { id: 'text', size: 'integer', body: 'blob', note: 'text', log_index: 'integer' },
  nullable: ['note', 'log_index', 'body'],
  primaryKey: ['id'],
  indexes: [['size']],
};

export const PAIRS: Table = {
  name: 'pairs',
  columns: { a: 'text', b: 'integer', value: 'text' },
  primaryKey: ['a', 'b'],
};

export const CONTRACT_TABLES: readonly Table[] = [...AUDIT_TABLES, THINGS, PAIRS, PARTED];

export function thing(id: string, more: Put['row'] = {}, mode: Put['mode'] = 'insert'): Put {
  return {
    table: THINGS,
    mode,
    row: { id, size: 1, body: toUtf8(id), note: null, log_index: null, ...more },
  };
}

export function event(id: string, timeMs = 1_700_000_000_000): Event {
  const object = { type: 'thing', id };
  return {
    timeMs,
    action: 'log.entry-added',
    actor: { kind: 'system' },
    object,
    outcome: 'done',
    data: { id },
  };
}

export function leafOf(text: string): Leaf {
  const bytes = toUtf8(text);
  return { log: 'signature', hashed: bytes, stored: bytes };
}

export function provesItself(leaf: LeafReceipt): boolean {
  const { index, treeSize: size, leafHash, proof, rootHash: root } = leaf;
  return verifyInclusion({ index, size, leafHash, proof, root });
}

/** Runs the contract against fresh stores over `CONTRACT_TABLES`. */
export function storeContract(name: string, open: () => Promise<Store>): void {
  const scene: Scene = (title, run) => {
    test(`${name}: ${title}`, async () => {
      const store = await open();
      try {
        await run(store);
        for (const log of ['signature', 'audit'] as const) checkLog({ tiles: store.tiles, log });
      } finally {
        await store.close();
      }
    });
  };

  scene('a committed row is read back with the types that it had', async (store) => {
    const body = Uint8Array.of(0, 255, 1);
    await store.commit(change({ puts: [thing('ü\u0000x', { size: 2 ** 53 - 1, body, note: '' })] }));
    const row = store.records.get(THINGS, { id: 'ü\u0000x' });
    assert.deepEqual(row, { id: 'ü\u0000x', size: 2 ** 53 - 1, body, note: '', log_index: null });
    assert.equal(store.records.get(THINGS, { id: 'ü' }), undefined);
    assert.equal(store.records.count(THINGS), 1);
  });

  scene('inserting an existing key is a conflict and changes nothing', async (store) => {
    await store.commit(change({ puts: [thing('a', { note: 'first' })] }));
    const second = change({
      puts: [thing('b'), thing('a', { note: 'second' })],
      leaves: [leafOf('x')],
      events: [event('a')],
    });
    await assert.rejects(store.commit(second), refused('SY-STORE-CONFLICT'));
    assert.equal(store.records.get(THINGS, { id: 'a' })?.['note'], 'first');
    assert.equal(store.records.get(THINGS, { id: 'b' }), undefined);
    assert.equal(store.tiles.head('signature').size, 0);
    assert.equal(store.tiles.head('audit').size, 0);
  });

  scene('replace overwrites, delete removes, deleting what is not there does nothing', async (store) => {
    await store.commit(change({ puts: [thing('a')] }));
    await store.commit(change({ puts: [thing('a', { note: 'new' }, 'replace')] }));
    assert.equal(store.records.get(THINGS, { id: 'a' })?.['note'], 'new');
    const remove: Put = { table: THINGS, mode: 'delete', row: { id: 'a' } };
    await store.commit(change({ puts: [remove] }));
    await store.commit(change({ puts: [remove] }));
    assert.equal(store.records.count(THINGS), 0);
  });

  scene('preconditions hold in the same transaction or refuse the change', async (store) => {
    await store.commit(change({ puts: [thing('a', { size: 7 })] }));
    const when = (expect: 'absent' | Record<string, string | number | null | Uint8Array>, id = 'a') =>
      store.commit(
        change({
          puts: [thing('b', {}, 'replace')],
          preconditions: [{ table: THINGS, key: { id }, expect }],
        }),
      );
    await when({ size: 7, note: null, body: toUtf8('a') });
    await when('absent', 'none');
    await assert.rejects(when({ size: 8 }), refused('SY-STORE-CONFLICT'));
    await assert.rejects(when({ body: toUtf8('b') }), refused('SY-STORE-CONFLICT'));
    await assert.rejects(when('absent'), refused('SY-STORE-CONFLICT'));
    await assert.rejects(when({ size: 7 }, 'none'), refused('SY-STORE-CONFLICT'));
  });

  scene('a refused change spoils none of those submitted with it', async (store) => {
    await store.commit(change({ puts: [thing('taken')] }));
    const all = Array.from({ length: 300 }, (_, i) => {
      const id = i % 3 === 0 ? 'taken' : `t${i}`;
      return store.commit(
        change({ puts: [thing(id, { log_index: { leafIndexOf: 0 } })], leaves: [leafOf(id)] }),
      );
    });
    const settled = await Promise.allSettled(all);
    assert.equal(settled.filter(({ status }) => status === 'rejected').length, 100);
    assert.equal(store.records.count(THINGS), 201);
    assert.equal(store.tiles.head('signature').size, 200);
    for (const [i, one] of settled.entries()) {
      if (one.status === 'rejected') continue;
      const [leaf] = one.value.leaves;
      assert.ok(leaf !== undefined && provesItself(leaf));
      assert.equal(store.records.get(THINGS, { id: `t${i}` })?.['log_index'], leaf.index);
      assert.equal(fromUtf8(store.tiles.entry('signature', leaf.index) ?? new Uint8Array()), `t${i}`);
    }
  });

  scene('of many who insert the same key exactly one succeeds', async (store) => {
    const all = Array.from({ length: 64 }, (_, i) =>
      store.commit(change({ puts: [thing('one', { size: i })] })),
    );
    const settled = await Promise.allSettled(all);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  scene('thousands of concurrent changes get each its own index, and each proof verifies', async (store) => {
    const many = await Promise.all(
      Array.from({ length: 2000 }, (_, i) =>
        store.commit(
          change({ puts: [thing(`${i}`)], leaves: [leafOf(`leaf ${i}`)], events: [event(`${i}`)] }),
        ),
      ),
    );
    assert.equal(new Set(many.map(({ leaves }) => leaves[0]?.index)).size, 2000);
    assert.equal(new Set(many.flatMap(({ eventIndexes }) => eventIndexes)).size, 2000);
    assert.ok(many.every(({ leaves }) => leaves.length === 1 && leaves.every(provesItself)));
    const heads = new Map(
      many
        .flatMap(({ leaves }) => leaves)
        .map((l) => [l.treeSize, { size: l.treeSize, rootHash: l.rootHash }]),
    );
    checkLog({ tiles: store.tiles, log: 'signature', atLeast: 2000, seen: [...heads.values()].slice(-5) });
    assert.equal(store.records.count(THINGS), 2000);
  });

  scene('changes submitted one after the other keep their order', async (store) => {
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.commit(change({ leaves: [leafOf(`${i}`)] }))),
    );
    assert.deepEqual(
      all.map(({ leaves }) => leaves[0]?.index),
      Array.from({ length: 50 }, (_, i) => i),
    );
  });

  scene('the writer puts a leaf index where the leaf wants it', async (store) => {
    const room = {
      log: 'certificate' as const,
      hashed: toUtf8('aa-----'),
      stored: toUtf8('b-----'),
      indexAt: { hashed: 2, stored: 1 },
    };
    const receipt = await store.commit(change({ leaves: [room, room, leafOf('x'), room] }));
    assert.deepEqual(
      receipt.leaves.map(({ log, index }) => `${log} ${index}`),
      ['certificate 0', 'certificate 1', 'signature 0', 'certificate 2'],
    );
    assert.deepEqual(store.tiles.entry('certificate', 2), Uint8Array.of(0x62, 0, 0, 0, 0, 2));
    checkLog({
      tiles: store.tiles,
      log: 'certificate',
      atLeast: 3,
      hashedOf: (_, index) => Uint8Array.of(0x61, 0x61, 0, 0, 0, 0, index),
    });
  });

  scene('an event is a row and a leaf with the same canonical bytes', async (store) => {
    const told = event('x');
    const { eventIndexes } = await store.commit(change({ puts: [thing('x')], events: [event('w'), told] }));
    assert.deepEqual(eventIndexes, [0, 1]);
    assert.equal(fromUtf8(store.tiles.entry('audit', 1) ?? new Uint8Array()), recordText(told));
    const [found] = searchEvents(store.records, { objectType: 'thing', objectId: 'x', limit: 10 });
    assert.equal(found?.logIndex, 1);
    assert.deepEqual(found?.record['data'], { id: 'x' });
  });

  scene('rows are found by equality and range, in key order, in pages, in both directions', async (store) => {
    const puts = Array.from(
      { length: 20 },
      (_, i): Put => ({
        table: PAIRS,
        mode: 'insert',
        row: { a: i < 10 ? 'ä' : 'z', b: i % 10, value: `${i}` },
      }),
    );
    await store.commit(change({ puts }));
    const values = (query: Parameters<Store['records']['find']>[1]) =>
      store.records.find(PAIRS, query).map((row) => row['value']);
    assert.deepEqual(values({ where: { a: 'z' }, limit: 3 }), ['10', '11', '12']);
    assert.deepEqual(values({ where: {}, limit: 2 }), ['10', '11'], 'texts are ordered by their UTF-8 bytes');
    assert.deepEqual(values({ where: {}, limit: 3, after: { a: 'z', b: 8 } }), ['19', '0', '1']);
    assert.deepEqual(values({ where: {}, limit: 3, reverse: true, after: { a: 'ä', b: 1 } }), [
      '0',
      '19',
      '18',
    ]);
    assert.deepEqual(values({ where: { a: 'ä' }, range: { column: 'b', atLeast: 3, below: 5 }, limit: 9 }), [
      '3',
      '4',
    ]);
    assert.deepEqual(values({ where: { value: 'none' }, limit: 9 }), []);
  });

  scene('a change that no store could take is the fault of its maker', async (store) => {
    const wrong: Partial<Change>[] = [
      { puts: [{ table: { ...THINGS, name: 'unknown' }, mode: 'insert', row: {} }] },
      { puts: [thing('a', { extra: 1 })] },
      { puts: [thing('a', { size: null })] },
      { puts: [thing('a', { size: 1.5 })] },
      { puts: [thing('a', { size: '1' })] },
      { puts: [thing('a', { log_index: { leafIndexOf: 0 } })] },
      { puts: [{ table: PAIRS, mode: 'delete', row: { a: 'x' } }] },
      { leaves: [{ ...leafOf('a'), log: 'audit' }] },
      { leaves: [{ ...leafOf('abc'), indexAt: { hashed: 0, stored: 0 } }] },
      { preconditions: [{ table: THINGS, key: { id: 'a' }, expect: { misspelt: 1 } }] },
    ];
    for (const parts of wrong) await assert.rejects(store.commit(change(parts)), TypeError);
    assert.throws(() => store.records.find(THINGS, { where: { misspelt: 1 }, limit: 1 }), TypeError);
    assert.equal(store.records.count(THINGS), 0);
  });

  scene('an entry or event beyond 65,535 bytes is refused, one of that size is taken', async (store) => {
    const bytes = new Uint8Array(65_535);
    await store.commit(change({ leaves: [{ log: 'signature', hashed: bytes, stored: bytes }] }));
    const tooLong = new Uint8Array(65_536);
    const leaf: Leaf = { log: 'signature', hashed: tooLong, stored: tooLong };
    await assert.rejects(store.commit(change({ leaves: [leaf] })), refused('SY-LOG-ENTRY-TOO-LARGE'));
    const loud: Event = { ...event('x'), data: { text: 'x'.repeat(65_536) } };
    await assert.rejects(store.commit(change({ events: [loud] })), refused('SY-LOG-ENTRY-TOO-LARGE'));
  });

  scene('bytes that the caller changes after the answer stay as they were committed', async (store) => {
    const body = toUtf8('before');
    await store.commit(
      change({ puts: [thing('a', { body })], leaves: [{ log: 'signature', hashed: body, stored: body }] }),
    );
    body.fill(0);
    assert.deepEqual(store.records.get(THINGS, { id: 'a' })?.['body'], toUtf8('before'));
    assert.deepEqual(store.tiles.entry('signature', 0), toUtf8('before'));
  });

  scene('tiles and entries beyond the tree are absent, whatever numbers ask for them', async (store) => {
    await store.commit(change({ leaves: Array.from({ length: 300 }, (_, i) => leafOf(`${i}`)) }));
    const { tiles } = store;
    assert.equal(tiles.tile('signature', 0, 0, 256)?.length, 8192);
    assert.equal(tiles.tile('signature', 0, 1, 44)?.length, 44 * 32);
    assert.equal(tiles.tile('signature', 1, 0, 1)?.length, 32);
    for (const [level, index, width] of [
      [0, 1, 45],
      [0, 0, 0],
      [0, 0, 257],
      [1, 0, 2],
      [0, -1, 1],
      [0, 0.5, 1],
      [9, 0, 1],
      [0, 2 ** 52, 1],
      [Number.NaN, 0, 1],
    ] as const) {
      assert.equal(tiles.tile('signature', level, index, width), undefined, `${level}/${index}.p/${width}`);
      if (level === 0) assert.equal(tiles.entries('signature', index, width), undefined);
    }
    for (const index of [-1, 300, 0.5, Number.NaN, 2 ** 60])
      assert.equal(tiles.entry('signature', index), undefined);
  });

  partitionScenes(scene);

  scene('the record of an event is read from the log, where alone it is', async (store) => {
    await store.commit(change({ events: [event('a')] }));
    const [row] = store.records.find(AUDIT_TABLES[0] as Table, { where: { object_id: 'a' }, limit: 1 });
    assert.equal(row?.['record'], recordText(event('a')));
    assert.deepEqual(store.tiles.entry('audit', 0), toUtf8(recordText(event('a'))));
    assert.throws(
      () => store.records.find(AUDIT_TABLES[0] as Table, { where: { record: 'x' }, limit: 1 }),
      TypeError,
    );
  });

  test(`${name}: a closed store takes no more changes`, async () => {
    const store = await open();
    const last = store.commit(change({ puts: [thing('a')] }));
    await store.close();
    await last;
    await assert.rejects(store.commit(change({})), refused('SY-STORE-CLOSED'));
    await store.close();
  });
}
