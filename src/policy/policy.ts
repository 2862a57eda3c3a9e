// The policy document as values: what `loadPolicy` makes of the text and what every decision reads.

import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import type { IssuerConfig } from '../identity/identity.ts';
import type { Expression } from './expression.ts';
import type { Glob } from './glob.ts';
import type { IssuanceProfile, IssueRule, RequestedName } from './issuance.ts';

/**
 * What an administrator may do. `viewer` reads state; `auditor` reads state and the audit log; `operator` reads
 * state and acts on it (revoke, rotate); `administrator` does everything, tokens included.
 */
export type Role = 'viewer' | 'auditor' | 'operator' | 'administrator';

export interface AdministerRule {
  /** The name of an identity of this policy, or else of a service token. */
  readonly who: string;
  readonly kind: 'identity' | 'token';
  readonly role: Role;
  readonly line: number;
}

/** The holder of a token of an OpenID issuer. */
export interface OidcIdentity {
  readonly from: 'oidc';
  readonly name: IdentityName;
  /** Alias of the issuer. */
  readonly issuer: string;
  /** Over `claims`, `subject`, `san`. */
  readonly where: Expression;
  readonly line: number;
}

/** The holder of a certificate of ours, whoever presented it (mutual TLS, EST, renewal). */
export interface CertificateIdentity {
  readonly from: 'certificate';
  readonly name: IdentityName;
  /** Over `names` (`.dns`, `.ip`, `.uri`, `.email`: lists), `profile`, `authority`, `identity` (empty: not known). */
  readonly where: Expression;
  readonly line: number;
}

/** Exists only through external account bindings (RFC 8555 §7.3.4) and EST passwords, which name it. */
export interface BindingIdentity {
  readonly from: 'binding';
  readonly name: IdentityName;
  readonly line: number;
}

/** The holder of a service token of this yard. */
export interface ServiceTokenIdentity {
  readonly from: 'service-token';
  readonly name: IdentityName;
  /** The token's name. */
  readonly token: string;
  readonly line: number;
}

export type IdentityRule = OidcIdentity | CertificateIdentity | BindingIdentity | ServiceTokenIdentity;

export interface SignRule {
  readonly who: IdentityName;
  /** Every inner list must match: an inherited rule keeps its parents' globs beside its own. */
  readonly countsFor: readonly (readonly Glob[])[];
  /** Of the certificate. 300 to 3600. */
  readonly lifetimeSeconds: number;
  /** The built-in issuer vouches for it, so it counts in development environments only. */
  readonly development: boolean;
  /** Line of the rule, and of the parents' rules that it narrows. */
  readonly line: number;
  readonly narrows: readonly number[];
}

export type Requirement =
  | {
      readonly kind: 'signed';
      readonly by: IdentityName;
      /** Distinct signers, by subject alternative name and issuer. */
      readonly atLeast: number;
      readonly line: number;
    }
  | {
      readonly kind: 'attested';
      readonly by: IdentityName;
      readonly predicateType: string;
      /** Over `predicate`, `predicateType`, `statement`. */
      readonly where: Expression | undefined;
      readonly line: number;
    };

export interface RunRule {
  readonly opens: boolean;
  readonly environment: EnvironmentName;
  readonly images: readonly Glob[];
  readonly require: readonly Requirement[];
  readonly line: number;
}

/** An environment with all that it inherits. */
export interface EffectiveEnvironment {
  readonly name: EnvironmentName;
  /** Root first, this environment last. */
  readonly lineage: readonly EnvironmentName[];
  /** Accepts the built-in issuer. */
  readonly development: boolean;
  readonly sign: readonly SignRule[];
  readonly issue: readonly IssueRule[];
  /** Ids of the authorities that may sign for it; `undefined`: any. */
  readonly authorities: readonly string[] | undefined;
  /**
   * Rules of the whole lineage, root first. Those of the root that has any decide which images may run at all
   * (`opens`); an image must meet the requirements of every rule that matches it.
   */
  readonly run: readonly RunRule[];
  readonly line: number;
}

export interface ClusterRule {
  readonly name: string;
  readonly environment: EnvironmentName;
  readonly line: number;
}

export interface Policy {
  /** `sha256:` of the document's bytes. */
  readonly version: string;
  readonly text: string;
  /** For messages: the path as it was given, or `policy`. */
  readonly file: string;
  /** Issuers whose tokens and certificates count; the built-in one only where the yard runs with `--development`. */
  readonly issuers: readonly IssuerConfig[];
  readonly clusters: ReadonlyMap<string, ClusterRule>;
  readonly administer: readonly AdministerRule[];
  readonly identities: ReadonlyMap<IdentityName, IdentityRule>;
  /** The built-in profiles and those of `profiles:`. */
  readonly profiles: ReadonlyMap<string, IssuanceProfile>;
  readonly environments: ReadonlyMap<EnvironmentName, EffectiveEnvironment>;
  /** Issuer alias to the claims that its identities' `where` mention: what a certificate must carry. */
  readonly mentionedClaims: ReadonlyMap<string, ReadonlySet<string>>;
  /** Things that are not errors, such as a built-in issuer that is switched off. */
  readonly notices: readonly { readonly line: number; readonly message: string }[];
}

/** What the `where` of an identity `from: oidc` is judged over, from a token or from a signing certificate. */
export interface IdentitySubject {
  readonly issuerName: string;
  readonly claims: JsonObject;
  readonly subject: string;
  readonly san: string;
}

/** What the `where` of an identity `from: certificate` is judged over: a verified certificate that we issued. */
export interface CertificateSubject {
  readonly names: readonly RequestedName[];
  /** Name of the issuance profile. */
  readonly profile: string;
  /** Id of the authority that signed it. */
  readonly authority: string;
  /** The policy identity that it was granted to, where that is on record. */
  readonly identity?: string;
}
