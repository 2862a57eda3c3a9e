// The harnesses run what users install: builds it where it is missing or older than its source.
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { BUILT } from './yard.ts';

export function ensureBuilt(): void {
  const built = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = Math.max(...globSync('src/**/*').map((file) => statSync(file).mtimeMs));
  if (built > newest) return;
  const { status } = spawnSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}
