// Signature and key algorithms: one table between names, AlgorithmIdentifiers and SubjectPublicKeyInfo.
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { DerCursor, type DerNode, der, malformed, readDer } from './der.ts';
import { readBitString, readOid, readUnsigned } from './der-values.ts';

export type KeyAlgorithm =
  | 'ec-p256'
  | 'ec-p384'
  | 'ec-p521'
  | 'ed25519'
  | 'rsa'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

export type SignatureAlgorithm =
  | 'ecdsa-sha256'
  | 'ecdsa-sha384'
  | 'ecdsa-sha512'
  | 'ed25519'
  | 'rsa-pkcs1-sha256'
  | 'rsa-pkcs1-sha384'
  | 'rsa-pkcs1-sha512'
  | 'rsa-pss-sha256'
  | 'rsa-pss-sha384'
  | 'rsa-pss-sha512'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512';

const HASH_OIDS: Readonly<Record<HashAlgorithm, string>> = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};

/** Octets of a digest. */
export const HASH_SIZES: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

const OIDS = {
  ecPublicKey: '1.2.840.10045.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  mgf1: '1.2.840.113549.1.1.8',
  ed25519: '1.3.101.112',
} as const;

/** DigestAlgorithm as CMS writes it: parameters absent (RFC 5754 §2). */
export function encodeHash(hash: HashAlgorithm): Uint8Array {
  return der.sequence(der.oid(HASH_OIDS[hash]));
}

/** DigestInfo's and old peers' form with NULL parameters (RFC 8017 §9.2). */
export function encodeHashWithNull(hash: HashAlgorithm): Uint8Array {
  return der.sequence(der.oid(HASH_OIDS[hash]), der.null());
}

/**
 * A digest algorithm, parameters absent or NULL (RFC 5754 §2).
 * @throws SealyardError `SY-ALGORITHM-UNKNOWN`
 */
export function decodeHash(node: DerNode): HashAlgorithm {
  for (const hash of ['sha256', 'sha384', 'sha512'] as const)
    if (equalBytes(node.bytes, encodeHash(hash)) || equalBytes(node.bytes, encodeHashWithNull(hash)))
      return hash;
  throw unknown(new DerCursor(node));
}

function pssIdentifier(hash: HashAlgorithm): Uint8Array {
  // RFC 4055 §3.1: MGF1 with the same hash, salt as long as the hash, trailer field by default absent.
  const digest = encodeHashWithNull(hash);
  const parameters = der.sequence(
    der.context(0, digest),
    der.context(1, der.sequence(der.oid(OIDS.mgf1), digest)),
    der.context(2, der.integer(HASH_SIZES[hash])),
  );
  return der.sequence(der.oid(OIDS.rsaPss), parameters);
}

function bare(oid: string): Uint8Array {
  return der.sequence(der.oid(oid));
}

function withNull(oid: string): Uint8Array {
  return der.sequence(der.oid(oid), der.null());
}

/** AlgorithmIdentifier of each signature algorithm: RFC 5758 §3.2, 8410 §3, 4055 §5, 4055 §3.1, 9881 §2. */
const SIGNATURES: Readonly<Record<SignatureAlgorithm, Uint8Array>> = {
  'ecdsa-sha256': bare('1.2.840.10045.4.3.2'),
  'ecdsa-sha384': bare('1.2.840.10045.4.3.3'),
  'ecdsa-sha512': bare('1.2.840.10045.4.3.4'),
  ed25519: bare(OIDS.ed25519),
  'rsa-pkcs1-sha256': withNull('1.2.840.113549.1.1.11'),
  'rsa-pkcs1-sha384': withNull('1.2.840.113549.1.1.12'),
  'rsa-pkcs1-sha512': withNull('1.2.840.113549.1.1.13'),
  'rsa-pss-sha256': pssIdentifier('sha256'),
  'rsa-pss-sha384': pssIdentifier('sha384'),
  'rsa-pss-sha512': pssIdentifier('sha512'),
  'ml-dsa-44': bare('2.16.840.1.101.3.4.3.17'),
  'ml-dsa-65': bare('2.16.840.1.101.3.4.3.18'),
  'ml-dsa-87': bare('2.16.840.1.101.3.4.3.19'),
};

const SIGNATURE_ENTRIES = Object.entries(SIGNATURES) as readonly [SignatureAlgorithm, Uint8Array][];

/** AlgorithmIdentifier DER; shared, do not write to it. */
export function encodeAlgorithm(algorithm: SignatureAlgorithm): Uint8Array {
  return SIGNATURES[algorithm];
}

/**
 * The signature algorithm that an AlgorithmIdentifier names, parameters included: exactly one spelling of each is
 * accepted, so that no two encodings mean the same.
 * @throws SealyardError `SY-ALGORITHM-UNKNOWN`, `SY-DER-MALFORMED`
 */
export function decodeAlgorithm(node: DerNode): SignatureAlgorithm {
  for (const [name, bytes] of SIGNATURE_ENTRIES) if (equalBytes(bytes, node.bytes)) return name;
  throw unknown(new DerCursor(node));
}

