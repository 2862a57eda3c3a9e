// When certificates are renewed and how long failures wait, whatever the clock and the server say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtRisk, pauseMs, renewalTime } from '../../src/agent/schedule.ts';
import { makeParty } from '../formats/x509-factory.ts';

const DAY = 86_400_000;
const start = new Date('2026-01-01T00:00:00Z');
const leaf = makeParty({ notBefore: start, notAfter: new Date(start.getTime() + 30 * DAY) }).certificate;
const daysIn = (at: Date) => (at.getTime() - start.getTime()) / DAY;

test('without a word of the server, a certificate is renewed at two thirds of its life, spread over a twelfth', () => {
  assert.equal(daysIn(renewalTime(leaf, undefined, 0)), 20);
  assert.equal(daysIn(renewalTime(leaf, undefined, 1)), 22.5);
});

test('a window of the server decides, also one in the past', () => {
  const at = (days: number) => new Date(start.getTime() + days * DAY);
  const window = { start: at(-2), end: at(-1), askAgainAt: at(0) };
  assert.equal(daysIn(renewalTime(leaf, window, 0.5)), -1.5);
});

test('each failure waits twice as long, and never a tenth of what is left', () => {
  const wait = (failures: number, remainingMs: number | undefined, retryAfterSeconds?: number) =>
    pauseMs({ failures, remainingMs, retryAfterSeconds, chance: 0.5 });
  assert.equal(wait(1, 30 * DAY), 30_000);
  assert.equal(wait(4, 30 * DAY), 240_000);
  assert.equal(wait(40, 30 * DAY), 6 * 3_600_000, 'bounded');
  assert.equal(wait(40, 3_600_000), 360_000, 'sooner where the end is near');
  assert.equal(wait(40, 0), 6 * 3_600_000, 'and not in a loop once it has come');
  assert.ok(wait(9, 1) >= 5_000, 'never hammers');
  assert.equal(wait(1, 30 * DAY, 7200), 7_200_000, 'what the server asks for');
  assert.equal(wait(1, 3_600_000, 7200), 30_000, 'unless that is past the end');
});

test('a certificate is at risk only when it fails in its last sixth', () => {
  const at = (days: number) => new Date(start.getTime() + days * DAY);
  assert.equal(isAtRisk(leaf, 3, at(24)), false);
  assert.equal(isAtRisk(leaf, 0, at(29)), false);
  assert.equal(isAtRisk(leaf, 1, at(26)), true);
});
