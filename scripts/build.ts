// `npm run build`: the artefact that users install, in dist/ (JavaScript, one tsc away), checked to start.
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';

rmSync('dist', { recursive: true, force: true });
run([join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
// What the program reads beside its modules.
for (const file of globSync('src/**/*.{json,proto,sql,yaml}')) cpSync(file, file.replace(/^src/, 'dist'));
run([join('dist', 'cli', 'entry.js'), '--version']);

function run(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(1);
}
