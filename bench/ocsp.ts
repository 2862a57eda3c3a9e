// OCSP answers from the cache over plain HTTP, GET with keep-alive; 1, 10 and 50 clients.
import { KeepAlive } from './keep-alive.ts';
import { closedLoop, type LoopResult } from './loop.ts';
import { ocspPaths } from './revocations.ts';
import { type BenchOptions, loopRows, type Row } from './row.ts';
import { openBenchYard } from './yard.ts';

const CLIENTS = [1, 10, 50];
const WARM_UP_SECONDS = 1;

export async function measure(o: BenchOptions): Promise<readonly Row[]> {
  await using bench = await openBenchYard(o);
  const { plainUrl } = bench.yard;
  const paths = await ocspPaths(bench.yard);
  // The same listener, the same framework, an answer that is there already: what is above the door's own work.
  const floor = await rate(plainUrl, ['/livez'], 10, o.seconds);
  const rows: Row[] = [];
  for (const clients of CLIENTS) {
    const result = await rate(plainUrl, paths, clients, o.seconds);
    rows.push(...loopRows('ocsp', `${clients}`, result, { floor: floor.perSecond }));
  }
  return rows;
}

/** Asks for the paths in turn. */
export async function rate(
  url: string,
  paths: readonly string[],
  clients: number,
  seconds: number,
): Promise<LoopResult> {
  const requests = paths.map((path) => KeepAlive.get(url, path));
  const connections = await Promise.all(Array.from({ length: clients }, () => KeepAlive.open(url)));
  let number = 0;
  try {
    return await closedLoop({ clients, seconds, warmUpSeconds: WARM_UP_SECONDS }, async (i) => {
      const request = requests[number++ % requests.length];
      if (request !== undefined) await connections[i]?.ask(request);
    });
  } finally {
    for (const connection of connections) connection.close();
  }
}
