// From start to ready with existing data, through the launcher as users run it; and memory, beside bare Node's.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DoorClient } from '../test/driver/client.ts';
import { type Folder, temporaryFolder } from '../test/driver/folder.ts';
import { type RunningYard, startYard } from '../test/driver/yard.ts';
import { closedLoop, median } from './loop.ts';
import { type BenchOptions, type Row, rounded } from './row.ts';
import { KeylessRequests, residentMiB } from './yard.ts';

const STARTS = 7;
const SETTLE_MS = 10_000;
const CLIENTS = 50;
const MOST_PER_SECOND = 3_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  using folder = temporaryFolder('bench-ready');
  const program = install(folder);
  const start = () =>
    startYard({
      data: folder.file('yard'),
      args: ['--development'],
      command: [process.execPath, program, 'up'],
      wrapper: o.serverWrapper,
      environment: { XDG_CACHE_HOME: folder.file('cache') },
    });
  // The first start makes the yard and fills the compile cache.
  const first = await timeStart(start);
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) times.push(await timeStart(start));
  const memory = await measureMemory(start, o);
  const bareNode = rounded(await bareMemory(o.serverWrapper));
  return [
    {
      name: 'ready',
      variant: 'existing-data',
      value: rounded(median(times)),
      unit: 'ms',
      floor: rounded(bareStartMs(o.serverWrapper)),
      peers: { firstStartMs: rounded(first) },
    },
    {
      name: 'ready-memory',
      variant: 'after-10-s',
      value: rounded(memory.atRest),
      unit: 'MiB',
      floor: bareNode,
    },
    {
      name: 'ready-memory',
      variant: 'after-load',
      value: rounded(memory.loaded),
      unit: 'MiB',
      floor: bareNode,
    },
  ];
}

async function timeStart(start: () => Promise<RunningYard>): Promise<number> {
  const yard = await start();
  await yard.stop();
  return yard.readyMs;
}

/** Ten seconds after ready, and at the end of a load of certificates. */
async function measureMemory(
  start: () => Promise<RunningYard>,
  o: BenchOptions,
): Promise<{ readonly atRest: number; readonly loaded: number }> {
  const yard = await start();
  await sleep(SETTLE_MS);
  const atRest = residentMiB(yard.child.pid);
  const requests = await KeylessRequests.make(yard, o.seconds * MOST_PER_SECOND);
  const clients = Array.from(
    { length: CLIENTS },
    () => new DoorClient({ url: yard.url, roots: yard.rootsPem }),
  );
  await closedLoop({ clients: CLIENTS, seconds: o.seconds, warmUpSeconds: 0 }, (i) =>
    requests.ask(clients[i]),
  );
  const loaded = residentMiB(yard.child.pid);
  for (const client of clients) client.close();
  await yard.stop();
  return { atRest, loaded };
}

/** What npm would install: no source beside it, so that the launcher runs the built program. */
function install(folder: Folder): string {
  const place = folder.file('installed');
  mkdirSync(place, { recursive: true });
  for (const part of ['bin', 'dist', 'scripts', 'package.json'])
    cpSync(part, join(place, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(place, 'node_modules'));
  return join(place, 'bin', 'sealyard');
}

function bareStartMs(wrapper: readonly string[]): number {
  const [program = '', ...args] = [...wrapper, process.execPath, '-e', '0'];
  const starts = Array.from({ length: STARTS }, () => {
    const begun = performance.now();
    execFileSync(program, args);
    return performance.now() - begun;
  });
  return median(starts);
}

async function bareMemory(wrapper: readonly string[]): Promise<number> {
  const [program = '', ...args] = [...wrapper, process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  const child = spawn(program, args, { stdio: 'ignore' });
  await sleep(1_000);
  const memory = residentMiB(child.pid);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return memory;
}
