// Every authority of the yard, as it is now: found by id, by use, by name and key; renewed when one is added or changed.
import type { Certificate } from '../formats/x509/certificate.ts';
import type { Authority, AuthorityPurpose, IssuingUsage, KnownAuthority } from './authority.ts';

/** An authority whose key was made here and whose certificate an offline root has yet to sign. */
export interface PendingAuthority {
  readonly id: string;
  readonly name: string;
  readonly purpose: AuthorityPurpose;
  readonly generation: number;
  readonly shards: number;
  /** The certification request (PKCS #10), DER. */
  readonly csr: Uint8Array;
  readonly createdAt: Date;
}

export interface AuthorityDirectory {
  /** Those that can sign, in the order in which they came to be; retired and revoked ones included. */
  all(): readonly Authority[];
  get(id: string): Authority | undefined;
  /** All on record, those without a key (offline roots, trusted anchors) included. */
  known(): readonly KnownAuthority[];
  pending(): readonly PendingAuthority[];
  /**
   * The authority that signs a leaf: the newest active one whose certificate is valid now, among those allowed.
   * @param allowed ids or names of a policy's `authorities:`; absent: any
   * @param wanted id or name that the profile has
   * @throws SealyardError `SY-AUTHORITY-NONE`
   */
  issuing(usage: IssuingUsage, allowed?: readonly string[], wanted?: string): Authority;
  /**
   * Certificate chains of an authority, its own certificate first, a root last; the default first, then the alternates
   * that cross-certificates make possible (RFC 8555 §7.4.2). Empty for an unknown id.
   */
  chains(id: string): readonly (readonly Certificate[])[];
  /** Every CA certificate on record: authorities of all states, anchors, cross-certificates. */
  certificates(): readonly Certificate[];
  /** What relying parties must trust: the self-signed ones and those recorded as anchors, not revoked. */
  anchors(): readonly Certificate[];
  /** The authority with this subject, and this subject key identifier where given. */
  findIssuer(nameDer: Uint8Array, keyId?: Uint8Array): Authority | undefined;
  /** Reads the records again; what was good stays in use where that fails. */
  reload(): Promise<void>;
  /** Calls after each change of what the directory answers. @returns ends that */
  onChange(listener: () => void): () => void;
}
