// What a verified bundle proves, as values: the only thing that policy reads about a signature.
import type { Checkpoint } from '../formats/note.ts';
import type { Certificate } from '../formats/x509/certificate.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import type { Json, JsonObject } from '../ground/json.ts';

export interface CertificateSigner {
  readonly kind: 'certificate';
  readonly san: { readonly type: 'uri' | 'email' | 'other'; readonly value: string };
  /** Of the identity's token, not of the certificate. */
  readonly issuer: string;
  /** Number below Fulcio's arc to text. */
  readonly extensions: Readonly<Record<string, string>>;
  /** From Sealyard's claims extension. */
  readonly claims?: JsonObject;
  readonly certificate: Certificate;
  /** Leaf … root. */
  readonly chain: readonly Certificate[];
}

export interface KeySigner {
  readonly kind: 'key';
  readonly spki: Uint8Array;
}

/** A time that somebody trusted vouches for. */
export interface VerifiedTime {
  readonly source: 'timestamp' | 'log';
  readonly at: Date;
  /** URI of the timestamp authority or log. */
  readonly authority: string;
}

/** A log entry whose inclusion is proved (`checkpoint` present) or promised by the log. */
export interface VerifiedEntry {
  readonly origin: string;
  readonly logId: Uint8Array;
  readonly index: number;
  readonly checkpoint?: Checkpoint;
  /** Known witnesses that cosigned the checkpoint. */
  readonly cosigners: number;
}

export interface VerifiedSct {
  readonly logId: Uint8Array;
  readonly timestampMs: number;
  readonly leafIndex?: number;
}

export interface Facts {
  /** `signature`: a message signature or cosign's signature predicate; everything else attests something further. */
  readonly kind: 'signature' | 'attestation';
  readonly signer: CertificateSigner | KeySigner;
  /** SHA-256 digests that the signature is about; the artifact's is among them where it was given by SHA-256 or bytes. */
  readonly subjects: readonly Digest[];
  readonly predicateType?: string;
  readonly predicate?: Json;
  readonly times: readonly VerifiedTime[];
  readonly entries: readonly VerifiedEntry[];
  readonly sct?: VerifiedSct;
}

/**
 * Demands that a certificate for exactly this identity, vouched for by this issuer, signed.
 * @throws SealyardError `SY-VERIFY-IDENTITY-MISMATCH`
 */
export function expectIdentity(
  facts: Facts,
  expect: { readonly san: string; readonly issuer: string },
): void {
  const { signer } = facts;
  if (signer.kind === 'key')
    throw new SealyardError('SY-VERIFY-IDENTITY-MISMATCH', 'a key signed, not an identity');
  if (signer.san.value !== expect.san)
    throw new SealyardError('SY-VERIFY-IDENTITY-MISMATCH', `identity is ${signer.san.value}`);
  if (signer.issuer !== expect.issuer)
    throw new SealyardError('SY-VERIFY-IDENTITY-MISMATCH', `issuer is ${signer.issuer}`);
}
