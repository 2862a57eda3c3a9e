// `npm run interop [-- NAME…]`: the suites with outside clients, on the built artefact, one after the other.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { run } from 'node:test';
import { readExpectedSkips, report } from '../../scripts/test-report.ts';

const SUITE_TIMEOUT_MS = 600_000;

const suites = globSync('test/interop/**/*.interop.ts').sort();
const nameOf = (file: string): string => basename(file, '.interop.ts');
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !suites.some((file) => nameOf(file) === name));
if (unknown.length > 0) {
  process.stderr.write(`no such suite: ${unknown.join(', ')}; there are ${suites.map(nameOf).join(', ')}\n`);
  process.exit(2);
}
const built = spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
if (built.status !== 0) process.exit(1);
const files = suites.filter((file) => wanted.length === 0 || wanted.includes(nameOf(file)));
const outcome = await report(run({ files, concurrency: 1, timeout: SUITE_TIMEOUT_MS }), {
  write: (text) => void process.stdout.write(text),
  expectedSkips: (process.env['CI'] ?? '') === '' ? undefined : readExpectedSkips(),
});
process.exitCode = outcome.isGood ? 0 : 1;
