// The question "may this be issued?" and its two answers.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { ChallengeType, IssuanceProfile, RequestedName } from './issuance.ts';
import type { Violation } from './violation.ts';

export interface IssueQuestion {
  /** Who the caller is by the policy; empty for an ACME account without binding. */
  readonly who: readonly IdentityName[];
  readonly names: readonly RequestedName[];
  /** Absent: the first profile that is granted. */
  readonly profile?: string;
  /** Absent: the rule's, or else the profile's default. */
  readonly lifetimeSeconds?: number;
  /** Absent: the first that grants. */
  readonly environment?: string;
  /**
   * Whether the door that asks can have control of the names proven. ACME can; elsewhere a rule with
   * `proof: challenge` grants nothing.
   */
  readonly canChallenge: boolean;
  readonly now: Date;
}

export interface IssueGrant {
  readonly granted: true;
  readonly environment: EnvironmentName;
  readonly identity: IdentityName | 'anyone';
  readonly profile: IssuanceProfile;
  /** Ids of the authorities that may sign; `undefined`: any of the profile's usage. */
  readonly authorities: readonly string[] | undefined;
  /** What the certificate gets at most. */
  readonly lifetimeSeconds: number;
  readonly proof: 'policy' | 'challenge';
  /** Ways of proof that count; empty with `proof: policy`. */
  readonly challenges: readonly ChallengeType[];
  readonly caa: boolean;
  /** Of the `issue` rule. */
  readonly line: number;
  readonly policyVersion: string;
}

export interface IssueRefusal {
  readonly granted: false;
  readonly violations: readonly [Violation, ...Violation[]];
}
