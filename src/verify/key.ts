// Public keys and signatures: the one entry through which every signature in Sealyard is checked.
import { Buffer } from 'node:buffer';
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import {
  type HashAlgorithm,
  hashOf,
  type KeyAlgorithm,
  readSpki,
  SIGNATURES_OF,
  type SignatureAlgorithm,
  type SpkiInfo,
} from '../formats/algorithms.ts';
import { toHex } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { verifyPrehashed } from './prehashed.ts';

export interface PublicKey {
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo DER as given. */
  readonly spki: Uint8Array;
  readonly keyObject: KeyObject;
}

/** Which RSA keys are acceptable. */
export interface KeyBounds {
  readonly rsaBits: readonly [least: number, most: number];
  /** Odd; smaller exponents are refused. */
  readonly rsaExponentAtLeast: bigint;
}

/** Keys that we certify or trust, as Fulcio has it. */
export const OWN_KEYS: KeyBounds = { rsaBits: [2048, 4096], rsaExponentAtLeast: 65_537n };
/** Keys of the outside world, whose signatures are checked and no more: long keys and e = 3 exist there. */
export const OUTSIDE_KEYS: KeyBounds = { rsaBits: [2048, 8192], rsaExponentAtLeast: 3n };

/**
 * Reads a SubjectPublicKeyInfo; the point must lie on its curve.
 * Parse once and keep the result: this costs 10–40 µs.
 * @throws SealyardError `SY-KEY-WEAK`, `SY-KEY-UNSUPPORTED`
 */
export function readPublicKey(spki: Uint8Array, bounds: KeyBounds = OWN_KEYS): PublicKey {
  const info = readInfo(spki);
  refuseWeak(info, bounds);
  try {
    const keyObject = createPublicKey({ key: viewOf(spki), format: 'der', type: 'spki' });
    return { algorithm: info.algorithm, spki, keyObject };
  } catch {
    throw new SealyardError('SY-KEY-WEAK', 'not a point of its curve, or not a key');
  }
}

function readInfo(spki: Uint8Array): SpkiInfo {
  try {
    return readSpki(spki);
  } catch (error) {
    if (isSealyardError(error)) throw new SealyardError('SY-KEY-UNSUPPORTED', error.detail);
    throw error;
  }
}

function refuseWeak(info: SpkiInfo, bounds: KeyBounds): void {
  if (info.algorithm === 'ed25519' && isLowOrder(info.key))
    throw new SealyardError('SY-KEY-WEAK', 'a small-order point');
  if (info.algorithm !== 'rsa') return;
  const [least, most] = bounds.rsaBits;
  const { bits, exponent = 0n } = info;
  // Whole octets alone: odd sizes are mistakes, or CABF 6.1.5's forbidden moduli.
  if (bits < least || bits > most || bits % 8 !== 0)
    throw new SealyardError('SY-KEY-WEAK', `RSA of ${bits} bits`);
  if (exponent < bounds.rsaExponentAtLeast || exponent % 2n === 0n)
    throw new SealyardError('SY-KEY-WEAK', `RSA exponent ${exponent}`);
}

/** Encodings of y for the points of order 1, 2, 4 and 8, sign bit cleared: such a key "signs" anything. */
const LOW_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

function isLowOrder(key: Uint8Array): boolean {
  const y = key.slice();
  y[31] = (y[31] ?? 0) & 0x7f;
  return LOW_ORDER.has(toHex(y));
}

/**
 * True where `signature` is the key's over `message`. False also where the algorithm does not fit the key, and for
 * every malformed signature: nothing that a signature's bytes hold makes this throw.
 * @param signature X.509 form: DER for ECDSA (strict), raw otherwise
 * @param context ML-DSA's context string (FIPS 204 §5.3), at most 255 octets; empty in X.509
 */
export function verifySignature(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
  context?: Uint8Array,
): boolean {
  if (!SIGNATURES_OF[key.algorithm].includes(algorithm)) return false;
  const options = {
    key: key.keyObject,
    ...paddingOf(algorithm),
    ...(context === undefined ? {} : { context }),
  };
  try {
    return verify(hashOf(algorithm) ?? null, message, options, signature);
  } catch {
    // OpenSSL throws for some malformed signatures and contexts, and answers false to others.
    return false;
  }
}

/** RFC 8017 §8: the padding is fixed by the algorithm, the salt of PSS is as long as the hash (RFC 4055 §3.1). */
function paddingOf(algorithm: SignatureAlgorithm): { padding?: number; saltLength?: number } {
  if (algorithm.startsWith('rsa-pkcs1')) return { padding: constants.RSA_PKCS1_PADDING };
  if (algorithm.startsWith('rsa-pss'))
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return {};
}

/**
 * True where `signature` is the key's over the message with this digest: ECDSA (DER) or RSA PKCS#1 v1.5.
 * @throws SealyardError `SY-KEY-UNSUPPORTED` for Ed25519 and ML-DSA, which sign messages and not digests
 */
export function verifyDigest(
  key: PublicKey,
  hash: HashAlgorithm,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyPrehashed(key, hash, digest, signature);
}

/** The algorithm that a key of this kind signs with where nothing else is said. */
export function defaultAlgorithm(key: { readonly algorithm: KeyAlgorithm }): SignatureAlgorithm {
  return DEFAULTS[key.algorithm];
}

const DEFAULTS: Readonly<Record<KeyAlgorithm, SignatureAlgorithm>> = {
  'ec-p256': 'ecdsa-sha256',
  'ec-p384': 'ecdsa-sha384',
  'ec-p521': 'ecdsa-sha512',
  ed25519: 'ed25519',
  rsa: 'rsa-pkcs1-sha256',
  'ml-dsa-44': 'ml-dsa-44',
  'ml-dsa-65': 'ml-dsa-65',
  'ml-dsa-87': 'ml-dsa-87',
};

// node:crypto takes bytes as Buffer or view; a Buffer over the same memory costs no copy.
function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
