// May this caller have a certificate for these names? The first rule of the document that grants it, or why none does.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { ChallengeType, IssuanceProfile, RequestedName } from './issuance.ts';
import type { Policy } from './policy.ts';
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
  /** Whether the door that asks can have control of the names proven (ACME can; rules with `proof: challenge` grant nothing elsewhere). */
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

export function decideIssue(policy: Policy, question: IssueQuestion): IssueGrant | IssueRefusal {
  const message = `no "issue" rule of ${policy.file} grants ${question.names.length} names`;
  return {
    granted: false,
    violations: [{ code: 'SY-POLICY-ISSUE-NO-GRANT', rule: 'issue-rule-names-caller', message }],
  };
}

/**
 * The profiles that a caller could be granted, in the order of the document.
 * @param who `everybody`: whatever any rule grants to anybody
 */
export function grantableProfiles(
  policy: Policy,
  who: readonly IdentityName[] | 'everybody',
  environment?: string,
): readonly { readonly name: string; readonly description: string }[] {
  const granted = new Set<string>();
  for (const one of policy.environments.values())
    if (environment === undefined || one.name === environment)
      for (const rule of one.issue)
        if (who === 'everybody' || rule.who === 'anyone' || who.includes(rule.who)) granted.add(rule.profile);
  return [...granted].map((name) => ({ name, description: policy.profiles.get(name)?.description ?? name }));
}
