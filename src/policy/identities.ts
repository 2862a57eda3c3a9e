// Which identities of the policy a subject is: from a token's claims, or again from a certificate's.
import { isSealyardError } from '../ground/errors.ts';
import type { IdentityName } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import { claimsOfCertificate } from '../identity/certificate-claims.ts';
import type { Identity, IssuerConfig } from '../identity/identity.ts';
import { ISSUER_TYPES } from '../identity/issuers.ts';
import type { CertificateSigner, Facts } from '../verify/facts.ts';
import type { ExpressionResult, Variables } from './expression.ts';
import type { NameType } from './issuance.ts';
import type { CertificateSubject, IdentitySubject, OidcIdentity, Policy } from './policy.ts';
import type { Violation } from './violation.ts';

export interface IdentityMatch {
  readonly names: readonly IdentityName[];
  /** Expressions that could not be evaluated; they match nothing. */
  readonly violations: readonly Violation[];
}

/** The names of the identities whose `where` says yes. */
export function identityNames(policy: Policy, subject: IdentitySubject): readonly IdentityName[] {
  return matchIdentities(policy, subject).names;
}

export function matchIdentities(policy: Policy, subject: IdentitySubject): IdentityMatch {
  const names: IdentityName[] = [];
  const violations: Violation[] = [];
  const { claims, san } = subject;
  for (const rule of policy.identities.values()) {
    if (rule.from !== 'oidc' || rule.issuer !== subject.issuerName) continue;
    const result = rule.where.evaluate({ claims, san, subject: subject.subject });
    if ('error' in result) violations.push(expressionViolation(policy, rule, result.error));
    else if (result.matched) names.push(rule.name);
  }
  return { names, violations };
}

/** A token's holder. A claim that is null counts as absent, as it will in the certificate. */
export function subjectOfIdentity(identity: Identity): IdentitySubject {
  const { issuerName, subject, san } = identity;
  return { issuerName, subject, san: san.value, claims: withoutNulls(identity.claims) };
}

/** The identities that a verified signature was made by. Never throws for what a certificate holds. */
export function matchSigner(
  policy: Policy,
  facts: Facts,
): IdentityMatch & { readonly issuer?: IssuerConfig } {
  const { signer } = facts;
  if (signer.kind === 'key' || signer.san.type === 'other') return { names: [], violations: [] };
  const issuer = policy.issuers.find((one) => one.url === signer.issuer);
  if (issuer === undefined) return { names: [], violations: [] };
  const claims = statedClaims(policy, issuer, signer);
  if (!('claims' in claims)) return { names: [], violations: [claims] };
  return { ...matchStated(policy, issuer, signer, claims.claims), issuer };
}

export function identityNamesOfFacts(policy: Policy, facts: Facts): readonly IdentityName[] {
  return matchSigner(policy, facts).names;
}

/**
 * The identities that the holder of a certificate of ours is.
 * @param subject of a certificate that verified and is on record; the caller vouches for both
 */
export function identityNamesOfCertificate(
  policy: Policy,
  subject: CertificateSubject,
): readonly IdentityName[] {
  const variables = certificateVariables(subject);
  const names: IdentityName[] = [];
  for (const rule of policy.identities.values())
    if (rule.from === 'certificate' && isYes(rule.where.evaluate(variables))) names.push(rule.name);
  return names;
}

function isYes(result: ExpressionResult): boolean {
  return 'matched' in result && result.matched;
}

function certificateVariables(subject: CertificateSubject): Variables {
  const { names, profile, authority, identity = '' } = subject;
  const ofType = (type: NameType) => names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    names: { dns: ofType('dns'), ip: ofType('ip'), uri: ofType('uri'), email: ofType('email') },
    profile,
    authority,
    identity,
  };
}

/** The identities that the holder of a service token is. @param token the token's name */
export function identityNamesOfServiceToken(policy: Policy, token: string): readonly IdentityName[] {
  const rules = [...policy.identities.values()];
  return rules
    .filter((rule) => rule.from === 'service-token' && rule.token === token)
    .map(({ name }) => name);
}

/** The identity that a binding was made for, unless the policy no longer says that bindings make it. */
export function identityNamesOfBinding(policy: Policy, identity: string): readonly IdentityName[] {
  const rules = [...policy.identities.values()];
  return rules.filter((rule) => rule.from === 'binding' && rule.name === identity).map(({ name }) => name);
}

/** What the certificate must carry for these identities to be judged again: null where the token lacks the claim. */
export function claimsToEmbed(policy: Policy, identity: Identity): JsonObject {
  const embedded: Record<string, JsonObject[string]> = {};
  for (const name of policy.mentionedClaims.get(identity.issuerName) ?? [])
    embedded[name] = Object.hasOwn(identity.claims, name) ? (identity.claims[name] ?? null) : null;
  return embedded;
}

function statedClaims(
  policy: Policy,
  issuer: IssuerConfig,
  signer: CertificateSigner,
): { readonly claims: JsonObject } | Violation {
  const san = { type: signer.san.type === 'email' ? 'email' : 'uri', value: signer.san.value } as const;
  const extensions = new Map(
    Object.entries(signer.extensions).map(([number, text]) => [Number(number), text]),
  );
  try {
    return {
      claims: claimsOfCertificate(issuer.type, {
        issuer: issuer.url,
        san,
        extensions,
        claims: signer.claims,
      }),
    };
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    return { code: error.code, rule: 'claims-agree', message: `${policy.file}: ${error.message}` };
  }
}

// "Absent" must be told from "not carried": a certificate from before a policy asked for a claim says nothing about
// it, and `!has(claims.fork)` must not take that for a no.
function matchStated(
  policy: Policy,
  issuer: IssuerConfig,
  signer: CertificateSigner,
  stated: JsonObject,
): IdentityMatch {
  const { mappedClaims } = ISSUER_TYPES[issuer.type];
  const names: IdentityName[] = [];
  const violations: Violation[] = [];
  const claims = withoutNulls(stated);
  const subject = typeof claims['sub'] === 'string' ? claims['sub'] : '';
  for (const rule of policy.identities.values()) {
    if (rule.from !== 'oidc' || rule.issuer !== issuer.name) continue;
    const silent = [...rule.where.claims].find(
      (name) => !Object.hasOwn(stated, name) && !mappedClaims.has(name),
    );
    if (silent !== undefined) {
      violations.push(
        expressionViolation(policy, rule, `the certificate says nothing about the claim "${silent}"`),
      );
      continue;
    }
    const result = rule.where.evaluate({ claims, san: signer.san.value, subject });
    if ('error' in result) violations.push(expressionViolation(policy, rule, result.error));
    else if (result.matched) names.push(rule.name);
  }
  return { names, violations };
}

function expressionViolation(policy: Policy, rule: OidcIdentity, error: string): Violation {
  const message = `"where" of identity ${rule.name} (${policy.file}:${rule.line}) matches nothing: ${error}`;
  return { code: 'SY-POLICY-EXPRESSION', rule: 'identity-where', message, line: rule.line };
}

function withoutNulls(claims: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null));
}
