// Token buckets: exact, honest about the wait, bounded in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENROL_DEFAULTS } from '../../src/enrol/config.ts';
import { EnrolError } from '../../src/enrol/problem.ts';
import { type LimitKind, RateLimits } from '../../src/enrol/rate-limits.ts';
import { TestClock } from './scene.ts';

function limitsOf(
  clock: TestClock,
  change: Partial<Record<LimitKind, { burst: number; perSecond: number }>>,
  mostBuckets = 100,
) {
  return new RateLimits({ limits: { ...ENROL_DEFAULTS.limits, ...change }, mostBuckets }, clock);
}

function waitOf(run: () => void): number | undefined {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof EnrolError && error.code === 'SY-ENROL-RATE-LIMITED');
    return error.retryAfterSeconds;
  }
  return undefined;
}

test('after the promised seconds it works, and a second before it does not', () => {
  const clock = new TestClock();
  const limits = limitsOf(clock, { ordersByAccount: { burst: 3, perSecond: 0.25 } });
  const take = () => waitOf(() => limits.take({ kind: 'ordersByAccount', key: 'a' }));
  assert.deepEqual([take(), take(), take(), take()], [undefined, undefined, undefined, 4]);
  clock.advance(3);
  assert.equal(take(), 1);
  clock.advance(1);
  assert.deepEqual([take(), take()], [undefined, 4]);
});

test('a request that one limit refuses takes nothing from the others', () => {
  const clock = new TestClock();
  const limits = limitsOf(clock, {
    ordersByAccount: { burst: 2, perSecond: 1 },
    ordersByName: { burst: 1, perSecond: 1 },
  });
  const take = (name: string) =>
    waitOf(() => limits.take({ kind: 'ordersByAccount', key: 'a' }, { kind: 'ordersByName', key: name }));
  assert.deepEqual([take('x'), take('x'), take('x'), take('y')], [undefined, 1, 1, undefined]);
});

test('a limit that never refills says a day, and a clock that goes back gives nothing', () => {
  const clock = new TestClock();
  const limits = limitsOf(clock, { ordersByAccount: { burst: 1, perSecond: 0 } });
  const take = () => waitOf(() => limits.take({ kind: 'ordersByAccount', key: 'a' }));
  assert.deepEqual([take(), take()], [undefined, 86_400]);
  clock.advance(-1000);
  assert.equal(take(), 86_400);
});

test('a flood of keys does not grow without end, and forgets those first that were not used longest', () => {
  const clock = new TestClock();
  const limits = limitsOf(clock, { ordersByName: { burst: 1, perSecond: 0 } }, 10);
  const take = (key: string) => waitOf(() => limits.take({ kind: 'ordersByName', key }));
  take('kept');
  for (let i = 0; i < 1000; i++) {
    take(`n${i}`);
    assert.equal(take('kept'), 86_400, 'in use, and so remembered');
  }
  assert.equal(take('n0'), undefined, 'forgotten');
  assert.equal(take('n999'), 86_400);
});
