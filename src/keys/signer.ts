// The port to private keys: signers bound to one purpose each, and the store that makes and opens them.
import type { KeyObject } from 'node:crypto';
import type { KeyAlgorithm, SignatureAlgorithm } from '../formats/algorithms.ts';
import type { PublicKey } from '../verify/key.ts';

/** What a key is for. A key has exactly one purpose, fixed when it is made. */
export type KeyPurpose =
  | 'root-ca'
  | 'intermediate-ca'
  | 'tls-ca'
  | 'code-signing-ca'
  | 'timestamping-ca'
  | 'ocsp-responder'
  | 'listener'
  | 'timestamp'
  | 'certificate-log'
  | 'signature-log'
  | 'audit-log'
  | 'development-issuer';

/** Purposes whose key a library must hold itself: TLS, and the token issuer that is only for development. */
export type ExportablePurpose = Extract<KeyPurpose, 'listener' | 'development-issuer'>;

/**
 * Uses one private key, wherever it lives. Safe to call concurrently.
 * `sign` takes the message, never a digest: hashing and re-encoding are the adapter's (some stores sign only one or
 * the other). The result is as X.509 wants it (ECDSA: DER `Ecdsa-Sig-Value`) and was verified with `publicKey`.
 */
export interface Signer {
  /** Where the key is, e.g. `file:root-ca-0f3c…`; never secret. */
  readonly ref: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: SignatureAlgorithm;
  /** Pinned: fetched when the key was made and compared at each opening. */
  readonly publicKey: PublicKey;
  /**
   * @throws SealyardError `SY-KEYS-PURPOSE` where `purpose` is not this key's, `SY-KEYS-BAD-SIGNATURE` where the
   *   store returned what the pinned key does not verify, `SY-KEYS-UNAVAILABLE` where the store does not answer
   */
  sign(purpose: KeyPurpose, message: Uint8Array): Promise<Uint8Array>;
}

/** What is known of a key without using it. */
export interface KeyDescription {
  readonly ref: string;
  readonly purpose: KeyPurpose;
  readonly algorithm: KeyAlgorithm;
  readonly spki: Uint8Array;
}

/** A key to be made. */
export interface NewKey {
  readonly purpose: KeyPurpose;
  readonly algorithm: KeyAlgorithm;
  /** Of an RSA key; 2048 where nothing is said. */
  readonly bits?: RsaBits;
}

/** Sizes of RSA keys that we make. */
export type RsaBits = 2048 | 3072 | 4096;

/**
 * Makes and opens keys. Duties of an adapter: `create` returns only when the key will be there after a crash;
 * a key whose `ref` nobody recorded is harmless; `open` refuses a key that is not what it was made as.
 */
export interface KeyStore {
  /** @throws SealyardError `SY-KEYS-ALGORITHM`, `SY-KEYS-UNAVAILABLE` */
  create(o: NewKey): Promise<Signer>;
  /**
   * Takes in a key that was made elsewhere, as durably as `create`; absent where the store makes all of its keys.
   * @throws SealyardError `SY-KEYS-ALGORITHM` for a kind of key that the store would not make, `SY-KEYS-UNAVAILABLE`
   */
  adopt?(o: { readonly purpose: KeyPurpose; readonly privateKey: KeyObject }): Promise<Signer>;
  /** @throws SealyardError `SY-KEYS-NOT-FOUND`, `SY-KEYS-DAMAGED`, `SY-KEYS-UNAVAILABLE` */
  open(ref: string): Promise<Signer>;
  list(): Promise<readonly KeyDescription[]>;
  /**
   * The private key itself, for purposes that allow it only; absent where keys cannot leave the store.
   * @throws SealyardError `SY-KEYS-PURPOSE` where the key is for anything else
   */
  exportPrivate?(ref: string, purpose: ExportablePurpose): Promise<KeyObject>;
}
