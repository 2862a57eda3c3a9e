// `npm test [-- PATH…]`: every test that this machine can run, with a last line that a person and a script can read.
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { findTests } from './test-files.ts';
import { readExpectedSkips, report } from './test-report.ts';

const FILE_TIMEOUT_MS = 300_000;

const files = findTests(process.argv.slice(2));
if (files.length === 0) {
  process.stderr.write('no test file matches\n');
  process.exit(2);
}
const events = run({
  files,
  // Test files wait for I/O and for other processes a good part of their time.
  concurrency: Math.max(2, availableParallelism()),
  timeout: FILE_TIMEOUT_MS,
});
const isCi = (process.env['CI'] ?? '') !== '';
const outcome = await report(events, {
  write: (text) => void process.stdout.write(text),
  expectedSkips: isCi ? readExpectedSkips() : undefined,
});
process.exitCode = outcome.isGood ? 0 : 1;
