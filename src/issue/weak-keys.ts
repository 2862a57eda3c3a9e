// Keys that are no secret, by what their public half shows alone: each weakness has a name, and a code.
import type { SpkiInfo } from '../formats/algorithms.ts';
import { DerCursor, readDer } from '../formats/der.ts';
import { readUnsigned } from '../formats/der-values.ts';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { OWN_KEYS } from '../verify/key.ts';
import { isRoca } from './roca.ts';

/** CABF BR §6.1.6: no factors below 752. */
const SMALL_PRIMES: readonly bigint[] = primesBelow(752);
/** CABF BR §6.1.1.3: a hundred rounds of Fermat's method. */
const FERMAT_ROUNDS = 100;

/**
 * Refuses a key for what it is, without comparing it with others. Costs nothing but for RSA, about 0.1 ms.
 * Whether a point is on its curve is for `readPublicKey` to see, which refuses identity and small-order points too.
 * @throws SealyardError `SY-ISSUE-KEY-SIZE`, `SY-ISSUE-KEY-EXPONENT`, `SY-ISSUE-KEY-SMALL-FACTOR`,
 *   `SY-ISSUE-KEY-CLOSE-PRIMES`, `SY-ISSUE-KEY-ROCA`
 */
export function refuseWeakKey(info: SpkiInfo): void {
  if (info.algorithm !== 'rsa') return;
  const { bits, exponent = 0n } = info;
  const [least, most] = OWN_KEYS.rsaBits;
  if (bits < least || bits > most || bits % 8 !== 0)
    throw new SealyardError('SY-ISSUE-KEY-SIZE', `RSA of ${bits} bits`);
  if (exponent < OWN_KEYS.rsaExponentAtLeast || exponent % 2n === 0n)
    throw new SealyardError('SY-ISSUE-KEY-EXPONENT', String(exponent));
  const modulus = modulusOf(info);
  if (SMALL_PRIMES.some((prime) => modulus % prime === 0n))
    throw new SealyardError('SY-ISSUE-KEY-SMALL-FACTOR');
  if (isRoca(modulus)) throw new SealyardError('SY-ISSUE-KEY-ROCA');
  if (hasClosePrimes(modulus)) throw new SealyardError('SY-ISSUE-KEY-CLOSE-PRIMES');
}

/** The modulus of an RSA key. */
export function modulusOf(info: Pick<SpkiInfo, 'key'>): bigint {
  return BigInt(`0x${toHex(readUnsigned(new DerCursor(readDer(info.key)).next()))}`);
}

/** Fermat's method: N = a² − b² with a just above √N, where the primes are close to each other. */
function hasClosePrimes(modulus: bigint): boolean {
  let a = squareRoot(modulus);
  if (a * a < modulus) a++;
  let square = a * a - modulus;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(square)) return true;
    // (a + 1)² − a²
    square += 2n * a + 1n;
    a++;
  }
  return false;
}

/** Squares modulo 45045 = 3²·5·7·11·13 are 1 in 30 numbers: the others need no root. */
const RESIDUES: ReadonlySet<number> = new Set(Array.from({ length: 45_045 }, (_, i) => (i * i) % 45_045));

function isSquare(value: bigint): boolean {
  if (!RESIDUES.has(Number(value % 45_045n))) return false;
  const root = squareRoot(value);
  return root * root === value;
}

/** Rounded down; Newton's method, from above. */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function primesBelow(limit: number): bigint[] {
  const found: number[] = [];
  for (let n = 2; n < limit; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found.map(BigInt);
}
