// Nonces: once, for an hour, across starts and processes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { ACME_NONCES } from '../../../src/enrol/nonce-table.ts';
import type { Records } from '../../../src/ground/change.ts';
import { createNonces, type Nonces } from '../../../src/protocols/acme/nonces.ts';
import { UsedNonces } from '../../../src/protocols/acme/used-nonces.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { refused } from '../../formats/refused.ts';

const HOUR_MS = 3_600_000;

class TestClock {
  ms = Date.parse('2026-11-24T10:00:00Z');
  now(): Date {
    return new Date(this.ms);
  }
}

function desk(o: { macKey?: Uint8Array; clock?: TestClock; records?: Records } = {}): Nonces {
  return createNonces({
    macKey: o.macKey ?? new Uint8Array(32).fill(1),
    clock: o.clock ?? new TestClock(),
    records: o.records ?? createMemoryStore({ tables: [ACME_NONCES] }).records,
    random: { bytes: (size) => new Uint8Array(randomBytes(size)) },
  });
}

describe('a nonce', () => {
  test('is base64url of more than 128 bits, and no two are alike', () => {
    const nonces = desk();
    const made = Array.from({ length: 1000 }, () => nonces.issue());
    assert.equal(new Set(made).size, 1000);
    for (const nonce of made) assert.match(nonce, /^[A-Za-z0-9_-]{43}$/);
  });

  test('is taken once', () => {
    const nonces = desk();
    const nonce = nonces.check(nonces.issue());
    nonces.use(nonce);
    refused('SY-ACME-NONCE', () => nonces.use(nonce));
  });

  test('is not used up by being looked at, and nonces may come in any order', () => {
    const nonces = desk();
    const made = [nonces.issue(), nonces.issue(), nonces.issue()];
    for (const text of made) nonces.check(text);
    for (const text of made.toReversed()) nonces.use(nonces.check(text));
  });

  test('is taken for an hour', () => {
    const clock = new TestClock();
    const nonces = desk({ clock });
    const text = nonces.issue();
    clock.ms += HOUR_MS;
    nonces.check(text);
    clock.ms += 1;
    refused('SY-ACME-NONCE', () => nonces.check(text));
  });

  test('from a clock that is ahead of ours by minutes is not taken', () => {
    const ahead = new TestClock();
    ahead.ms += 120_000;
    const text = desk({ clock: ahead }).issue();
    refused('SY-ACME-NONCE', () => desk().check(text));
  });

  test('is refused with any octet changed, cut, or made with another key', () => {
    const nonces = desk();
    const bytes = Buffer.from(nonces.issue(), 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      refused('SY-ACME-NONCE', () => nonces.check(changed.toString('base64url')), `${i}`);
    }
    refused('SY-ACME-NONCE', () => nonces.check(bytes.subarray(1).toString('base64url')));
    refused('SY-ACME-NONCE', () => nonces.check(''));
    refused('SY-ACME-NONCE', () => nonces.check(desk({ macKey: new Uint8Array(32) }).issue()));
  });

  test('RFC 8555 §6.5.2: that is not base64url is malformed', () => {
    for (const text of ['+/+/', 'AA==', 'AB', 'ä', ' '])
      refused('SY-ACME-MALFORMED', () => desk().check(text), text);
  });
});

describe('across starts and processes', () => {
  test('a nonce of before the restart is taken, once', () => {
    const text = desk().issue();
    const later = desk();
    later.use(later.check(text));
    refused('SY-ACME-NONCE', () => later.use(later.check(text)));
  });

  test('a nonce that a change used is refused by every other process and after every start', async () => {
    const store = createMemoryStore({ tables: [ACME_NONCES] });
    const { records } = store;
    const first = desk({ records });
    const nonce = first.check(first.issue());
    first.use(nonce);
    await store.commit({ puts: first.puts(nonce), events: [] });
    const second = desk({ records });
    assert.ok(second.isRecorded(nonce));
    refused('SY-ACME-NONCE', () => second.use(nonce));
  });

  test('two processes that take a nonce at the same moment: one of the changes conflicts', async () => {
    const store = createMemoryStore({ tables: [ACME_NONCES] });
    const { records } = store;
    const [first, second] = [desk({ records }), desk({ records })];
    const nonce = first.check(first.issue());
    first.use(nonce);
    second.use(nonce);
    const outcomes = await Promise.allSettled(
      [first, second].map((each) => store.commit({ puts: each.puts(nonce), events: [] })),
    );
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('rows of expired nonces leave with later changes', async () => {
    const clock = new TestClock();
    const store = createMemoryStore({ tables: [ACME_NONCES] });
    const nonces = desk({ clock, records: store.records });
    const spend = async () => {
      const nonce = nonces.check(nonces.issue());
      nonces.use(nonce);
      await store.commit({ puts: nonces.puts(nonce), events: [] });
    };
    for (let i = 0; i < 100; i++) await spend();
    assert.equal(store.records.count(ACME_NONCES), 100);
    clock.ms += HOUR_MS + 60_001;
    for (let i = 0; i < 64; i++) await spend();
    assert.equal(store.records.count(ACME_NONCES), 64);
  });
});

describe('the memory of used nonces', () => {
  test('is exact, and bounded: what it forgets counts as used', () => {
    const used = new UsedNonces(2);
    assert.ok(used.use('a', 0) && used.use('a', 65_535) && used.use('a', 65_536));
    assert.equal(used.use('a', 0), false);
    assert.equal(used.use('a', 65_536), false);
    assert.ok(used.use('b', 7));
    // The third chunk took the place of the first.
    assert.equal(used.use('a', 1), false);
    assert.ok(used.use('a', 65_537));
  });
});
