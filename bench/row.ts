// What a benchmark gives: rows beside their floor, and the ways to measure that they share.

export interface Row {
  readonly name: string;
  readonly variant?: string;
  readonly value: number;
  /** `/s`, `ms`, `MiB`. */
  readonly unit: string;
  /** What the bare cryptography that the work needs would reach here, measured in the same run, in the same unit. */
  readonly floor?: number;
  readonly peers?: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** How long each variant is measured, after a warm-up. */
  readonly seconds: number;
  /** Put before the server's program, so that it has one core. */
  readonly serverWrapper: readonly string[];
}

/** A benchmark: its file is `bench/<name>.ts` and exports `measure`. */
export type Measure = (o: BenchOptions) => Promise<readonly Row[]>;

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly count: number;
}

/** A closed loop: each of `clients` asks again as soon as it was answered. Fails on the first request that fails. */
export async function closedLoop(
  o: { readonly clients: number; readonly seconds: number; readonly warmUpSeconds: number },
  ask: (client: number) => Promise<void>,
): Promise<LoadResult> {
  const start = performance.now();
  const from = start + o.warmUpSeconds * 1000;
  const until = from + o.seconds * 1000;
  const latencies: number[] = [];
  await Promise.all(
    Array.from({ length: o.clients }, async (_, client) => {
      for (let begun = performance.now(); begun < until; begun = performance.now()) {
        await ask(client);
        const ended = performance.now();
        if (begun >= from && ended <= until) latencies.push(ended - begun);
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / o.seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    count: latencies.length,
  };
}

/** Median time of one call in milliseconds, over at least `seconds`. */
export function timeOf(work: () => void, seconds = 0.5): number {
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  while (performance.now() < until || times.length < 20) {
    const begun = performance.now();
    work();
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return quantile(times, 0.5);
}

export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** To three significant digits: what a measurement of seconds can carry. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The rows of a load: rate beside its floor, and how long the slow ones waited. */
export function loadRows(name: string, variant: string, result: LoadResult, floor: number): Row[] {
  return [
    { name, variant, value: rounded(result.perSecond), unit: '/s', floor: rounded(floor) },
    { name: `${name}-p50`, variant, value: rounded(result.p50Ms), unit: 'ms' },
    { name: `${name}-p99`, variant, value: rounded(result.p99Ms), unit: 'ms' },
  ];
}
