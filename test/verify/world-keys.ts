// Keys for tests: made anew, gone with the process.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

export interface Key {
  readonly privateKey: KeyObject;
  readonly spki: Uint8Array;
}

export type Curve = 'P-256' | 'P-384' | 'P-521';

export function ecKey(curve: Curve = 'P-256'): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return { privateKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) };
}

export function edKey(): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { privateKey, spki: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })) };
}

/** SHA-256 with ECDSA and RSA, plain with Ed25519. */
export function signWith(key: Key, message: Uint8Array, hash: string = 'sha256'): Uint8Array {
  return new Uint8Array(
    sign(key.privateKey.asymmetricKeyType === 'ed25519' ? null : hash, message, key.privateKey),
  );
}

export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
