// Signature log entries over HTTPS, answered with an inclusion proof and a signed checkpoint; 1, 10 and 50 clients.
import { createHash, sign } from 'node:crypto';
import { entryRequest, newKey } from '../test/driver/client.ts';
import { cryptoCosts, syncsPerSecond } from './floor.ts';
import { closedLoop } from './loop.ts';
import { type BenchOptions, loopRows, type Row, rounded } from './row.ts';
import { demand, openBenchYard } from './yard.ts';

const CLIENTS = [1, 10, 50];
const WARM_UP_SECONDS = 2;
const MOST_PER_SECOND = 5_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  const { signMs, verifyMs } = cryptoCosts(o);
  await using bench = await openBenchYard(o);
  const syncs = rounded(syncsPerSecond(bench.folder.path));
  const bodies = entries((o.seconds + WARM_UP_SECONDS) * CLIENTS.length * MOST_PER_SECOND);
  const rows: Row[] = [];
  for (const count of CLIENTS) {
    const clients = bench.clients(count);
    // Each entry's signature is verified; at best one checkpoint, signed and verified, covers all that wait for it.
    const floor = 1000 / (verifyMs + (signMs + verifyMs) / count);
    const result = await closedLoop(
      { clients: count, seconds: o.seconds, warmUpSeconds: WARM_UP_SECONDS },
      async (i) => {
        const { value: body } = bodies.next();
        if (body === undefined) throw new Error('too few entries were made');
        demand(await clients[i]?.post('/api/v2/log/entries', 'application/json', body), 201);
      },
    );
    rows.push(...loopRows('rekor', `${count}`, result, { floor, peers: { syncsPerSecond: syncs } }));
  }
  return rows;
}

/** Requests for different entries, signed before the measurement begins. */
function entries(count: number): ArrayIterator<string> {
  const { privateKey, publicPem } = newKey();
  const publicKey = Buffer.from(publicPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const bodies = Array.from({ length: count }, (_, number) => {
    const message = Buffer.from(`entry ${number}`);
    return entryRequest({
      digest: createHash('sha256').update(message).digest(),
      signature: sign('sha256', message, privateKey),
      verifier: { publicKey },
    });
  });
  return bodies.values();
}