function unknown(identifier: DerCursor): SealyardError {
  return new SealyardError('SY-ALGORITHM-UNKNOWN', readOid(identifier.next()));
}

/** The signature algorithms that a key of each kind can make. */
export const SIGNATURES_OF: Readonly<Record<KeyAlgorithm, readonly SignatureAlgorithm[]>> = {
  'ec-p256': ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'],
  'ec-p384': ['ecdsa-sha384', 'ecdsa-sha256', 'ecdsa-sha512'],
  'ec-p521': ['ecdsa-sha512', 'ecdsa-sha256', 'ecdsa-sha384'],
  ed25519: ['ed25519'],
  rsa: [
    'rsa-pkcs1-sha256',
    'rsa-pkcs1-sha384',
    'rsa-pkcs1-sha512',
    'rsa-pss-sha256',
    'rsa-pss-sha384',
    'rsa-pss-sha512',
  ],
  'ml-dsa-44': ['ml-dsa-44'],
  'ml-dsa-65': ['ml-dsa-65'],
  'ml-dsa-87': ['ml-dsa-87'],
};

/** The hash that an algorithm applies first; `undefined` where it takes the message whole. */
export function hashOf(algorithm: SignatureAlgorithm): HashAlgorithm | undefined {
  if (algorithm.endsWith('-sha256')) return 'sha256';
  if (algorithm.endsWith('-sha384')) return 'sha384';
  return algorithm.endsWith('-sha512') ? 'sha512' : undefined;
}

interface FixedKey {
  readonly algorithm: KeyAlgorithm;
  readonly identifier: Uint8Array;
  readonly bits: number;
  /** Octets of the BIT STRING's content. */
  readonly size: number;
}

function curve(algorithm: KeyAlgorithm, oid: string, bits: number): FixedKey {
  const identifier = der.sequence(der.oid(OIDS.ecPublicKey), der.oid(oid));
  return { algorithm, identifier, bits, size: 1 + 2 * Math.ceil(bits / 8) };
}

/** RFC 5480 §2 (named curves only), RFC 8410 §4, RFC 9881 §4. */
const FIXED_KEYS: readonly FixedKey[] = [
  curve('ec-p256', '1.2.840.10045.3.1.7', 256),
  curve('ec-p384', '1.3.132.0.34', 384),
  curve('ec-p521', '1.3.132.0.35', 521),
  { algorithm: 'ed25519', identifier: bare(OIDS.ed25519), bits: 255, size: 32 },
  { algorithm: 'ml-dsa-44', identifier: bare('2.16.840.1.101.3.4.3.17'), bits: 10_496, size: 1312 },
  { algorithm: 'ml-dsa-65', identifier: bare('2.16.840.1.101.3.4.3.18'), bits: 15_616, size: 1952 },
  { algorithm: 'ml-dsa-87', identifier: bare('2.16.840.1.101.3.4.3.19'), bits: 20_736, size: 2592 },
];

const RSA_IDENTIFIER = withNull(OIDS.rsaEncryption);

export interface SpkiInfo {
  readonly algorithm: KeyAlgorithm;
  /** Size of the key: modulus, field, or encoded key for ML-DSA. */
  readonly bits: number;
  /** RSA alone. */
  readonly exponent?: bigint;
  /** Content of the BIT STRING: an uncompressed point, a raw key, or RSAPublicKey DER. */
  readonly key: Uint8Array;
}

/**
 * Reads a SubjectPublicKeyInfo: shape and sizes only, whether the point is on its curve is for `verify` to say.
 * Compressed points and explicit curve parameters are refused (RFC 5480 §2.1.1).
 * @throws SealyardError `SY-DER-MALFORMED`, `SY-ALGORITHM-UNKNOWN`
 */
export function readSpki(spki: Uint8Array): SpkiInfo {
  const outer = new DerCursor(readDer(spki));
  const identifier = outer.next(0x30);
  const key = readBitString(outer.next());
  outer.end();
  const fixed = FIXED_KEYS.find((candidate) => equalBytes(candidate.identifier, identifier.bytes));
  if (fixed !== undefined) {
    const point = fixed.algorithm.startsWith('ec-');
    if (key.length !== fixed.size || (point && key[0] !== 4))
      throw malformed('a public key of the wrong shape');
    return { algorithm: fixed.algorithm, bits: fixed.bits, key };
  }
  if (!equalBytes(identifier.bytes, RSA_IDENTIFIER)) throw unknown(new DerCursor(identifier));
  return readRsa(key);
}

function readRsa(key: Uint8Array): SpkiInfo {
  const cursor = new DerCursor(readDer(key));
  const modulus = readUnsigned(cursor.next());
  const exponent = readUnsigned(cursor.next());
  cursor.end();
  if (exponent.length > 8) throw malformed('an RSA exponent of more than 64 bits');
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  const value = exponent.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
  return { algorithm: 'rsa', bits, exponent: value, key };
}
