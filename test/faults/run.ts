// `npm run faults [-- --kills N]`: kills the store and the whole yard N times each (40 by default), then traces a yard.
import { globSync } from 'node:fs';
import { run } from 'node:test';
import { parseArgs } from 'node:util';
import { readExpectedSkips, report } from '../../scripts/test-report.ts';
import { ensureBuilt } from '../driver/build.ts';

const KILL_TIMEOUT_MS = 20_000;

const { values } = parseArgs({ options: { kills: { type: 'string' } } });
const kills = Number(values.kills ?? '40');
if (!Number.isInteger(kills) || kills < 1) {
  process.stderr.write('--kills wants a whole number from 1\n');
  process.exit(2);
}
process.env['SEALYARD_KILLS'] = String(kills);
ensureBuilt();
const files = [...globSync('test/faults/*-kill.test.ts'), ...globSync('test/faults/*.faults.ts')].sort();
const outcome = await report(run({ files, concurrency: 1, timeout: 120_000 + kills * KILL_TIMEOUT_MS }), {
  write: (text) => void process.stdout.write(text),
  expectedSkips: (process.env['CI'] ?? '') === '' ? undefined : readExpectedSkips(),
});
process.exitCode = outcome.isGood ? 0 : 1;
