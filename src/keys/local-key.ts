// Private keys in this process: making them and signing with them by `node:crypto`.
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { hashOf, type KeyAlgorithm } from '../formats/algorithms.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { OWN_KEYS, readPublicKey } from '../verify/key.ts';
import type { RawSign } from './guarded-signer.ts';
import type { RsaBits } from './signer.ts';

const generate = promisify(generateKeyPair);

type Generator = (bits: RsaBits) => Promise<{ readonly privateKey: KeyObject }>;

const GENERATORS: Readonly<Record<KeyAlgorithm, Generator>> = {
  'ec-p256': () => generate('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generate('ec', { namedCurve: 'P-384' }),
  'ec-p521': () => generate('ec', { namedCurve: 'P-521' }),
  ed25519: () => generate('ed25519', {}),
  rsa: (bits) => generate('rsa', { modulusLength: bits, publicExponent: 65_537 }),
  'ml-dsa-44': () => generate('ml-dsa-44'),
  'ml-dsa-65': () => generate('ml-dsa-65'),
  'ml-dsa-87': () => generate('ml-dsa-87'),
};

/** A new private key, made in the thread pool (RSA takes a second). `bits` is for RSA alone. */
export async function generatePrivateKey(algorithm: KeyAlgorithm, bits: RsaBits = 2048): Promise<KeyObject> {
  return (await GENERATORS[algorithm](bits)).privateKey;
}

/**
 * What a key that was made elsewhere is; weak ones and kinds that we would not make are refused.
 * @throws SealyardError `SY-KEYS-ALGORITHM`
 */
export function adoptable(privateKey: KeyObject): {
  readonly algorithm: KeyAlgorithm;
  readonly spki: Uint8Array;
} {
  try {
    const spki = spkiOf(privateKey);
    return { algorithm: readPublicKey(spki, OWN_KEYS).algorithm, spki };
  } catch (error) {
    if (!isSealyardError(error, 'SY-KEY-WEAK', 'SY-KEY-UNSUPPORTED')) throw error;
    throw new SealyardError('SY-KEYS-ALGORITHM', error.detail);
  }
}

export function spkiOf(privateKey: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(privateKey).export({ format: 'der', type: 'spki' }));
}

export function privateKeyOf(pkcs8: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.byteLength),
    format: 'der',
    type: 'pkcs8',
  });
}

/**
 * Signs on the event loop: P-256 and Ed25519 take 30–60 µs, less than handing them to a thread. P-384, RSA and ML-DSA
 * (about 1 ms) go the same way: an authority whose key is of these kinds signs that much slower than one with P-256.
 */
export function localSign(privateKey: KeyObject): RawSign {
  return (algorithm, message) => {
    const signature = sign(hashOf(algorithm) ?? null, message, privateKey);
    return new Uint8Array(signature.buffer, signature.byteOffset, signature.byteLength);
  };
}
