// Signature log entries over HTTPS, answered with an inclusion proof and a signed checkpoint; 1, 10 and 50 clients.
import { createHash, sign } from 'node:crypto';
import { newKey } from '../test/driver/client.ts';
import { cryptoCosts } from './floor.ts';
import { type BenchOptions, closedLoop, loadRows, type Row } from './row.ts';
import { openBenchYard } from './yard.ts';

const CLIENTS = [1, 10, 50];
const WARM_UP_SECONDS = 2;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const rows: Row[] = [];
  await using bench = await openBenchYard(o);
  const { signMs, verifyMs } = cryptoCosts();
  const { privateKey, publicPem } = newKey();
  const publicKey = Buffer.from(publicPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  let turn = 0;
  for (const count of CLIENTS) {
    const clients = bench.clients(count);
    // Each entry's signature is verified; one checkpoint, signed and checked, covers all that wait for it.
    const floor = 1000 / (verifyMs + (signMs + verifyMs) / count);
    const result = await closedLoop(
      { clients: count, seconds: o.seconds, warmUpSeconds: WARM_UP_SECONDS },
      async (i) => {
        const message = Buffer.from(`entry ${turn++}`);
        const answer = await clients[i]?.logEntry({
          digest: createHash('sha256').update(message).digest(),
          signature: sign('sha256', message, privateKey),
          verifier: { publicKey },
        });
        if (answer?.status !== 201) throw new Error(`rekor: ${answer?.status} ${answer?.body.toString()}`);
      },
    );
    rows.push(...loadRows('rekor', `${count}`, result, floor));
  }
  return rows;
}
