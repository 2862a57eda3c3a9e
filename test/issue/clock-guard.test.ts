// The clock that cannot be right, judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClockGuard, judgeClock } from '../../src/issue/clock-guard.ts';
import { clockRefusedEvent, lastRecordedMs } from '../../src/issue/clock-record.ts';
import { hasCode } from '../contract/keystore.ts';
import { openTestYard } from './harness.ts';

const buildDate = new Date('2026-06-01T00:00:00Z');
const lastRecorded = new Date('2026-11-24T10:00:00Z');
const judge = (now: string) => judgeClock({ now: new Date(now), lastRecorded, buildDate });

test('a clock within a minute of the record, or ahead of it, is believed', () => {
  for (const now of ['2026-11-24T09:59:00Z', '2026-11-24T10:00:00Z', '2030-01-01T00:00:00Z'])
    assert.equal(judge(now).ok, true, now);
});

test('a clock that is behind, before the build, or ten years after it is not', () => {
  const cases = [
    ['2026-11-24T09:58:59Z', 'jumped-back'],
    ['2026-05-31T23:59:59Z', 'before-build'],
    ['1970-01-01T00:00:00Z', 'before-build'],
    ['2036-06-01T00:00:01Z', 'far-future'],
    ['no date', 'before-build'],
  ] as const;
  for (const [now, reason] of cases) {
    const judgement = judge(now);
    assert.equal(judgement.ok === false && judgement.reason, reason, now);
  }
});

test('the guard tells each refusal once, and again after it recovered', () => {
  let now = new Date('2027-01-01T00:00:00Z');
  const told: string[] = [];
  const guard = createClockGuard({
    clock: { now: () => now },
    buildDate,
    lastRecordedMs: now.getTime(),
    onRefusal: ({ reason }) => told.push(reason),
  });
  guard.now();
  now = new Date('2026-12-31T00:00:00Z');
  assert.throws(() => guard.now(), hasCode('SY-ISSUE-CLOCK'));
  assert.throws(() => guard.now(), hasCode('SY-ISSUE-CLOCK'));
  now = new Date('2027-01-01T00:00:01Z');
  guard.now();
  now = new Date('1999-01-01T00:00:00Z');
  assert.throws(() => guard.now(), hasCode('SY-ISSUE-CLOCK'));
  assert.deepEqual(told, ['jumped-back', 'before-build']);
});

test('what was recorded while the clock was absurd does not stop issuing once it is right again', async () => {
  const { store } = await openTestYard();
  const event = (at: string) =>
    ({
      timeMs: Date.parse(at),
      action: 'yard.started',
      actor: { kind: 'system' },
      object: { type: 'yard', id: 'x' },
      outcome: 'done',
      data: {},
    }) as const;
  const absurd = new Date('2046-11-19T00:00:00Z');
  const judgement = { ok: false, reason: 'far-future', detail: 'x' } as const;
  await store.commit({
    puts: [],
    events: [
      event('2027-01-01T00:00:00Z'),
      event(absurd.toISOString()),
      clockRefusedEvent(judgement, absurd),
    ],
  });
  assert.equal(lastRecordedMs(store.records, buildDate), Date.parse('2027-01-01T00:00:00Z'));
});
