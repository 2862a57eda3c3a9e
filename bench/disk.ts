// What the disk can do: how many appended pages a second it syncs.
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = Buffer.alloc(4096, 7);

/** Appends a page and syncs it, over and over, in `directory`. */
export function syncsPerSecond(directory: string, durationMs = 1000): number {
  const path = join(directory, 'syncs');
  const file = openSync(path, 'w', 0o600);
  try {
    const startedAt = performance.now();
    let syncs = 0;
    for (; performance.now() - startedAt < durationMs; syncs++) {
      writeSync(file, PAGE);
      fdatasyncSync(file);
    }
    return (syncs * 1000) / (performance.now() - startedAt);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
