// A closed loop of N askers, and what its answers took.

export interface Loop {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answers: number;
  /** The share of the window that this thread was busy, 0 to 1. */
  readonly busy: number;
}

export interface LoopOptions {
  readonly askers: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Where the supply of made requests bounds the run before time does. */
  readonly atMost?: number;
}

/**
 * Each asker asks again as soon as it was answered, until the time is over; what was answered after the warm-up counts.
 * `ask` throws where an answer is not the good one: a bench of refusals measures nothing.
 */
export async function closedLoop(o: LoopOptions, ask: (asker: number) => Promise<void>): Promise<Loop> {
  const startedAt = performance.now();
  const from = startedAt + o.warmUpMs;
  const until = from + o.measureMs;
  const took: number[] = [];
  let asked = 0;
  let lastAt = from;
  let idle = performance.eventLoopUtilization();
  setTimeout(() => {
    idle = performance.eventLoopUtilization();
  }, o.warmUpMs);
  const asker = async (number: number): Promise<void> => {
    for (let at = performance.now(); at < until && asked < (o.atMost ?? Number.POSITIVE_INFINITY); ) {
      asked++;
      await ask(number);
      const now = performance.now();
      if (now >= from) {
        took.push(now - at);
        lastAt = now;
      }
      at = now;
    }
  };
  await Promise.all(Array.from({ length: o.askers }, (_, number) => asker(number)));
  const busy = performance.eventLoopUtilization(idle).utilization;
  took.sort((a, b) => a - b);
  return {
    perSecond: (took.length * 1000) / (lastAt - from),
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    answers: took.length,
    busy,
  };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
