// JSON Web Keys (RFC 7517, 7518 §6, 8037) that verify signatures: read strictly, so that one key has one thumbprint.
import { createHash, createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';
import { fromBase64Url, toBase64Url, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, isObject, type Json, type JsonObject } from '../ground/json.ts';

export type JwkCurve = 'P-256' | 'P-384' | 'P-521' | 'Ed25519';

/** A public key that was found sound. */
export interface JwsKey {
  readonly kty: 'EC' | 'RSA' | 'OKP';
  /** Absent for RSA. */
  readonly crv: JwkCurve | undefined;
  /** The members of RFC 7638 §3.2 alone: what is stored and compared. */
  readonly jwk: JsonObject;
  /** RFC 7638, SHA-256, base64url. */
  readonly thumbprint: string;
  readonly key: KeyObject;
  /** The one algorithm that the key says it is for (RFC 7517 §4.4). */
  readonly alg: Json | undefined;
}

type NumbersOfKey = Omit<JwsKey, 'alg'>;

/** Octets of a coordinate (RFC 7518 §6.2.1.2: the full size, with leading zeros). */
const EC_BYTES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 };
const ED25519_BYTES = 32;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
const MIN_EXPONENT = 65537;

/**
 * Reads a public JWK: type, curve, sizes, one spelling of every number, the point on its curve.
 * Members that do not describe the key (`kid`, `x5c`…) are left out of what comes back.
 * @throws SealyardError `SY-JWS-KEY`
 */
export function readJwk(value: Json | undefined): JwsKey {
  if (!isObject(value)) throw refused('not an object');
  // Whoever sends us a private key must make a new one.
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])
    if (value[name] !== undefined) throw refused('it holds private members');
  refuseOtherUse(value);
  return { ...readNumbers(value), alg: value['alg'] };
}

function readNumbers(value: JsonObject): NumbersOfKey {
  switch (value['kty']) {
    case 'EC':
      return readEc(value);
    case 'RSA':
      return readRsa(value);
    case 'OKP':
      return readOkp(value);
    default:
      throw refused('kty is none of EC, RSA and OKP');
  }
}

// RFC 7517 §4.2, §4.3: a key that says what it is for is for nothing else.
function refuseOtherUse(jwk: JsonObject): void {
  const { use, key_ops: operations } = jwk;
  if (use !== undefined && use !== 'sig') throw refused('it is not for signatures');
  if (operations === undefined) return;
  if (!Array.isArray(operations) || !operations.includes('verify')) throw refused('it may not verify');
}

function readEc(jwk: JsonObject): NumbersOfKey {
  const crv = jwk['crv'];
  const size = typeof crv === 'string' && Object.hasOwn(EC_BYTES, crv) ? EC_BYTES[crv] : undefined;
  if (size === undefined) throw refused('the curve is none of P-256, P-384 and P-521');
  const x = octets(jwk, 'x', size);
  const y = octets(jwk, 'y', size);
  return imported('EC', crv as JwkCurve, { crv: crv as JwkCurve, kty: 'EC', x, y });
}

function readOkp(jwk: JsonObject): NumbersOfKey {
  if (jwk['crv'] !== 'Ed25519') throw refused('the curve is not Ed25519');
  return imported('OKP', 'Ed25519', { crv: 'Ed25519', kty: 'OKP', x: octets(jwk, 'x', ED25519_BYTES) });
}

function readRsa(jwk: JsonObject): NumbersOfKey {
  const n = minimalOctets(jwk, 'n');
  const e = minimalOctets(jwk, 'e');
  const bits = n.bytes.length * 8 - (Math.clz32(n.bytes[0] ?? 0) - 24);
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS)
    throw refused(`the modulus has ${bits} bits, not ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
  const exponent = e.bytes.length > 4 ? 0 : e.bytes.reduce((value, octet) => value * 256 + octet, 0);
  if (exponent < MIN_EXPONENT || exponent % 2 === 0)
    throw refused('the exponent is not an odd number from 65537 to 2^32');
  if (((n.bytes.at(-1) ?? 0) & 1) === 0) throw refused('the modulus is even');
  if (hasRocaFingerprint(n.bytes)) throw refused('the key was made by a broken generator (CVE-2017-15361)');
  return imported('RSA', undefined, { e: e.text, kty: 'RSA', n: n.text });
}

function imported(kty: JwsKey['kty'], crv: JwkCurve | undefined, jwk: Record<string, string>): NumbersOfKey {
  let key: KeyObject;
  try {
    // OpenSSL checks that a point is on its curve and not at infinity.
    key = createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: 'jwk' });
  } catch {
    throw refused('it is no point of its curve');
  }
  return { kty, crv, jwk, thumbprint: thumbprintOf(jwk), key };
}

/** RFC 7638 §3: the hash of the required members in lexicographic order, which canonical JSON is. */
function thumbprintOf(jwk: JsonObject): string {
  return toBase64Url(
    createHash('sha256')
      .update(toUtf8(canonicalJson(jwk)))
      .digest(),
  );
}

function octets(jwk: JsonObject, name: string, size: number): string {
  const text = jwk[name];
  const bytes = typeof text === 'string' ? fromBase64Url(text) : undefined;
  if (typeof text !== 'string' || bytes?.length !== size)
    throw refused(`${name} is not ${size} octets of base64url`);
  return text;
}

// RFC 7518 §2 (Base64urlUInt): the fewest octets, or one key would have many thumbprints.
function minimalOctets(jwk: JsonObject, name: string): { text: string; bytes: Uint8Array } {
  const text = jwk[name];
  const bytes = typeof text === 'string' && text.length <= 2048 ? fromBase64Url(text) : undefined;
  if (typeof text !== 'string' || bytes === undefined || bytes.length === 0 || bytes[0] === 0)
    throw refused(`${name} is not a number in the fewest octets of base64url`);
  return { text, bytes };
}

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** Moduli of the broken generator are powers of 65537 modulo every small prime: by chance one in 2^27 is. */
function hasRocaFingerprint(modulus: Uint8Array): boolean {
  return ROCA_PRIMES.every((prime) => {
    const residue = modulus.reduce((value, octet) => (value * 256 + octet) % prime, 0);
    let power = 1;
    do {
      if (power === residue) return true;
      power = (power * 65537) % prime;
    } while (power !== 1);
    return false;
  });
}

function refused(detail: string): SealyardError {
  return new SealyardError('SY-JWS-KEY', detail);
}
