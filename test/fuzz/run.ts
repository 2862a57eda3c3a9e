// `npm run fuzz [-- --seconds N --seed N]`: half of the time on the parsers, half on the doors of a real yard.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../driver/build.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { SUBJECT, startDocumentedYard } from '../interop/stage.ts';
import { fuzzDoors } from './fuzz-doors.ts';
import { fuzzParsers } from './fuzz-parsers.ts';
import { collectSeeds } from './seeds.ts';
import type { Crash } from './types.ts';

const CRASHES = 'test/fuzz/crashes';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? '60');
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
process.stdout.write(`fuzz: seed ${seed}, ${seconds} s\n`);

ensureBuilt();
using folder = temporaryFolder('fuzz');
const yard = await startDocumentedYard(folder.file('yard'));
let crashes: readonly Crash[];
let inputs: number;
try {
  const tokenFile = folder.file('job.token');
  await yard.ask('token', 'ci', SUBJECT, '--out', tokenFile);
  const token = readFileSync(tokenFile, 'utf8');
  const seeds = await collectSeeds(yard, token);
  const parsers = await fuzzParsers({ seed, seeds, seconds: seconds / 2 });
  const doors = await fuzzDoors({ yard, seed, seeds, token, seconds: seconds / 2 });
  crashes = [...parsers.crashes, ...doors.crashes];
  inputs = parsers.inputs + doors.inputs;
  process.stdout.write(`fuzz: ${parsers.inputs} inputs to parsers, ${doors.inputs} requests to doors\n`);
} finally {
  await yard.stop();
}
for (const crash of crashes) save(crash);
process.stdout.write(
  `${inputs > 0 ? 2 - Math.min(1, crashes.length) : 0} passed, ${crashes.length} failed, 0 skipped\n`,
);
process.exitCode = crashes.length === 0 && inputs > 0 ? 0 : 1;

// Under the target's name: crashes.test.ts replays what lies there. What a door crashed on shows the requests to test.
function save({ target, fault, input }: Crash): void {
  const name = `${target.replaceAll(/[^a-z0-9]+/gi, '-')}--${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  if (!existsSync(CRASHES)) mkdirSync(CRASHES, { recursive: true });
  writeFileSync(`${CRASHES}/${name}`, input);
  process.stdout.write(`✖ ${target}: ${fault}\n    input in ${CRASHES}/${name}\n`);
}
