// Seeded bending of bytes and JSON: the same seed gives the same inputs, so a crash can be made again.

/** A small generator of our own (xoshiro128**): `Math.random` cannot be seeded. */
export class SeededRandom {
  readonly #s: Uint32Array;

  constructor(seed: number) {
    this.#s = new Uint32Array(4);
    let x = seed >>> 0;
    for (let i = 0; i < 4; i++) {
      // splitmix32 spreads neighbouring seeds.
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.#s[i] = z ^ (z >>> 15);
    }
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#s;
    const x = Math.imul(b, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const e = d ^ b;
    const f = c ^ a;
    this.#s.set([a ^ e, b ^ f, f ^ (b << 9), (e << 11) | (e >>> 21)]);
    return result % below;
  }

  pick<T>(list: readonly T[]): T {
    const value = list[this.below(list.length)];
    if (value === undefined) throw new TypeError('nothing to pick from');
    return value;
  }
}

const INTERESTING = [
  0x00, 0x01, 0x02, 0x03, 0x0a, 0x22, 0x30, 0x31, 0x5c, 0x7b, 0x7f, 0x80, 0x81, 0x84, 0xa0, 0xff,
];
const MAX_LENGTH = 256 * 1024;

type Step = (bytes: Uint8Array, random: SeededRandom, others: readonly Uint8Array[]) => Uint8Array;

const STEPS: readonly Step[] = [
  (bytes, random) => edit(bytes, (copy) => flip(copy, random, 1 << random.below(8))),
  (bytes, random) => edit(bytes, (copy) => put(copy, random, random.pick(INTERESTING))),
  (bytes, random) => edit(bytes, (copy) => put(copy, random, random.below(256))),
  (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.subarray(random.below(bytes.length + 1)),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return join(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    const part = bytes.subarray(from, to);
    return join(
      bytes.subarray(0, to),
      ...Array.from({ length: 1 + random.below(64) }, () => part),
      bytes.subarray(to),
    );
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const extra = Uint8Array.from({ length: 1 + random.below(16) }, () => random.pick(INTERESTING));
    return join(bytes.subarray(0, at), extra, bytes.subarray(at));
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    return join(
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    );
  },
];

/** One to four steps away from `bytes`. */
export function mutate(bytes: Uint8Array, random: SeededRandom, others: readonly Uint8Array[]): Uint8Array {
  let bent = bytes;
  for (let steps = 1 + random.below(4); steps > 0; steps--) bent = random.pick(STEPS)(bent, random, others);
  return bent.subarray(0, MAX_LENGTH);
}

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  2 ** 53,
  '',
  '0',
  '-1',
  '18446744073709551616',
  '\u0000',
  'a'.repeat(70_000),
  'AA==',
  '=',
  '../..',
  '__proto__',
  [],
  [[[[[[]]]]]],
  {},
  { toString: 1, constructor: null },
];

/** JSON text bent in its structure: one value replaced, removed, doubled or moved; sometimes its bytes as well. */
export function mutateJson(
  bytes: Uint8Array,
  random: SeededRandom,
  others: readonly Uint8Array[],
): Uint8Array {
  if (random.below(4) === 0) return mutate(bytes, random, others);
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  for (let steps = 1 + random.below(3); steps > 0; steps--) bend(value, random);
  return Buffer.from(JSON.stringify(value)).subarray(0, MAX_LENGTH);
}

function bend(root: unknown, random: SeededRandom): void {
  const places = placesOf(root);
  if (places.length === 0) return;
  const { holder, key } = random.pick(places);
  switch (random.below(4)) {
    case 0:
      Reflect.deleteProperty(holder, key);
      break;
    case 1: {
      const from = random.pick(places);
      holder[key] = structuredClone(from.holder[from.key]);
      break;
    }
    case 2:
      if (typeof holder[key] === 'string') holder[key] = bentText(holder[key], random);
      break;
    default:
      holder[key] = structuredClone(random.pick(HOSTILE_VALUES));
  }
}

function bentText(text: string, random: SeededRandom): string {
  return Buffer.from(mutate(Buffer.from(text, 'latin1'), random, [Buffer.from(text, 'latin1')])).toString(
    'latin1',
  );
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null || found.length > 5_000) return found;
  const holder = value as Record<string, unknown>;
  for (const key of Object.keys(holder)) {
    found.push({ holder, key });
    placesOf(holder[key], found);
  }
  return found;
}

function edit(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  // Not slice(): that of a Buffer shares its memory.
  const copy = new Uint8Array(bytes);
  if (copy.length > 0) change(copy);
  return copy;
}

function flip(copy: Uint8Array, random: SeededRandom, bit: number): void {
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ bit;
}

function put(copy: Uint8Array, random: SeededRandom, value: number): void {
  copy[random.below(copy.length)] = value;
}

function range(bytes: Uint8Array, random: SeededRandom): [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random.below(64))];
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts).subarray(0, MAX_LENGTH);
}
