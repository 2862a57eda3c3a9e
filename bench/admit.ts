// An admission review for a pod whose image was seen before (facts cached, policy run), over HTTPS.
import { install as installRegistry } from '../test/clients/docker-registry.ts';
import { AdminClient } from '../test/driver/admin.ts';
import { makeBundle } from '../test/driver/bundle.ts';
import { reviewOf } from '../test/interop/admission.ts';
import { startRegistry } from '../test/interop/registry.ts';
import { SUBJECT } from '../test/interop/stage.ts';
import { closedLoop } from './latencies.ts';
import { type BenchOptions, loadRows, type Row } from './row.ts';
import { openBenchYard } from './yard.ts';

const CLIENTS = [1, 10];
const WARM_UP_MS = 1_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const program = await installRegistry();
  if ('skip' in program) {
    process.stderr.write(`admit: ${program.skip}\n`);
    return [];
  }
  await using registry = await startRegistry(program.path);
  await using bench = await openBenchYard(o, registry.host);
  const image = await registry.pushImage('shop/bench');
  const admin = await AdminClient.of(bench.yard);
  const token = await admin.jobToken(SUBJECT);
  admin.close();
  const rows: Row[] = [];
  for (const count of CLIENTS) {
    const clients = bench.clients(count);
    const [first] = clients;
    if (first === undefined) throw new TypeError('at least one client');
    const bundle = await makeBundle({
      client: first,
      token,
      imageDigest: image.slice(image.indexOf('@') + 1),
    });
    await registry.replaceBundles(image, JSON.stringify(bundle));
    const result = await closedLoop(
      { askers: count, warmUpMs: WARM_UP_MS, measureMs: o.seconds * 1000 },
      async (i) => {
        const answer = await clients[i]?.post(
          '/admission/validate',
          'application/json',
          reviewOf([image], 'shop'),
        );
        if (answer?.status !== 200 || !answer.body.includes('"allowed":true')) {
          throw new Error(`admit: ${answer?.status} ${answer?.body.toString()}`);
        }
      },
    );
    rows.push(...loadRows('admit', `warm-${count}`, result));
  }
  return rows;
}
