// `npm run check`: types, lint and format, architecture; all of them, so that one run shows everything.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const bin = (name: string, ...path: string[]): string => join('node_modules', name, ...path);

const CHECKS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['types', [bin('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json']],
  ['lint and format', [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings']],
  ['architecture', ['scripts/test.ts', 'test/architecture.test.ts']],
];

let failed = 0;
for (const [name, args] of CHECKS) {
  process.stdout.write(`check: ${name}\n`);
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) failed++;
}
process.stdout.write(failed === 0 ? 'check: all good\n' : `check: ${failed} of ${CHECKS.length} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
