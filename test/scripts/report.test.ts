// The last line of a test run can be trusted: what passes, fails, skips, and what only looks like a test.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../driver/folder.ts';

const RUNNER = resolve('scripts/test.ts');

interface Skip {
  readonly test: string;
  readonly reason: string;
}

/** Runs the runner in a folder with one test file; with expected skips as in CI. */
async function reportOf(
  source: string,
  expectedSkips?: readonly Skip[],
): Promise<{ good: boolean; last: string; text: string }> {
  using folder = temporaryFolder('report');
  mkdirSync(folder.file('test'));
  writeFileSync(folder.file('test/sample.test.ts'), `import { describe, test } from 'node:test';\n${source}`);
  if (expectedSkips !== undefined)
    writeFileSync(folder.file('test/expected-skips.json'), JSON.stringify(expectedSkips));
  const environment = { PATH: process.env['PATH'], ...(expectedSkips === undefined ? {} : { CI: 'true' }) };
  return await new Promise((settle) => {
    execFile(process.execPath, [RUNNER], { cwd: folder.path, env: environment }, (error, stdout) => {
      settle({ good: error === null, last: stdout.trimEnd().split('\n').at(-1) ?? '', text: stdout });
    });
  });
}

test('passes are counted, in suites too', async () => {
  const { good, last } = await reportOf(
    `test('a', () => {}); describe('b', () => { test('c', () => {}); test('d', () => {}); });`,
  );
  assert.deepEqual([good, last], [true, '3 passed, 0 failed, 0 skipped']);
});

test('a failure inside a suite is counted once and shown with its error', async () => {
  const { good, last, text } = await reportOf(
    `describe('b', () => { test('c', () => { throw new Error('broken here'); }); });`,
  );
  assert.deepEqual([good, last], [false, '0 passed, 1 failed, 0 skipped']);
  assert.match(text, /broken here/);
});

test('a file without a test fails, and so does one that breaks before its tests', async () => {
  assert.equal((await reportOf('')).last, '0 passed, 1 failed, 0 skipped');
  assert.equal((await reportOf(`throw new Error('early');`)).last, '0 passed, 1 failed, 0 skipped');
});

test('a skip is listed with its reason; one without a reason fails', async () => {
  const listed = await reportOf(`test('a', () => {}); test('b', { skip: 'no such program' }, () => {});`);
  assert.deepEqual([listed.good, listed.last], [true, '1 passed, 0 failed, 1 skipped']);
  assert.match(listed.text, /skipped: .*sample\.test\.ts: b \(no such program\)/);
  assert.equal((await reportOf(`test('b', { skip: true }, () => {});`)).good, false);
});

test('in CI a skip that is expected with its reason passes, any other fails', async () => {
  const source = `test('a', () => {}); test('b', { skip: 'no such program' }, () => {});`;
  const skip = { test: 'test/sample.test.ts: b', reason: 'no such program' };
  assert.equal((await reportOf(source, [skip])).good, true);
  assert.equal((await reportOf(source, [])).good, false);
  assert.equal((await reportOf(source, [{ ...skip, reason: 'another' }])).good, false);
});

test('a test that is marked as to be done fails', async () => {
  assert.equal(
    (await reportOf(`test('a', () => {}); test('b', { ${'to'}do: 'later' }, () => {});`)).good,
    false,
  );
});
