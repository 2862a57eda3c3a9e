// Bends inputs for the parsers until told to stop. The input at hand lies in shared memory, so that the parent can save
// one on which a parser never ends.
import { parentPort, workerData } from 'node:worker_threads';
import { judge } from './judge.ts';
import { mutate, mutateJson, SeededRandom } from './mutate.ts';
import { PARSERS } from './parsers.ts';
import type { Seeds } from './seeds.ts';
import type { Crash, WorkerStart } from './types.ts';

const { seed, seeds, seconds, current, beat } = workerData as WorkerStart;
const random = new SeededRandom(seed);
const names = Object.keys(PARSERS);
const until = performance.now() + seconds * 1000;
const crashes = new Map<string, Crash>();
let inputs = 0;

while (performance.now() < until) {
  const name = names[inputs % names.length] ?? '';
  const parser = PARSERS[name];
  if (parser === undefined) break;
  const corpus = seedsOf(seeds, parser.seeds);
  const start = random.pick(corpus);
  const input = parser.kind === 'json' ? mutateJson(start, random, corpus) : mutate(start, random, corpus);
  announce(name, input);
  const fault = judge(parser, input);
  // One crash for each parser and kind of fault is enough to work with.
  const kind = `${name}: ${fault?.split('\n').slice(0, 2).join(' ')}`;
  if (fault !== undefined && !crashes.has(kind))
    crashes.set(kind, { target: name, fault, input: new Uint8Array(input) });
  inputs++;
}
parentPort?.postMessage({ inputs, crashes: [...crashes.values()] });

function announce(name: string, input: Uint8Array): void {
  const view = new Uint8Array(current);
  const words = new Int32Array(beat);
  view.set(input);
  Atomics.store(words, 1, input.length);
  Atomics.store(words, 2, names.indexOf(name));
  Atomics.add(words, 0, 1);
}

function seedsOf(all: Seeds, wanted: readonly string[]): Uint8Array[] {
  return wanted.flatMap((name) => all[name] ?? []);
}
