// An admission review for a pod whose image was seen before (facts remembered, policy run, decision recorded), over HTTPS.
import { install as installRegistry } from '../test/clients/docker-registry.ts';
import { AdminClient } from '../test/driver/admin.ts';
import { makeBundle } from '../test/driver/bundle.ts';
import { reviewOf } from '../test/interop/admission.ts';
import { startRegistry } from '../test/interop/registry.ts';
import { SUBJECT } from '../test/interop/stage.ts';
import { syncsPerSecond } from './floor.ts';
import { closedLoop } from './loop.ts';
import { type BenchOptions, loopRows, type Row, rounded } from './row.ts';
import { demand, openBenchYard } from './yard.ts';

const CLIENTS = 10;
const WARM_UP_SECONDS = 1;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const program = await installRegistry();
  if ('skip' in program) {
    process.stderr.write(`bench: no admit: ${program.skip}\n`);
    return [];
  }
  await using registry = await startRegistry(program.path);
  await using bench = await openBenchYard(o, registry.host);
  const [first, ...others] = bench.clients(CLIENTS);
  if (first === undefined) throw new TypeError('at least one client was asked for');
  const image = await registry.pushImage('shop/bench');
  const admin = await AdminClient.of(bench.yard);
  const token = await admin.jobToken(SUBJECT);
  admin.close();
  const imageDigest = image.slice(image.indexOf('@') + 1);
  await registry.replaceBundles(
    image,
    JSON.stringify(await makeBundle({ client: first, token, imageDigest })),
  );
  const clients = [first, ...others];
  const ask = async (i: number): Promise<void> => {
    const review = reviewOf([image], 'shop');
    const body = demand(await clients[i]?.post('/admission/validate', 'application/json', review), 200);
    if (!body.includes('"allowed":true')) throw new Error(`not admitted: ${body.toString()}`);
  };
  const times = { seconds: o.seconds, warmUpSeconds: WARM_UP_SECONDS };
  const alone = await closedLoop({ ...times, clients: 1 }, ask);
  const syncs = syncsPerSecond(bench.folder.path);
  const together = await closedLoop({ ...times, clients: CLIENTS }, ask);
  return [
    // The decision is on disk before it is answered, and nothing else of it needs time.
    {
      name: 'admit',
      variant: 'warm',
      value: rounded(alone.p50Ms),
      unit: 'ms',
      floor: rounded(1000 / syncs),
      peers: { p99Ms: rounded(alone.p99Ms), syncsPerSecond: rounded(syncs) },
    },
    ...loopRows('admit-rate', `${CLIENTS}`, together),
  ];
}
