// `npm run bench [-- NAME… --json --seconds N --save FILE]`: rows beside their floor, all of one run; the server on one
// core, the driver on another.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../test/driver/build.ts';
import { type BenchOptions, type Measure, type Row, table } from './row.ts';

const NAMES = [
  'keyless',
  'rekor',
  'append',
  'verify',
  'admit',
  'ready',
  'ocsp',
  'crl',
  'acme-order',
  'sign-api',
];
const LEAST_SECONDS = 3;
/** Six benches of up to three variants: the whole stays within four minutes. */
const MOST_SECONDS = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, save: { type: 'string' }, seconds: { type: 'string' } },
});
const unknown = positionals.filter((name) => !NAMES.includes(name));
const seconds = Number(values.seconds ?? '4');
if (unknown.length > 0) refuse(`no such bench: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
if (!(seconds >= LEAST_SECONDS && seconds <= MOST_SECONDS))
  refuse(`--seconds wants a number from ${LEAST_SECONDS} to ${MOST_SECONDS}`);
ensureBuilt();
const options: BenchOptions = { seconds, serverWrapper: separateCores() };
const rows: Row[] = [];
for (const name of NAMES.filter((each) => positionals.length === 0 || positionals.includes(each))) {
  process.stderr.write(`bench: ${name}\n`);
  const { measure } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { measure: Measure };
  rows.push(...(await measure(options)));
}
const json = `${JSON.stringify(rows, undefined, 2)}\n`;
process.stdout.write(values.json === true ? json : table(rows));
if (values.save !== undefined) writeFileSync(values.save, json);

function refuse(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(2);
}

// The server gets the first core and this process the second, so that neither is measured for the other's work.
function separateCores(): readonly string[] {
  const mine = ['-a', '-p', '-c', '1', String(process.pid)];
  if (availableParallelism() < 2 || spawnSync('taskset', mine).status !== 0) {
    process.stderr.write('bench: one core or no taskset: the server shares the machine with the driver\n');
    return [];
  }
  return ['taskset', '-c', '0'];
}
