// Signatures over a digest that is given: node:crypto would hash it again, so the last step is done here.
//
// ECDSA verifies x(u1·G + u2·Q) = r with u1 = e/s, u2 = r/s (FIPS 186-5 §6.4.2). OpenSSL, through `createECDH`, offers
// k·G as a point and x(k·P) for any point P of the curve, and no sum. But u1·G + u2·Q = u2·(k·G + Q) with k = e/r:
// one point addition is ours, both multiplications are OpenSSL's, and the result is exact for every input.
// (Adding x(u2·Q) to u1·G instead leaves the sign open and would accept the digest -e for a signature over e.)
import { Buffer } from 'node:buffer';
import { constants, createECDH, publicDecrypt } from 'node:crypto';
import { encodeHashWithNull, HASH_SIZES, type HashAlgorithm, readSpki } from '../formats/algorithms.ts';
import { DerCursor, der, readDer } from '../formats/der.ts';
import { readUnsigned } from '../formats/der-values.ts';
import { concat, equalBytes, toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { PublicKey } from './key.ts';

interface Curve {
  readonly name: string;
  readonly size: number;
  readonly bits: number;
  readonly p: bigint;
  readonly n: bigint;
}

/** NIST SP 800-186 §3.2.1; a = -3 on each. */
const CURVES: Readonly<Record<'ec-p256' | 'ec-p384' | 'ec-p521', Curve>> = {
  'ec-p256': {
    name: 'prime256v1',
    size: 32,
    bits: 256,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'ec-p384': {
    name: 'secp384r1',
    size: 48,
    bits: 384,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'ec-p521': {
    name: 'secp521r1',
    size: 66,
    bits: 521,
    p: 2n ** 521n - 1n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
};

/** See `verifyDigest` in key.ts. */
export function verifyPrehashed(
  key: PublicKey,
  hash: HashAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (digest.length !== HASH_SIZES[hash]) return false;
  switch (key.algorithm) {
    case 'ec-p256':
    case 'ec-p384':
    case 'ec-p521':
      return verifyEcdsa(CURVES[key.algorithm], readSpki(key.spki).key, digest, signature);
    case 'rsa':
      return verifyPkcs1(key, hash, digest, signature);
    default:
      throw new SealyardError('SY-KEY-UNSUPPORTED', `${key.algorithm} signs messages, not digests`);
  }
}

function verifyEcdsa(curve: Curve, point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  const pair = readSignature(signature);
  if (pair === undefined) return false;
  const { r, s } = pair;
  const { p, n, size } = curve;
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  // One inversion serves both: 1/r = s/(r·s), 1/s = r/(r·s).
  const inverse = invert((r * s) % n, n);
  const u2 = (((r * r) % n) * inverse) % n;
  const k = (((leftmost(curve, digest) * s) % n) * inverse) % n;
  const ecdh = createECDH(curve.name);
  const sum = add(curve, multiplyBase(curve, ecdh, k), toPoint(point, size));
  if (sum === undefined) return false;
  ecdh.setPrivateKey(viewOf(toBytes(u2, size)));
  const x = fromBytes(
    ecdh.computeSecret(concat(new Uint8Array([4]), toBytes(sum.x, size), toBytes(sum.y, size))),
  );
  return (x % p) % n === r;
}

interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

/** k·G; `undefined` is the point at infinity. */
function multiplyBase(curve: Curve, ecdh: ReturnType<typeof createECDH>, k: bigint): Point | undefined {
  if (k === 0n) return undefined;
  ecdh.setPrivateKey(viewOf(toBytes(k, curve.size)));
  return toPoint(ecdh.getPublicKey(), curve.size);
}

/** Affine addition, doubling and infinity included (SEC 1 §2.2.1). */
function add({ p }: Curve, a: Point | undefined, b: Point): Point | undefined {
  if (a === undefined) return b;
  if (a.x === b.x && (a.y !== b.y || a.y === 0n)) return undefined;
  const slope =
    a.x === b.x ? (3n * a.x * a.x - 3n) * invert(2n * a.y, p) : (b.y - a.y) * invert(b.x - a.x, p);
  const x = modulo(slope * slope - a.x - b.x, p);
  return { x, y: modulo(slope * (a.x - x) - a.y, p) };
}

/** The leftmost bits of the digest, as many as the order has (FIPS 186-5 §6.4.2 step 2). */
function leftmost(curve: Curve, digest: Uint8Array): bigint {
  const excess = digest.length * 8 - curve.bits;
  const value = fromBytes(digest);
  return (excess > 0 ? value >> BigInt(excess) : value) % curve.n;
}

function readSignature(signature: Uint8Array): { r: bigint; s: bigint } | undefined {
  try {
    const cursor = new DerCursor(readDer(signature));
    const r = readUnsigned(cursor.next());
    const s = readUnsigned(cursor.next());
    cursor.end();
    return r.length > 66 || s.length > 66 ? undefined : { r: fromBytes(r), s: fromBytes(s) };
  } catch {
    // Any malformed encoding is a signature that does not verify.
    return undefined;
  }
}

/** Extended Euclid; the values are public, so time may depend on them. */
function invert(value: bigint, modulus: bigint): bigint {
  let [a, b] = [modulo(value, modulus), modulus];
  let [x, y] = [1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, modulus);
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function toPoint(uncompressed: Uint8Array, size: number): Point {
  return { x: fromBytes(uncompressed.subarray(1, 1 + size)), y: fromBytes(uncompressed.subarray(1 + size)) };
}

function fromBytes(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function toBytes(value: bigint, size: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * size, '0'), 'hex');
}

/**
 * RSASSA-PKCS1-v1_5 by comparison (RFC 8017 §8.2.2): the whole encoded message is rebuilt and compared, so that there
 * is no padding to parse and no forgery that a lenient parser would let through.
 */
function verifyPkcs1(
  key: PublicKey,
  hash: HashAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const info = der.sequence(encodeHashWithNull(hash), der.octetString(digest));
  const size = readSpki(key.spki).bits / 8;
  const padding = new Uint8Array(size - info.length - 3).fill(0xff);
  const expected = concat(new Uint8Array([0, 1]), padding, new Uint8Array(1), info);
  if (signature.length !== expected.length) return false;
  try {
    const recovered = publicDecrypt(
      { key: key.keyObject, padding: constants.RSA_NO_PADDING },
      viewOf(signature),
    );
    return equalBytes(recovered, expected);
  } catch {
    // A value of the modulus or more: RFC 8017 §5.2.2 step 1.
    return false;
  }
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
