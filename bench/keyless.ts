// Keyless certificates with SCT over HTTPS, durable before they are answered; 1, 10 and 50 clients.
import { cryptoCosts, syncsPerSecond } from './floor.ts';
import { closedLoop } from './loop.ts';
import { type BenchOptions, loopRows, type Row, rounded } from './row.ts';
import { KeylessRequests, openBenchYard } from './yard.ts';

const CLIENTS = [1, 10, 50];
const WARM_UP_SECONDS = 2;
/** More than a core can do: the floor is below it. */
const MOST_PER_SECOND = 3_000;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  // Precertificate, SCT and certificate are signed, and each signature is verified before it is used; the token and
  // the proof of possession are verified before anything.
  const { signMs, verifyMs, tokenMs } = cryptoCosts(o);
  const floor = 1000 / (3 * signMs + 3 * verifyMs + tokenMs + verifyMs);
  await using bench = await openBenchYard(o);
  const syncs = rounded(syncsPerSecond(bench.folder.path));
  const rows: Row[] = [];
  for (const count of CLIENTS) {
    const clients = bench.clients(count);
    const most = (o.seconds + WARM_UP_SECONDS) * MOST_PER_SECOND;
    const requests = await KeylessRequests.make(bench.yard, most);
    const result = await closedLoop(
      { clients: count, seconds: o.seconds, warmUpSeconds: WARM_UP_SECONDS },
      (i) => requests.ask(clients[i]),
    );
    rows.push(...loopRows('keyless', `${count}`, result, { floor, peers: { syncsPerSecond: syncs } }));
  }
  return rows;
}
