// Who signs: one certification authority as the other rooms see it. State only; certificates are made in issue/.
import { createHash } from 'node:crypto';
import { extensions } from '../formats/x509/build.ts';
import type { Certificate, Extension } from '../formats/x509/certificate.ts';
import type { KeyPurpose, Signer } from '../keys/signer.ts';

export type AuthorityPurpose = 'root' | 'tls' | 'code-signing' | 'timestamping';

export interface Authority {
  /** e.g. `code-signing-1`: purpose and generation. */
  readonly id: string;
  readonly purpose: AuthorityPurpose;
  readonly certificate: Certificate;
  /** This authority's certificate first, the root last. */
  readonly chain: readonly Certificate[];
  readonly signer: Signer;
  /** SHA-256 of the authority's SubjectPublicKeyInfo (RFC 6962 §3.2 `issuer_key_hash`). */
  readonly issuerKeyHash: Uint8Array;
  /** SHA-256 of each certificate of `chain` (static-ct-api `certificate_chain`). */
  readonly chainFingerprints: readonly Uint8Array[];
  /** The authority key identifier extension of everything that it issues, encoded once. */
  readonly authorityKeyId: Extension;
}

/** The authorities that a yard issues from. */
export interface Authorities {
  readonly root: Authority;
  readonly tls: Authority;
  readonly codeSigning: Authority;
  readonly timestamping: Authority;
}

/** The purpose that an authority's key must have been made for. */
export const KEY_PURPOSE_OF: Readonly<Record<AuthorityPurpose, KeyPurpose>> = {
  root: 'root-ca',
  tls: 'tls-ca',
  'code-signing': 'code-signing-ca',
  timestamping: 'timestamping-ca',
};

/** Puts an authority together and computes, once, what each certificate of it repeats. */
export function authorityOf(o: {
  readonly id: string;
  readonly purpose: AuthorityPurpose;
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly signer: Signer;
}): Authority {
  const [certificate] = o.chain;
  return {
    ...o,
    certificate,
    issuerKeyHash: sha256(certificate.spki),
    chainFingerprints: o.chain.map((each) => sha256(each.der)),
    authorityKeyId: extensions.authorityKeyId(certificate.subjectKeyId ?? sha256(certificate.spki)),
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
