// Keyless certificates with SCT over HTTPS, durable before they are answered; 1, 10 and 50 clients.
import { type KeylessKey, newKey } from '../test/driver/client.ts';
import { cryptoCosts, syncMs } from './floor.ts';
import { type BenchOptions, closedLoop, loadRows, type Row, rounded } from './row.ts';
import { openBenchYard, residentMiB, Tokens } from './yard.ts';

const CLIENTS = [1, 10, 50];
const WARM_UP_SECONDS = 2;
/** More than any machine of today grants on one core. */
const MOST_PER_SECOND = 3_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await using bench = await openBenchYard(o);
  // Precertificate, SCT and certificate are signed, each signature is verified before it is released; the token and
  // the proof of possession are verified.
  const { signMs, verifyMs, tokenMs } = cryptoCosts();
  const floor = 1000 / (3 * signMs + 4 * verifyMs + tokenMs);
  const keys: KeylessKey[] = Array.from({ length: 64 }, newKey);
  for (const count of CLIENTS) {
    const clients = bench.clients(count);
    const tokens = await Tokens.mint(
      bench.yard,
      (o.seconds + WARM_UP_SECONDS) * Math.min(MOST_PER_SECOND, 1000 * count),
    );
    let turn = 0;
    const result = await closedLoop(
      { clients: count, seconds: o.seconds, warmUpSeconds: WARM_UP_SECONDS },
      async (i) => {
        const key = keys[turn++ % keys.length] ?? newKey();
        const answer = await clients[i]?.certificate(tokens.next(), key);
        if (answer?.status !== 200) throw new Error(`keyless: ${answer?.status} ${answer?.body.toString()}`);
      },
    );
    rows.push(...loadRows('keyless', `${count}`, result, floor));
  }
  rows.push({ name: 'sync', value: rounded(syncMs(bench.folder.path)), unit: 'ms' });
  rows.push({
    name: 'memory-after-load',
    value: rounded(residentMiB(bench.yard.child.pid ?? 0)),
    unit: 'MiB',
  });
  return rows;
}
