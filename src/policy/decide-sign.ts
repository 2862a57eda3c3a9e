// May this identity have a signing certificate? The first environment of the document that grants it, or why none does.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Identity } from '../identity/identity.ts';
import { claimsToEmbed, type IdentityMatch, matchIdentities, subjectOfIdentity } from './identities.ts';
import type { EffectiveEnvironment, Policy, SignRule } from './policy.ts';
import type { Violation } from './violation.ts';

export interface SignGrant {
  readonly granted: true;
  readonly environment: EnvironmentName;
  readonly identity: IdentityName;
  /** 300 to 3600. */
  readonly lifetimeSeconds: number;
  /** Of the `sign` rule. */
  readonly line: number;
  readonly policyVersion: string;
  /** What the certificate's claims extension must hold. */
  readonly claims: JsonObject;
}

export interface SignRefusal {
  readonly granted: false;
  readonly violations: readonly [Violation, ...Violation[]];
}

/** @param now the time to judge by; a token that ended meanwhile gets nothing (60 s of skew, as at verification) */
export function decideSign(policy: Policy, identity: Identity, now: Date): SignGrant | SignRefusal {
  // Life of a signature, step 3: may this identity sign, for how long, in which environment.
  const issuer = policy.issuers.find(
    (one) => one.url === identity.issuer && one.name === identity.issuerName,
  );
  if (issuer === undefined || now.getTime() >= identity.expiresAt.getTime() + 60_000)
    return refuse(expired(identity, issuer !== undefined));
  const match = matchIdentities(policy, subjectOfIdentity(identity));
  if (match.names.length === 0) return refuse(nobody(policy, identity), ...match.violations);
  for (const environment of policy.environments.values())
    for (const rule of environment.sign)
      if (match.names.includes(rule.who) && counts(rule, environment))
        return grant(policy, identity, environment, rule);
  return refuse(nothingGranted(policy, match), ...match.violations);
}

// The built-in issuer vouches for whoever runs the yard.
function counts(rule: SignRule, environment: EffectiveEnvironment): boolean {
  return !rule.development || environment.development;
}

function grant(
  policy: Policy,
  identity: Identity,
  environment: EffectiveEnvironment,
  rule: SignRule,
): SignGrant {
  return {
    granted: true,
    environment: environment.name,
    identity: rule.who,
    lifetimeSeconds: rule.lifetimeSeconds,
    line: rule.line,
    policyVersion: policy.version,
    claims: claimsToEmbed(policy, identity),
  };
}

function refuse(first: Violation, ...rest: readonly Violation[]): SignRefusal {
  return { granted: false, violations: [first, ...rest] };
}

function expired(identity: Identity, known: boolean): Violation {
  return known
    ? {
        code: 'SY-IDENTITY-EXPIRED',
        rule: 'token-is-alive',
        message: `the token of ${identity.subject} has expired`,
      }
    : {
        code: 'SY-IDENTITY-ISSUER-UNKNOWN',
        rule: 'issuer-is-named',
        message: `the policy does not name ${identity.issuer}`,
      };
}

function nobody(policy: Policy, identity: Identity): Violation {
  const candidates = [...policy.identities.values()].filter(
    (rule) => rule.from === 'oidc' && rule.issuer === identity.issuerName,
  );
  const lines = candidates.map((rule) => `${rule.name} (${policy.file}:${rule.line})`).join(', ');
  const found =
    candidates.length === 0
      ? `no identity uses the issuer "${identity.issuerName}"`
      : `it is none of ${lines}`;
  return {
    code: 'SY-POLICY-NO-IDENTITY',
    rule: 'identity-matches',
    message: `${identity.subject} of ${identity.issuerName} is not an identity of the policy: ${found}`,
  };
}

function nothingGranted(policy: Policy, match: IdentityMatch): Violation {
  const names = match.names.join(', ');
  for (const environment of policy.environments.values())
    for (const rule of environment.sign)
      if (match.names.includes(rule.who)) {
        const message = `${rule.who} may sign only in an environment marked "development: true", which ${environment.name} is not (${policy.file}:${environment.line})`;
        return {
          code: 'SY-POLICY-DEVELOPMENT-ONLY',
          rule: 'development-is-marked',
          message,
          line: rule.line,
        };
      }
  return {
    code: 'SY-POLICY-NO-GRANT',
    rule: 'sign-rule-grants',
    message: `no "sign" rule of any environment names ${names}`,
  };
}
