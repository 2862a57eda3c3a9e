// RSA keys that share a prime with another one that we have seen: one greatest common divisor factors both.

import { fromHex, toHex } from '../ground/bytes.ts';
import type { Put, Records } from '../ground/change.ts';
import { RSA_MODULI } from './tables.ts';

/** Moduli compared with; the rows of the others are overwritten, so that memory, time and table are bounded. */
const MOST_MODULI = 1024;
/** Moduli multiplied into one product: 64 of 2048 bits are 16 KiB, and a remainder of that takes some 50 µs. */
const PER_PRODUCT = 64;

/**
 * The newest moduli of a yard, multiplied in groups. Comparing costs about a millisecond when full, for RSA alone.
 * It finds what Heninger et al. ("Mining your Ps and Qs", 2012) found at scale: devices without randomness.
 */
export class SharedPrimes {
  readonly #products: bigint[] = [];
  readonly #groups: string[][] = [];
  readonly #known = new Set<string>();
  #next = 0;

  /** Reads what is on record: once, at the first RSA key. */
  constructor(records: Records) {
    const rows = records.find(RSA_MODULI, { where: {}, limit: MOST_MODULI });
    const moduli = rows.flatMap(({ slot, modulus, seen_ms: seenMs }) =>
      typeof slot === 'number' && typeof seenMs === 'number' && modulus instanceof Uint8Array
        ? [{ slot, seenMs, hex: toHex(modulus) }]
        : [],
    );
    moduli.sort((a, b) => a.seenMs - b.seenMs || a.slot - b.slot);
    for (const { hex } of moduli) this.#remember(hex);
    this.#next = ((moduli.at(-1)?.slot ?? -1) + 1) % MOST_MODULI;
  }

  /** True where the modulus has a prime in common with another one. The same key again is no such case. */
  isShared(modulus: bigint): boolean {
    if (this.#known.has(hexOf(modulus))) return false;
    let residue = 1n;
    for (const product of this.#products) residue = (residue * (product % modulus)) % modulus;
    return gcd(modulus, residue) !== 1n;
  }

  /** The row that makes a modulus known to later starts; nothing for one that is. Call `remember` once it is committed. */
  put(modulus: bigint, timeMs: number): readonly Put[] {
    const hex = hexOf(modulus);
    const bytes = fromHex(hex);
    if (this.#known.has(hex) || bytes === undefined) return [];
    const slot = this.#next;
    this.#next = (slot + 1) % MOST_MODULI;
    return [{ table: RSA_MODULI, mode: 'replace', row: { slot, modulus: bytes, seen_ms: timeMs } }];
  }

  remember(modulus: bigint): void {
    this.#remember(hexOf(modulus));
  }

  #remember(hex: string): void {
    if (this.#known.has(hex)) return;
    const last = this.#groups.length - 1;
    const group = this.#groups[last];
    if (group === undefined || group.length === PER_PRODUCT) {
      this.#groups.push([hex]);
      this.#products.push(BigInt(`0x${hex}`));
    } else {
      group.push(hex);
      this.#products[last] = (this.#products[last] ?? 1n) * BigInt(`0x${hex}`);
    }
    this.#known.add(hex);
    if (this.#known.size > MOST_MODULI) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const hex of this.#groups.shift() ?? []) this.#known.delete(hex);
    this.#products.shift();
  }
}

/** Whole octets, since the record holds bytes. */
function hexOf(modulus: bigint): string {
  const hex = modulus.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

const byRecords = new WeakMap<Records, SharedPrimes>();

/** The one comparison over these records. */
export function sharedPrimesOf(records: Records): SharedPrimes {
  let primes = byRecords.get(records);
  if (primes === undefined) {
    primes = new SharedPrimes(records);
    byRecords.set(records, primes);
  }
  return primes;
}
