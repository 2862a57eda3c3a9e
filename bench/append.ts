// `append`: entries into the log engine, each answered when it is durable, with its proof.
import { fileURLToPath } from 'node:url';
import type { AppendResult } from './append-program.ts';
import { runPinned, SERVER_CORE } from './pinned.ts';
import { type Row, rounded } from './row.ts';

const PROGRAM = fileURLToPath(new URL('append-program.ts', import.meta.url));

export async function benchAppend(): Promise<readonly Row[]> {
  const { loops, syncs } = JSON.parse(await runPinned(SERVER_CORE, PROGRAM, [])) as AppendResult;
  return loops.flatMap(({ askers, loop, floor }): Row[] => [
    {
      name: 'append',
      variant: `${askers}`,
      value: rounded(loop.perSecond),
      unit: '/s',
      floor: rounded(floor),
      peers: { syncsPerSecond: rounded(syncs) },
    },
    { name: 'append', variant: `${askers}-p50`, value: rounded(loop.p50Ms), unit: 'ms' },
    { name: 'append', variant: `${askers}-p99`, value: rounded(loop.p99Ms), unit: 'ms' },
  ]);
}
