// What every npm script goes through: the set-up step, then the program with Node 26.
// node scripts/run.mjs NAME [ARGUMENT…]
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { become } from './child.mjs';
import { launch, orExplain } from './launch.mjs';
import { setUp } from './setup.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Script name -> what Node 26 runs, below the root. */
const PROGRAMS = {
  test: ['scripts/test.ts'],
  check: ['scripts/check.ts'],
  build: ['scripts/build.ts'],
  clients: ['test/clients/install.ts'],
  interop: ['test/interop/run.ts'],
  faults: ['test/faults/run.ts'],
  fuzz: ['test/fuzz/run.ts'],
  bench: ['bench/run.ts'],
};

const [name = '', ...args] = process.argv.slice(2);
if (name === 'start') await launch(['up', ...args]);
else if (name === 'set-up') await orExplain(() => setUp(ROOT));
else if (Object.hasOwn(PROGRAMS, name)) await runProgram(PROGRAMS[name]);
else usage();

async function runProgram([file, ...fixed]) {
  const node = await orExplain(() => setUp(ROOT));
  if (node === undefined) return;
  process.chdir(ROOT);
  become(node, [join(ROOT, file), ...fixed, ...args]);
}

function usage() {
  process.stderr.write(
    `usage: node scripts/run.mjs ${['start', 'set-up', ...Object.keys(PROGRAMS)].join('|')}\n`,
  );
  process.exitCode = 2;
}
