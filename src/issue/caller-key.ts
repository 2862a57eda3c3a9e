// Callers' keys: which we certify, and the proof that the caller holds the private one.
import { hash } from 'node:crypto';
import { type KeyAlgorithm, readSpki, type SignatureAlgorithm } from '../formats/algorithms.ts';
import { decodePem } from '../formats/pem.ts';
import type { CertificationRequest } from '../formats/x509/csr.ts';
import { toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { defaultAlgorithm, OWN_KEYS, type PublicKey, readPublicKey, verifySignature } from '../verify/key.ts';
import { refuseWeakKey } from './weak-keys.ts';

const proven: unique symbol = Symbol('proven');

/** A public key whose private half signed a challenge. Only this file makes one. */
export interface ProvenKey {
  readonly publicKey: PublicKey;
  /** Octets of the subject key identifier. */
  readonly keyId: Uint8Array;
  /** What was signed; `undefined` for a certification request, which signs itself. */
  readonly challenge: string | undefined;
  readonly [proven]: true;
}

/** Keys of keyless certificates: what the clients of that API can verify. */
export const KEYLESS_KEYS: readonly KeyAlgorithm[] = ['ec-p256', 'ec-p384', 'ec-p521', 'ed25519', 'rsa'];
/** Keys that any certificate may be for; the profile narrows them. */
export const SUBSCRIBER_KEYS: readonly KeyAlgorithm[] = [
  ...KEYLESS_KEYS,
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
];
const MAX_KEY_BYTES = 8 * 1024;

/**
 * Reads the key that a caller wants certified, from PEM text or SubjectPublicKeyInfo DER.
 * @param certified the kinds of keys that the certificate may be for
 * @throws SealyardError `SY-ISSUE-KEY-MALFORMED`, `SY-ISSUE-KEY-REFUSED`, `SY-ISSUE-KEY-…` of `weak-keys.ts`
 */
export function readCallerKey(
  input: string | Uint8Array,
  certified: readonly KeyAlgorithm[] = KEYLESS_KEYS,
): PublicKey {
  if (input.length > MAX_KEY_BYTES) throw new SealyardError('SY-ISSUE-KEY-MALFORMED', 'it is too long');
  const spki = typeof input === 'string' ? spkiOfPem(input) : input;
  try {
    const info = readSpki(spki);
    if (!certified.includes(info.algorithm)) throw new SealyardError('SY-ISSUE-KEY-REFUSED', info.algorithm);
    refuseWeakKey(info);
    return readPublicKey(spki, OWN_KEYS);
  } catch (error) {
    throw keyError(error);
  }
}

function spkiOfPem(text: string): Uint8Array {
  try {
    const [block, ...more] = decodePem(text);
    if (block?.label === 'PUBLIC KEY' && more.length === 0) return block.der;
  } catch (error) {
    throw keyError(error);
  }
  throw new SealyardError('SY-ISSUE-KEY-MALFORMED', 'one PUBLIC KEY block was expected');
}

function keyError(error: unknown): unknown {
  if (isSealyardError(error, 'SY-DER-MALFORMED', 'SY-PEM-MALFORMED'))
    return new SealyardError('SY-ISSUE-KEY-MALFORMED', error.detail);
  // Sizes and exponents of RSA were judged before: what is left are points that no key can be.
  if (isSealyardError(error, 'SY-KEY-WEAK')) return new SealyardError('SY-ISSUE-KEY-POINT');
  if (isSealyardError(error, 'SY-KEY-UNSUPPORTED', 'SY-ALGORITHM-UNKNOWN'))
    return new SealyardError('SY-ISSUE-KEY-REFUSED', error.detail);
  return error;
}

/**
 * The proof of the Fulcio API: a signature over the challenge (the token's subject, or email).
 * @throws SealyardError `SY-ISSUE-PROOF`
 */
export function provePossession(o: {
  readonly publicKey: PublicKey;
  readonly challenge: string;
  readonly signature: Uint8Array;
}): ProvenKey {
  const message = toUtf8(o.challenge);
  const accepted = proofAlgorithms(o.publicKey).some((algorithm) =>
    verifySignature(o.publicKey, algorithm, message, o.signature),
  );
  if (!accepted || o.challenge === '') throw new SealyardError('SY-ISSUE-PROOF');
  return provenKey(o.publicKey, o.challenge);
}

/**
 * The proof of PKCS #10: the request is signed by the key that is in it (RFC 2986 §4.2).
 * @throws SealyardError `SY-ISSUE-PROOF`, `SY-ISSUE-KEY-REFUSED`, `SY-ISSUE-KEY-…` of `weak-keys.ts`
 */
export function provePossessionByRequest(
  request: CertificationRequest,
  certified: readonly KeyAlgorithm[] = KEYLESS_KEYS,
): ProvenKey {
  const publicKey = readCallerKey(request.spki, certified);
  if (!verifySignature(publicKey, request.signatureAlgorithm, request.signed, request.signature))
    throw new SealyardError('SY-ISSUE-PROOF');
  return provenKey(publicKey, undefined);
}

/** Clients hash by the curve or always with SHA-256, and RSA ones pad either way: the first is the usual one. */
function proofAlgorithms(key: PublicKey): readonly SignatureAlgorithm[] {
  switch (key.algorithm) {
    case 'ec-p384':
    case 'ec-p521':
      return [defaultAlgorithm(key), 'ecdsa-sha256'];
    case 'rsa':
      return ['rsa-pkcs1-sha256', 'rsa-pss-sha256'];
    default:
      return [defaultAlgorithm(key)];
  }
}

function provenKey(publicKey: PublicKey, challenge: string | undefined): ProvenKey {
  return { publicKey, keyId: keyIdOf(publicKey.spki), challenge, [proven]: true };
}

/** RFC 7093 §2 method 1: the leftmost 160 bits of the SHA-256 of the public key's BIT STRING. */
export function keyIdOf(spki: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', readSpki(spki).key, 'buffer').subarray(0, 20));
}
