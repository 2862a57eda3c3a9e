// What the policy says of certificates, as values: names, profiles, rules. Other rooms read these; nothing here decides.
import type { KeyUsage, NameConstraints } from '../formats/x509/certificate.ts';
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { NamePattern } from './name-pattern.ts';

/** Keys that a certificate may be for. */
export const KEY_KINDS = [
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'rsa-2048',
  'rsa-3072',
  'rsa-4096',
  'ed25519',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

export const BUILT_IN_PROFILE_NAMES = [
  'workload-tls',
  'server-tls',
  'client-tls',
  'code-signing',
  'timestamping',
  'ocsp-responder',
  'spiffe-svid',
  'pipeline-mtls',
  'intermediate',
] as const;
export type BuiltInProfile = (typeof BUILT_IN_PROFILE_NAMES)[number];

/** The ways of proving control of a name (RFC 8555 §8, RFC 8737, draft-ietf-acme-dns-persist). */
export const CHALLENGE_TYPES = ['http-01', 'dns-01', 'tls-alpn-01', 'dns-persist-01'] as const;
export type ChallengeType = (typeof CHALLENGE_TYPES)[number];

export const NAME_TYPES = ['dns', 'ip', 'uri', 'email'] as const;
export type NameType = (typeof NAME_TYPES)[number];

/** A name that somebody asks to have certified, in its canonical text; any other spelling is refused. */
export type RequestedName =
  /** Lower-case A-labels without a final dot; may begin with `*.`. */
  | { readonly type: 'dns'; readonly value: string }
  /** Dotted decimal, or IPv6 as RFC 5952 has it. */
  | { readonly type: 'ip'; readonly value: string }
  | { readonly type: 'uri'; readonly value: string }
  | { readonly type: 'email'; readonly value: string };

export type LintSeverity = 'error' | 'warning' | 'off';

export interface ProfileExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** DER of what the extnValue octets hold. */
  readonly value: Uint8Array;
}

export interface IssuanceProfile {
  readonly name: string;
  readonly base: BuiltInProfile;
  /** One sentence for people and for ACME's `meta.profiles`. */
  readonly description: string;
  /** The purpose of the authorities that may sign it. */
  readonly usage: 'tls' | 'code-signing' | 'timestamping';
  /** Id of the one authority that signs it, where the profile names one. */
  readonly authority?: string;
  /** The environments that may use it; absent: all. */
  readonly environments?: readonly EnvironmentName[];
  readonly lifetime: {
    readonly leastSeconds: number;
    readonly defaultSeconds: number;
    readonly mostSeconds: number;
  };
  readonly keys: readonly KeyKind[];
  readonly nameTypes: readonly NameType[];
  /** `common-name`: the first DNS name that fits (RFC 5280's 64 characters), else empty. */
  readonly subject: 'empty' | 'common-name';
  readonly keyUsage: readonly KeyUsage[];
  /** OIDs; none for a certificate authority. Critical where the usage is time stamping (RFC 3161 §2.3). */
  readonly extendedKeyUsage: readonly string[];
  /** Beyond those that every certificate has. */
  readonly extensions: readonly ProfileExtension[];
  /** Whether a rule may grant names such as `*.example.com`; the rule must say so too. */
  readonly wildcard: boolean;
  /** Of `intermediate` and what is based on it; absent for leaves. */
  readonly pathLength?: number;
  /** Of `intermediate` and what is based on it. */
  readonly nameConstraints?: NameConstraints;
  /** Lint rules whose severity the profile changes. */
  readonly lint: ReadonlyMap<string, LintSeverity>;
  /** How long after its end a revoked certificate stays in the CRL. */
  readonly crlRetentionSeconds: number;
  /** Whether CAA records (RFC 8659) are heeded for every DNS name. */
  readonly caa: boolean;
  /** Of the policy document; 0 for a built-in profile. */
  readonly line: number;
}

export interface IssueRule {
  /** `anyone` is any ACME account, and always with `proof: challenge`. */
  readonly who: IdentityName | 'anyone';
  /** A key of `Policy.profiles`. */
  readonly profile: string;
  /** Every inner list must match (an inherited rule keeps its parents' lists beside its own), one pattern of a list is enough. */
  readonly names: readonly (readonly NamePattern[])[];
  /** Longest life, within the profile's bounds; absent: the profile's. */
  readonly lifetimeSeconds?: number;
  /** `policy`: that the rule grants the name is enough. `challenge`: control of it must be proven as well. */
  readonly proof: 'policy' | 'challenge';
  /** Ways of proof that count; empty with `proof: policy`. */
  readonly challenges: readonly ChallengeType[];
  /** Grants `*.example.com` where a pattern covers all that it stands for. */
  readonly wildcard: boolean;
  /** CAA records are heeded: the profile's word or the rule's. */
  readonly caa: boolean;
  /** Grants nothing from this instant on. */
  readonly until?: Date;
  /** The built-in issuer vouches for it, so it counts in development environments only. */
  readonly development: boolean;
  /** Line of the rule, and of the parents' rules that it narrows, root first. */
  readonly line: number;
  readonly narrows: readonly number[];
}
