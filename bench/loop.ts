// Ways to measure: a closed loop of N askers, and the time of one call.

export interface LoopResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: number;
  /** The share of the time that the asking thread was busy, 0 to 1: near 1 it measures itself. */
  readonly busy: number;
}

export interface LoopOptions {
  readonly clients: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/**
 * Each client asks again as soon as it was answered; what is answered in the seconds after the warm-up counts.
 * `ask` throws where an answer is not the good one: a bench of refusals measures nothing.
 */
export async function closedLoop(
  o: LoopOptions,
  ask: (client: number) => Promise<void>,
): Promise<LoopResult> {
  const from = performance.now() + o.warmUpSeconds * 1000;
  const until = from + o.seconds * 1000;
  let since = performance.eventLoopUtilization();
  const warm = setTimeout(() => {
    since = performance.eventLoopUtilization();
  }, o.warmUpSeconds * 1000);
  const took: number[] = [];
  const asker = async (client: number): Promise<void> => {
    for (let begun = performance.now(); begun < until; ) {
      await ask(client);
      const ended = performance.now();
      if (ended >= from && ended < until) took.push(ended - begun);
      begun = ended;
    }
  };
  try {
    await Promise.all(Array.from({ length: o.clients }, (_, client) => asker(client)));
  } finally {
    clearTimeout(warm);
  }
  const { utilization } = performance.eventLoopUtilization(since);
  took.sort((a, b) => a - b);
  return {
    perSecond: took.length / o.seconds,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    answers: took.length,
    busy: utilization,
  };
}

/** Median time of one call in milliseconds, over `seconds` and 20 calls at least. */
export function timeOf(work: () => void, seconds = 0.5): number {
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  while (performance.now() < until || times.length < 20) {
    const begun = performance.now();
    work();
    times.push(performance.now() - begun);
  }
  return median(times);
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
