// Events: one spelling for the leaf, rows that find them again.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { actorText, dataOf, recordOf, recordText } from '../../src/audit/record.ts';
import { searchEvents } from '../../src/audit/search.ts';
import { leafHash } from '../../src/formats/merkle.ts';
import { concat, fromUtf8, toHex } from '../../src/ground/bytes.ts';
import type { Event } from '../../src/ground/events.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

const BASE: Event = {
  timeMs: 1_700_000_000_123,
  action: 'certificate.issued',
  actor: { kind: 'identity', id: 'repo:acme/shop', issuer: 'https://token.example' },
  object: { type: 'certificate', id: '0a1f' },
  outcome: 'done',
  policyVersion: 'sha256:00',
  data: { z: 1, a: ['ü', null, true], é: { '10': 1, '9': 2 } },
};

test('a record is canonical JSON (RFC 8785): sorted members, no white space, UTF-8', () => {
  assert.equal(
    recordText(BASE),
    '{"action":"certificate.issued","actor":{"id":"repo:acme/shop","issuer":"https://token.example","kind":"identity"},' +
      '"data":{"a":["ü",null,true],"z":1,"é":{"10":1,"9":2}},"object":{"id":"0a1f","type":"certificate"},' +
      '"outcome":"done","policyVersion":"sha256:00","time":"2023-11-14T22:13:20.123Z"}',
  );
  assert.equal(fromUtf8(recordOf(BASE)), recordText(BASE));
});

test('the order in which an event was put together does not change its leaf', () => {
  const { timeMs, action, ...rest } = BASE;
  assert.deepEqual(recordOf({ ...rest, action, timeMs }), recordOf(BASE));
});

test('an event without a policy has no such member, and no action of the system names an issuer', () => {
  const { policyVersion, ...event } = BASE;
  assert.ok(policyVersion !== undefined && !recordText(event).includes('policyVersion'));
  assert.equal(actorText({ kind: 'system' }), 'system');
});

test('anyone can recompute the leaf of an event from its record', async () => {
  const store = createMemoryStore();
  await store.commit({ puts: [], events: [BASE] });
  const record = store.tiles.entry('audit', 0) ?? new Uint8Array();
  const expected = createHash('sha256')
    .update(concat(Uint8Array.of(0), record))
    .digest('hex');
  assert.equal(toHex(store.tiles.tile('audit', 0, 0, 1) ?? new Uint8Array()), expected);
  assert.equal(toHex(leafHash(recordOf(BASE))), expected);
});

test('a search narrows by everything that it names, newest first, in pages', async () => {
  const store = createMemoryStore();
  const events = Array.from(
    { length: 30 },
    (_, i): Event => ({
      ...BASE,
      timeMs: 1000 + i,
      outcome: i % 3 === 0 ? 'refused' : 'done',
      actor: i % 2 === 0 ? { kind: 'system' } : BASE.actor,
      object: { type: 'certificate', id: `${i % 10}` },
      data: { i },
    }),
  );
  await store.commit({ puts: [], events });
  const found = (query: Omit<Parameters<typeof searchEvents>[1], 'limit'>, limit = 100) =>
    searchEvents(store.records, { ...query, limit }).map((event) => dataOf(event, 'i'));
  assert.deepEqual(found({}, 2), [29, 28]);
  assert.deepEqual(found({ after: 28 }, 2), [27, 26]);
  assert.deepEqual(found({ oldestFirst: true, after: 1 }, 2), [2, 3]);
  assert.deepEqual(found({ objectType: 'certificate', objectId: '4' }), [24, 14, 4]);
  assert.deepEqual(found({ objectId: '4', outcome: 'refused' }), [24]);
  assert.deepEqual(found({ actor: 'system', fromMs: 1004, untilMs: 1009 }), [8, 6, 4]);
  assert.deepEqual(found({ actor: actorText(BASE.actor), objectId: '4' }), []);
  assert.deepEqual(found({ policyVersion: 'sha256:01' }), []);
  assert.equal(searchEvents(store.records, { limit: 0 }).length, 1);
});

test('names from outside in an event stay data: quotes, NUL and prototype names included', async () => {
  const store = createMemoryStore();
  const hostile = `x' OR 1=1 --\u0000"\u2028`;
  const data = JSON.parse(`{"__proto__":{"admin":true},"constructor":"${'x'.repeat(10)}"}`);
  await store.commit({ puts: [], events: [{ ...BASE, object: { type: 'image', id: hostile }, data }] });
  const [event] = searchEvents(store.records, { objectId: hostile, limit: 5 });
  assert.equal(event?.object.id, hostile);
  assert.match(
    fromUtf8(store.tiles.entry('audit', 0) ?? new Uint8Array()) ?? '',
    /"__proto__":\{"admin":true\}/,
  );
  assert.equal(searchEvents(store.records, { objectId: "x' OR 1=1 --", limit: 5 }).length, 0);
});
