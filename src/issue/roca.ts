// ROCA (CVE-2017-15361): primes of the faulty library are k·M + (65537^a mod M), and so the modulus shows it.

/** The first 39 primes: their product divides every M that the library used (M has 39 for 512 bits, 126 for 2048). */
const PRIMES: readonly number[] = [
  2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
  107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const GENERATOR = 65_537;

/** The powers of the generator modulo a small prime, with their exponents. */
interface Subgroup {
  readonly prime: bigint;
  readonly order: number;
  readonly exponents: ReadonlyMap<number, number>;
}

const SUBGROUPS: readonly Subgroup[] = PRIMES.map((prime) => {
  const exponents = new Map<number, number>();
  for (let power = 1, exponent = 0; !exponents.has(power); exponent++) {
    exponents.set(power, exponent);
    power = (power * (GENERATOR % prime)) % prime;
  }
  return { prime: BigInt(prime), order: exponents.size, exponents };
});

/**
 * True where one exponent `a` explains the modulus modulo all of the primes at once: N ≡ 65537^a. A random modulus is in
 * every subgroup once in some 2^27 times, and has one exponent for all of them never.
 */
export function isRoca(modulus: bigint): boolean {
  let exponent = 0n;
  let step = 1n;
  for (const { prime, order, exponents } of SUBGROUPS) {
    const found = exponents.get(Number(modulus % prime));
    if (found === undefined) return false;
    const merged = merge(exponent, step, BigInt(found), BigInt(order));
    if (merged === undefined) return false;
    [exponent, step] = merged;
  }
  return true;
}

/**
 * The exponents that satisfy both congruences, as one; `undefined` where none does. The steps' least common multiple
 * stays below 2^62: orders divide `prime - 1`, and those share their factors.
 */
function merge(
  exponent: bigint,
  step: bigint,
  other: bigint,
  order: bigint,
): readonly [exponent: bigint, step: bigint] | undefined {
  const common = gcd(step, order);
  if ((other - exponent) % common !== 0n) return undefined;
  let candidate = exponent;
  // The Chinese remainder theorem by trial: at most `order` steps, which is 166 at most.
  while (candidate % order !== other) candidate += step;
  return [candidate, (step / common) * order];
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
