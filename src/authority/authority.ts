// Who signs: one certification authority as the other rooms see it. State only; certificates are made in issue/.
import { createHash } from 'node:crypto';
import { extensions } from '../formats/x509/build.ts';
import type { Certificate, Extension } from '../formats/x509/certificate.ts';
import type { KeyPurpose, Signer } from '../keys/signer.ts';

/** What a leaf is for; each kind of leaf has authorities of its own. */
export type IssuingUsage = 'tls' | 'code-signing' | 'timestamping';

/** `root` and `intermediate` sign authorities, the others sign leaves. */
export type AuthorityPurpose = 'root' | 'intermediate' | IssuingUsage;

/**
 * `active`: may issue · `retired`: a newer generation issues, this one goes on signing CRLs and OCSP responders ·
 * `offline`: its private key is not here (kept elsewhere, or missing) · `revoked`: its certificate is.
 */
export type AuthorityState = 'active' | 'retired' | 'offline' | 'revoked';

/** A certification authority on record, whether its key is here or not. */
export interface KnownAuthority {
  /** Purpose and generation (`code-signing-1`), or the name that it was given: `[a-z0-9-]{1,40}`. */
  readonly id: string;
  /** What its generations have in common, e.g. `tls`. A policy or profile may name either. */
  readonly name: string;
  readonly purpose: AuthorityPurpose;
  readonly generation: number;
  readonly state: AuthorityState;
  /** Whether the private key can be used: `elsewhere` was never here, `missing` should be and is not. */
  readonly key: 'here' | 'elsewhere' | 'missing';
  readonly certificate: Certificate;
  /** This authority's certificate first, the root last: the default among `AuthorityDirectory.chains`. */
  readonly chain: readonly Certificate[];
  /** SHA-256 of the authority's SubjectPublicKeyInfo (RFC 6962 §3.2 `issuer_key_hash`). */
  readonly issuerKeyHash: Uint8Array;
  /** SHA-256 of each certificate of `chain` (static-ct-api `certificate_chain`). */
  readonly chainFingerprints: readonly Uint8Array[];
  /** How many CRL shards its certificates are spread over; fixed when it was put on record. */
  readonly shards: number;
  readonly createdAt: Date;
}

/** One that can sign. */
export interface Authority extends KnownAuthority {
  readonly signer: Signer;
  /** The authority key identifier extension of everything that it issues, encoded once. */
  readonly authorityKeyId: Extension;
}

/** The authorities that a yard issues from when nothing names another. */
export interface Authorities {
  /** The yard's own trust anchor; its key may have been taken offline. */
  readonly root: KnownAuthority;
  readonly tls: Authority;
  readonly codeSigning: Authority;
  readonly timestamping: Authority;
}

/** The purpose that an authority's key must have been made for. */
export const KEY_PURPOSE_OF: Readonly<Record<AuthorityPurpose, KeyPurpose>> = {
  root: 'root-ca',
  intermediate: 'intermediate-ca',
  tls: 'tls-ca',
  'code-signing': 'code-signing-ca',
  timestamping: 'timestamping-ca',
};

export const AUTHORITY_PURPOSES: readonly AuthorityPurpose[] = [
  'root',
  'intermediate',
  'tls',
  'code-signing',
  'timestamping',
];

/**
 * How many CRL shards an authority gets where nobody says. Those that sign authorities have few certificates and one list
 * without a limit of its scope, which covers the authority itself as well: some verifiers (`openssl verify
 * -crl_check_all`) want a list for the root too.
 */
export function defaultShards(purpose: AuthorityPurpose): number {
  return purpose === 'root' || purpose === 'intermediate' ? 1 : 64;
}

/** Puts an authority on view and computes, once, what each certificate of it repeats. */
export function knownAuthority(o: {
  readonly id: string;
  readonly name: string;
  readonly purpose: AuthorityPurpose;
  readonly generation: number;
  readonly state: AuthorityState;
  readonly key: KnownAuthority['key'];
  readonly chain: readonly [Certificate, ...Certificate[]];
  readonly shards: number;
  readonly createdAt: Date;
}): KnownAuthority {
  const [certificate] = o.chain;
  return {
    ...o,
    certificate,
    issuerKeyHash: sha256(certificate.spki),
    chainFingerprints: o.chain.map((each) => sha256(each.der)),
  };
}

/** The authority with its key. */
export function authorityOf(known: KnownAuthority, signer: Signer): Authority {
  const { certificate } = known;
  return {
    ...known,
    signer,
    authorityKeyId: extensions.authorityKeyId(certificate.subjectKeyId ?? sha256(certificate.spki)),
  };
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}
