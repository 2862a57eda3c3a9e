// x509-limbo (C2SP): each judged case agrees or is in the table of disagreements; each skipped one has a reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { DISAGREEMENTS, judge, type LimboCase } from '../conformance/limbo-cases.ts';
import { readVectors, skip } from './vectors.ts';

describe('x509-limbo', { skip }, () => {
  const cases =
    skip === false ? readVectors<{ testcases: LimboCase[] }>('x509-limbo', 'limbo.json').testcases : [];
  const now = new Date('2026-01-01T00:00:00Z');
  const results = cases.map((testcase) => ({ testcase, result: judge(testcase, now) }));

  test('every judged case agrees, or has a written reason', () => {
    const differing = results
      .filter(({ result }) => result.actual_result !== 'SKIPPED')
      .filter(({ testcase, result }) => result.actual_result !== testcase.expected_result)
      .map(({ testcase }) => testcase.id);
    assert.deepEqual(differing, Object.keys(DISAGREEMENTS));
  });

  test('no case of RFC 5280, CRLs, path lengths, CVEs or pathological chains is skipped', () => {
    const skipped = results
      .filter(({ result }) => result.actual_result === 'SKIPPED')
      .map(({ testcase }) => testcase.id.split('::')[0] ?? '');
    assert.deepEqual([...new Set(skipped)].sort(), ['webpki']);
  });

  test('every skipped case says why', () => {
    for (const { result } of results)
      if (result.actual_result === 'SKIPPED') assert.ok((result.context ?? '').length > 20, result.id);
  });

  test('the executable answers in the result format of the suite', () => {
    const suite = JSON.stringify({ version: 1, testcases: cases.slice(0, 12) });
    const ran = spawnSync('test/conformance/limbo', { input: suite, timeout: 30_000 });
    assert.equal(ran.status, 0, ran.stderr.toString());
    const answer = JSON.parse(ran.stdout.toString()) as Record<string, unknown>;
    assert.deepEqual(answer, {
      version: 1,
      harness: 'sealyard',
      results: results.slice(0, 12).map(({ result }) => result),
    });
  });
});
