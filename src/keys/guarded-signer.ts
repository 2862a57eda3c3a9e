// The guard that every adapter puts around its raw signing: one purpose, and no signature leaves unverified.

import type { SignatureAlgorithm } from '../formats/algorithms.ts';
import { SealyardError } from '../ground/errors.ts';
import { defaultAlgorithm, type PublicKey, verifySignature } from '../verify/key.ts';
import type { KeyPurpose, Signer } from './signer.ts';

/** Signs a message with one algorithm, X.509 encoding; may be wrong, which is why it is guarded. */
export type RawSign = (
  algorithm: SignatureAlgorithm,
  message: Uint8Array,
) => Uint8Array | Promise<Uint8Array>;

/** A signer that refuses other purposes and verifies each signature with the pinned key before it is released. */
export function guardSigner(o: {
  readonly ref: string;
  readonly purpose: KeyPurpose;
  readonly publicKey: PublicKey;
  readonly rawSign: RawSign;
}): Signer {
  const { ref, purpose, publicKey, rawSign } = o;
  const algorithm = defaultAlgorithm(publicKey);
  return {
    ref,
    purpose,
    algorithm,
    publicKey,
    async sign(asked, message) {
      if (asked !== purpose) throw new SealyardError('SY-KEYS-PURPOSE', `${asked} with a key for ${purpose}`);
      const signature = await rawSign(algorithm, message);
      if (!verifySignature(publicKey, algorithm, message, signature))
        throw new SealyardError('SY-KEYS-BAD-SIGNATURE', ref);
      return signature;
    },
  };
}
