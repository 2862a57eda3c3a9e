// `npm run bench [-- NAME… --json --seconds N --save]`: rows beside their floor, all of one run; the server on one core,
// the driver on another.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../test/driver/build.ts';
import type { BenchOptions, Measure, Row } from './row.ts';

const NAMES = ['keyless', 'rekor', 'append', 'verify', 'admit', 'ready'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, save: { type: 'boolean' }, seconds: { type: 'string' } },
});
const unknown = positionals.filter((name) => !NAMES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no such benchmark: ${unknown.join(', ')}; there are ${NAMES.join(', ')}\n`);
  process.exit(2);
}
ensureBuilt();
const options: BenchOptions = { seconds: Number(values.seconds ?? '5'), serverWrapper: separateCores() };
const rows: Row[] = [];
for (const name of NAMES.filter((each) => positionals.length === 0 || positionals.includes(each))) {
  process.stderr.write(`bench: ${name}\n`);
  const { measure } = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as { measure: Measure };
  const measured = await measure(options);
  rows.push(...measured);
  if (values.json !== true) process.stdout.write(`${measured.map(lineOf).join('\n')}\n`);
}
if (values.json === true) process.stdout.write(`${JSON.stringify(rows)}\n`);
if (values.save === true) save(rows);

// The server gets the first core, this process the second, so that neither is measured for the other's work.
function separateCores(): readonly string[] {
  const hasTaskset = existsSync('/usr/bin/taskset') || existsSync('/bin/taskset');
  if (!hasTaskset || availableParallelism() < 2) {
    process.stderr.write('bench: one core or no taskset: the server shares the machine with the driver\n');
    return [];
  }
  execFileSync('taskset', ['-apc', '1', String(process.pid)], { stdio: 'ignore' });
  return ['taskset', '-c', '0'];
}

function lineOf(row: Row): string {
  const share =
    row.floor === undefined ? '' : row.unit === '/s' ? row.value / row.floor : row.floor / row.value;
  const floor =
    row.floor === undefined
      ? ''
      : `floor ${row.floor} ${row.unit} (${Math.round(Number(share) * 100)} % of it)`;
  const peers = Object.entries(row.peers ?? {}).map(([peer, value]) => `${peer} ${value}`);
  const name = `${row.name} ${row.variant ?? ''}`.padEnd(26);
  return [name, `${row.value} ${row.unit}`.padEnd(14), floor, ...peers].join(' ').trimEnd();
}

function save(all: readonly Row[]): void {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  };
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim();
  const words = `${machine.cpu} ${machine.cores} cores`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  const date = new Date().toISOString().slice(0, 10);
  const path = `bench/results/${date}-${words}.json`;
  const result = { date, machine, node: process.version, commit, seconds: options.seconds, rows: all };
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
  process.stderr.write(`bench: ${path}\n`);
}
