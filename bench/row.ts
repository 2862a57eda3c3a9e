// What a bench gives: rows beside their floor, and their shape as a table for people.
import type { LoopResult } from './loop.ts';

export interface Row {
  /** `keyless`, `rekor`, `append`, `verify`, `admit`, `ready`, or what belongs to one of them: `keyless-p99`. */
  readonly name: string;
  /** Clients at once, cold or warm, which data. */
  readonly variant?: string;
  readonly value: number;
  /** `/s`, `ms`, `MiB`. */
  readonly unit: string;
  /** The same figure if only what cannot be avoided were done, measured in the same run, in `unit`. */
  readonly floor?: number;
  /** What stands beside it: the disk's syncs, bare Node, how busy the driver was. The unit is in the name. */
  readonly peers?: Readonly<Record<string, number>>;
}

export interface BenchOptions {
  /** How long each variant is measured, after a warm-up. */
  readonly seconds: number;
  /** Put before the server's program, so that it has one core. */
  readonly serverWrapper: readonly string[];
}

/** A bench: its file is `bench/<name>.ts` and exports `measure`. */
export type Measure = (o: BenchOptions) => Promise<readonly Row[]>;

/** To three significant digits: what a measurement of seconds can carry. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The rows of a closed loop: rate beside its floor, and how long the usual and the slow ones waited. */
export function loopRows(
  name: string,
  variant: string,
  result: LoopResult,
  o: { readonly floor?: number; readonly peers?: Readonly<Record<string, number>> } = {},
): Row[] {
  const peers = { driverBusyPercent: Math.round(100 * result.busy), ...o.peers };
  return [
    {
      name,
      variant,
      value: rounded(result.perSecond),
      unit: '/s',
      ...(o.floor === undefined ? {} : { floor: rounded(o.floor) }),
      peers,
    },
    { name: `${name}-p50`, variant, value: rounded(result.p50Ms), unit: 'ms' },
    { name: `${name}-p99`, variant, value: rounded(result.p99Ms), unit: 'ms' },
  ];
}

/** Rows as lines of equal columns. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(cellsOf);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function cellsOf(row: Row): string[] {
  const { floor } = row;
  const peers = Object.entries(row.peers ?? {}).map(([name, value]) => `${name} ${value}`);
  return [
    row.name,
    row.variant ?? '',
    `${row.value} ${row.unit}`,
    floor === undefined ? '' : `floor ${floor} ${row.unit}`,
    floor === undefined ? '' : shareOf(row, floor),
    peers.join(', '),
  ];
}

// A rate is a part of its floor's rate; a time or a size is a multiple of its floor's.
function shareOf({ value, unit }: Row, floor: number): string {
  return unit === '/s' ? `${Math.round((100 * value) / floor)} %` : `${(value / floor).toFixed(1)} times`;
}
