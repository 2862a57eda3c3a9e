// Private keys in this process: making them and signing with them by `node:crypto`.
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { hashOf, type KeyAlgorithm } from '../formats/algorithms.ts';
import { SealyardError } from '../ground/errors.ts';
import type { RawSign } from './guarded-signer.ts';

const generate = promisify(generateKeyPair);

type Generator = () => Promise<{ readonly privateKey: KeyObject }>;

/** What we make for ourselves; callers' keys may be others. RSA is for the development issuer, whose clients want RS256. */
const GENERATORS: Partial<Readonly<Record<KeyAlgorithm, Generator>>> = {
  'ec-p256': () => generate('ec', { namedCurve: 'P-256' }),
  'ec-p384': () => generate('ec', { namedCurve: 'P-384' }),
  ed25519: () => generate('ed25519', {}),
  rsa: () => generate('rsa', { modulusLength: 2048, publicExponent: 65_537 }),
};

/**
 * A new private key, made in the thread pool (RSA takes a second).
 * @throws SealyardError `SY-KEYS-ALGORITHM`
 */
export async function generatePrivateKey(algorithm: KeyAlgorithm): Promise<KeyObject> {
  const generator = GENERATORS[algorithm];
  if (generator === undefined) throw new SealyardError('SY-KEYS-ALGORITHM', algorithm);
  return (await generator()).privateKey;
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
 * Signs on the event loop: P-256 and Ed25519 take 30–60 µs, less than handing them to a thread. P-384 (1 ms) and RSA
 * (1 ms) go the same way, since they sign a few CA certificates and development tokens, never a request of the hot path.
 */
export function localSign(privateKey: KeyObject): RawSign {
  return (algorithm, message) => {
    const signature = sign(hashOf(algorithm) ?? null, message, privateKey);
    return new Uint8Array(signature.buffer, signature.byteOffset, signature.byteLength);
  };
}
