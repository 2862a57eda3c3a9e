// What the fuzzer's parts hand to each other.
import type { Seeds } from './seeds.ts';

export interface Crash {
  /** A parser's name, or `door METHOD PATH`. */
  readonly target: string;
  readonly fault: string;
  readonly input: Uint8Array;
}

export interface WorkerStart {
  readonly seed: number;
  readonly seeds: Seeds;
  readonly seconds: number;
  /** The input at hand. */
  readonly current: SharedArrayBuffer;
  /** Int32: how many inputs were begun, length of the one at hand, number of its parser. */
  readonly beat: SharedArrayBuffer;
}

export interface Found {
  readonly inputs: number;
  readonly crashes: readonly Crash[];
}
