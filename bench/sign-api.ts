// Certificates by the API, one request each, durable and logged; step-ca's sign API stands beside where it is installed.
import { AdminClient } from '../test/driver/admin.ts';
import { openCaYard, SERVICE_TOKEN } from './ca-yard.ts';
import { cryptoCosts } from './floor.ts';
import { type LoadResult, loadProgram, runLoad } from './load-program.ts';
import { startStepCa } from './peers/step-ca.ts';
import { type BenchOptions, type Row, rounded } from './row.ts';

const CLIENTS = [1, 10, 50];

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const program = await loadProgram();
  if (typeof program !== 'string') {
    process.stderr.write(`bench: no sign-api: ${program.skip}\n`);
    return [];
  }
  // The request's signature, the certificate's, and its verification.
  const { signMs, verifyMs } = cryptoCosts(o);
  const floor = rounded(1000 / (verifyMs + signMs + verifyMs));
  const ours = await oursAt(program, o.seconds);
  const theirs = await stepCaAt(program, o.seconds);
  return CLIENTS.flatMap((clients): Row[] => {
    const [own, peer] = [ours.get(clients), theirs.get(clients)];
    if (own === undefined) return [];
    const variant = String(clients);
    const beside = (value: number | undefined) =>
      value === undefined ? {} : { peers: { stepCa: rounded(value) } };
    return [
      {
        name: 'sign-api',
        variant,
        value: rounded(own.perSecond),
        unit: '/s',
        floor,
        ...beside(peer?.perSecond),
      },
      { name: 'sign-api-p50', variant, value: rounded(own.p50Ms), unit: 'ms', ...beside(peer?.p50Ms) },
      { name: 'sign-api-p99', variant, value: rounded(own.p99Ms), unit: 'ms', ...beside(peer?.p99Ms) },
    ];
  });
}

async function oursAt(program: string, seconds: number): Promise<ReadonlyMap<number, LoadResult>> {
  await using ca = await openCaYard();
  const { yard } = ca;
  const admin = await AdminClient.of(yard);
  const authorization = `Bearer ${await admin.serviceToken(SERVICE_TOKEN)}`;
  admin.close();
  const measured = new Map<number, LoadResult>();
  for (const clients of CLIENTS) {
    const load = {
      mode: 'sign',
      url: `${yard.url}/admin/v1/certificates`,
      clients,
      seconds,
      authorization,
    } as const;
    measured.set(clients, await runLoad(program, { ...load, rootsFile: yard.rootsFile }));
  }
  return measured;
}

async function stepCaAt(program: string, seconds: number): Promise<ReadonlyMap<number, LoadResult>> {
  const started = await startStepCa({ httpPort: 5002, wrapper: [] });
  const measured = new Map<number, LoadResult>();
  if ('skip' in started) {
    process.stderr.write(`bench: a peer is missing: ${started.skip}\n`);
    return measured;
  }
  await using peer = started;
  const { signUrl: url, rootsFile, ottKeyFile } = peer;
  for (const clients of CLIENTS) {
    const load = { mode: 'sign', url, rootsFile, clients, seconds, ottKeyFile } as const;
    measured.set(clients, await runLoad(program, load));
  }
  return measured;
}
