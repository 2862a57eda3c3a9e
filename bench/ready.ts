// From start to ready with existing data, through the launcher as users run it; and memory beside bare Node's.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, temporaryFolder } from '../test/driver/folder.ts';
import { startYard } from '../test/driver/yard.ts';
import { type BenchOptions, quantile, type Row, rounded } from './row.ts';
import { residentMiB } from './yard.ts';

const STARTS = 7;
const SETTLE_MS = 10_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  using folder = temporaryFolder('ready');
  const start = () =>
    startYard({
      data: folder.file('yard'),
      program: join(installed(folder), 'bin', 'sealyard'),
      wrapper: o.serverWrapper,
      environment: { XDG_CACHE_HOME: folder.file('cache') },
    });
  // The first start makes the yard and fills the compile cache.
  await (await start()).stop();
  const times: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    const yard = await start();
    times.push(yard.readyMs);
    await yard.stop();
  }
  times.sort((a, b) => a - b);
  const yard = await start();
  await sleep(SETTLE_MS);
  const memory = residentMiB(yard.child.pid ?? 0);
  await yard.stop();
  return [
    {
      name: 'ready',
      value: rounded(quantile(times, 0.5)),
      unit: 'ms',
      floor: rounded(bareStartMs(o.serverWrapper)),
    },
    {
      name: 'memory-at-rest',
      value: rounded(memory),
      unit: 'MiB',
      floor: rounded(await bareMemory(o.serverWrapper)),
    },
  ];
}

/** What npm would install: no source beside it, so that the launcher runs the built program. */
function installed(folder: Folder): string {
  const place = folder.file('installed');
  mkdirSync(place, { recursive: true });
  for (const part of ['bin', 'dist', 'scripts', 'package.json'])
    cpSync(part, join(place, part), { recursive: true });
  try {
    symlinkSync(resolve('node_modules'), join(place, 'node_modules'));
  } catch {
    // There since the last start.
  }
  return place;
}

function bareStartMs(wrapper: readonly string[]): number {
  const [program = '', ...args] = [...wrapper, process.execPath, '-e', '0'];
  const times = Array.from({ length: STARTS }, () => {
    const begun = performance.now();
    execFileSync(program, args);
    return performance.now() - begun;
  });
  return quantile(
    times.sort((a, b) => a - b),
    0.5,
  );
}

async function bareMemory(wrapper: readonly string[]): Promise<number> {
  const [program = '', ...args] = [...wrapper, process.execPath, '-e', 'setInterval(() => {}, 1000)'];
  const child = spawn(program, args, { stdio: 'ignore' });
  await sleep(1_000);
  const memory = residentMiB(child.pid ?? 0);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  return memory;
}
