// The floors: what the bare cryptography costs here, run on the core that the server has, and what the disk can do.
import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from './row.ts';

/** Milliseconds of one call: the mean over a steady loop, so that what else the core does weighs on it as on the server. */
export interface CryptoCosts {
  /** P-256 with SHA-256 over a message of a TBSCertificate's size. */
  readonly signMs: number;
  readonly verifyMs: number;
  /** RSA 2048 PKCS #1 v1.5 with SHA-256, as a CI job's token is signed. */
  readonly tokenMs: number;
}

const PROGRAM = fileURLToPath(new URL('./floor-program.ts', import.meta.url));

export function cryptoCosts({ serverWrapper }: BenchOptions): CryptoCosts {
  const [program = '', ...args] = [...serverWrapper, process.execPath, PROGRAM];
  return JSON.parse(execFileSync(program, args, { encoding: 'utf8' })) as CryptoCosts;
}

const PAGE = Buffer.alloc(4096, 7);

/** Appends of a page that the disk under `folder` syncs in a second, one after the other. */
export function syncsPerSecond(folder: string): number {
  const path = `${folder}/sync-probe`;
  const file = openSync(path, 'w', 0o600);
  try {
    const begun = performance.now();
    let syncs = 0;
    for (; performance.now() - begun < 1000; syncs++) {
      writeSync(file, PAGE);
      fdatasyncSync(file);
    }
    return (syncs * 1000) / (performance.now() - begun);
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
