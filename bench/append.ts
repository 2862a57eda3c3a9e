// Entries into the log engine, each answered when it is durable, with its proof; 1, 32 and 256 committers.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AppendResult } from './append-program.ts';
import { type BenchOptions, loopRows, type Row, rounded } from './row.ts';

const PROGRAM = fileURLToPath(new URL('./append-program.ts', import.meta.url));

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  // Committers and engine share a process, and here a core, as they do in a yard.
  const [program = '', ...args] = [...o.serverWrapper, process.execPath, PROGRAM, String(o.seconds)];
  const { stdout } = await promisify(execFile)(program, args);
  const { loops, syncs } = JSON.parse(stdout) as AppendResult;
  return loops.flatMap(({ committers, loop, floor }) =>
    loopRows('append', `${committers}`, loop, { floor, peers: { syncsPerSecond: rounded(syncs) } }),
  );
}
