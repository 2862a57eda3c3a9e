// Full ACME orders with real http-01, durable: account made before, then order, challenge, finalize, download. The driver
// and the server share the machine; step-ca and Pebble stand beside us where they are installed.
import { freePort } from '../test/driver/port.ts';
import { openCaYard } from './ca-yard.ts';
import { loadProgram, runLoad, writtenBytes } from './load-program.ts';
import { PEBBLE_MOST_CLIENTS, startPebble } from './peers/pebble.ts';
import type { StartedPeer } from './peers/peer.ts';
import { startStepCa } from './peers/step-ca.ts';
import { type BenchOptions, type Row, rounded } from './row.ts';

const CLIENTS = [1, 2, 10, 50];

interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly kibPerOrder: number;
}

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const program = await loadProgram();
  if (typeof program !== 'string') {
    process.stderr.write(`bench: no acme-order: ${program.skip}\n`);
    return [];
  }
  const ours = await oursAt(program, o.seconds);
  const peers = {
    stepCa: await peerAt(program, o.seconds, CLIENTS, (httpPort) => startStepCa({ httpPort, wrapper: [] })),
    pebble: await peerAt(
      program,
      o.seconds,
      CLIENTS.filter((n) => n <= PEBBLE_MOST_CLIENTS),
      (httpPort) => startPebble({ httpPort, wrapper: [], validates: true }),
    ),
  };
  return CLIENTS.flatMap((clients) => rowsOf(clients, ours.get(clients), peers));
}

async function oursAt(program: string, seconds: number): Promise<ReadonlyMap<number, Measured>> {
  await using ca = await openCaYard();
  const { yard, httpPort } = ca;
  const server = { directory: `${yard.url}/acme/directory`, rootsFile: yard.rootsFile, pid: yard.child.pid };
  return await loads(program, seconds, CLIENTS, { ...server, httpPort });
}

async function peerAt(
  program: string,
  seconds: number,
  clients: readonly number[],
  start: (httpPort: number) => Promise<StartedPeer>,
): Promise<ReadonlyMap<number, Measured>> {
  const httpPort = await freePort();
  const peer = await start(httpPort);
  if ('skip' in peer) {
    process.stderr.write(`bench: a peer is missing: ${peer.skip}\n`);
    return new Map();
  }
  await using running = peer;
  return await loads(program, seconds, clients, { ...running, httpPort });
}

interface Target {
  readonly directory: string;
  readonly rootsFile: string;
  readonly pid: number | undefined;
  readonly httpPort: number;
}

async function loads(
  program: string,
  seconds: number,
  clients: readonly number[],
  { directory: url, rootsFile, pid, httpPort }: Target,
): Promise<ReadonlyMap<number, Measured>> {
  const measured = new Map<number, Measured>();
  for (const count of clients) {
    const before = writtenBytes(pid);
    const load = { mode: 'acme', url, rootsFile, clients: count, seconds, httpPort } as const;
    const { perSecond, p50Ms, p99Ms, done } = await runLoad(program, load);
    // The warm-up wrote as well: its orders are counted by the rate.
    const orders = done + perSecond * 2;
    measured.set(count, {
      perSecond,
      p50Ms,
      p99Ms,
      kibPerOrder: (writtenBytes(pid) - before) / 1024 / orders,
    });
  }
  return measured;
}

function rowsOf(
  clients: number,
  ours: Measured | undefined,
  peers: Readonly<Record<string, ReadonlyMap<number, Measured>>>,
): Row[] {
  if (ours === undefined) return [];
  const beside = (member: keyof Measured) => ({
    peers: Object.fromEntries(
      Object.entries(peers).flatMap(([name, measured]) => {
        const found = measured.get(clients);
        return found === undefined ? [] : [[name, rounded(found[member])]];
      }),
    ),
  });
  const variant = String(clients);
  const row = (name: string, member: keyof Measured, unit: string): Row => ({
    name,
    variant,
    value: rounded(ours[member]),
    unit,
    ...beside(member),
  });
  return [
    row('acme-order', 'perSecond', '/s'),
    row('acme-order-p50', 'p50Ms', 'ms'),
    row('acme-order-p99', 'p99Ms', 'ms'),
    row('acme-order-written', 'kibPerOrder', 'KiB'),
  ];
}
