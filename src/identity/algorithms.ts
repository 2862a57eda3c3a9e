// Which JWS algorithm a key may verify, in one table. What is not here (`none`, HS*) has no key and no code path.
import { createPublicKey, type webcrypto } from 'node:crypto';
import { fromBase64Url } from '../ground/bytes.ts';
import type { JsonObject } from '../ground/json.ts';

export type TokenAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

interface AlgorithmRow {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string;
}

const RSA: AlgorithmRow = { kty: 'RSA' };
const ALGORITHMS: Readonly<Record<TokenAlgorithm, AlgorithmRow>> = {
  RS256: RSA,
  RS384: RSA,
  RS512: RSA,
  PS256: RSA,
  PS384: RSA,
  PS512: RSA,
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
};

const MIN_RSA_BYTES = 256;
const MAX_RSA_BYTES = 1024;

export function asTokenAlgorithm(name: unknown): TokenAlgorithm | undefined {
  return typeof name === 'string' && Object.hasOwn(ALGORITHMS, name) ? (name as TokenAlgorithm) : undefined;
}

/**
 * Whether this JWK (RFC 7517) may verify this algorithm: type, curve, `alg`, `use`, `key_ops`, RSA size, no private
 * members. Key confusion ends here, since the algorithm selects the key and never the reverse.
 */
export function keyFits(jwk: JsonObject, algorithm: TokenAlgorithm): boolean {
  const row = ALGORITHMS[algorithm];
  if (jwk['kty'] !== row.kty || (row.crv !== undefined && jwk['crv'] !== row.crv)) return false;
  if (jwk['alg'] !== undefined && jwk['alg'] !== algorithm) return false;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') return false;
  if (!operationsAllow(jwk)) return false;
  // An issuer that publishes its private key vouches for nothing.
  if (jwk['d'] !== undefined || jwk['k'] !== undefined) return false;
  return row.kty === 'RSA' ? rsaIsSound(jwk) : pointIsSound(jwk);
}

function operationsAllow(jwk: JsonObject): boolean {
  const operations = jwk['key_ops'];
  if (operations === undefined) return true;
  return Array.isArray(operations) && operations.includes('verify');
}

function rsaIsSound(jwk: JsonObject): boolean {
  const modulus = octets(jwk['n']);
  const exponent = octets(jwk['e']);
  if (modulus === undefined || exponent === undefined) return false;
  // RFC 7518 §3.3: 2048 bits or more. Small or even exponents sign nothing safely.
  if (modulus.length < MIN_RSA_BYTES || modulus.length > MAX_RSA_BYTES || (modulus[0] ?? 0) === 0)
    return false;
  if (modulus.length === MIN_RSA_BYTES && (modulus[0] ?? 0) < 0x80) return false;
  const sound = exponent.length <= 4 && exponentValue(exponent) >= 65537 && isOdd(exponent);
  return sound && isOdd(modulus) && !hasRocaFingerprint(modulus);
}

function pointIsSound(jwk: JsonObject): boolean {
  // The curve's own check (on the curve, not at infinity) is OpenSSL's, at import.
  try {
    createPublicKey({ key: { ...jwk } as webcrypto.JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}

function octets(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' && value !== '' ? fromBase64Url(value) : undefined;
}

function exponentValue(bytes: Uint8Array): number {
  return bytes.reduce((value, octet) => value * 256 + octet, 0);
}

function isOdd(bytes: Uint8Array): boolean {
  return ((bytes.at(-1) ?? 0) & 1) === 1;
}

const ROCA_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/**
 * CVE-2017-15361: moduli of the broken generator are powers of 65537 modulo every small prime, which a sound modulus
 * is by chance in about one of 2^27 cases.
 */
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
