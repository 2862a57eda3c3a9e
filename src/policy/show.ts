// Effective environments for `policy show`: as data, and in words.
import type { JsonObject } from '../ground/json.ts';
import type { Glob } from './glob.ts';
import type { EffectiveEnvironment, IdentityRule, Policy, Requirement, RunRule, SignRule } from './policy.ts';
import { duration } from './shape.ts';
import { issueData, issueWords, profileData, profileWords } from './show-issue.ts';

export interface PolicyDescription {
  readonly data: JsonObject;
  readonly words: readonly string[];
}

/** @param environment its name; all of them without */
export function describePolicy(policy: Policy, environment?: string): PolicyDescription {
  const shown = [...policy.environments.values()].filter(
    (one) => environment === undefined || one.name === environment,
  );
  const own = [...policy.profiles.values()].filter(({ line }) => line > 0);
  return {
    data: {
      version: policy.version,
      issuers: policy.issuers.map(({ name, url, type, audiences }) => ({ name, url, type, audiences })),
      identities: [...policy.identities.values()].map(identityData),
      administer: policy.administer.map(({ who, role, line }) => ({ who, role, line })),
      clusters: [...policy.clusters.values()].map(({ name, environment: at, line }) => ({
        name,
        environment: at,
        line,
      })),
      profiles: own.map(profileData),
      environments: shown.map((one) => environmentData(policy, one)),
      notices: policy.notices.map(({ line, message }) => ({ line, message })),
    },
    words: [
      ...(environment === undefined
        ? own.map((profile) => `${profileWords(profile)} [${policy.file}:${profile.line}]`)
        : []),
      ...shown.flatMap((one) => environmentWords(policy, one)),
      ...policy.notices.map((notice) => `${policy.file}:${notice.line}: ${notice.message}`),
    ],
  };
}

function identityData(rule: IdentityRule): JsonObject {
  const { name, from, line } = rule;
  if (rule.from === 'oidc') return { name, from, issuer: rule.issuer, where: rule.where.source, line };
  if (rule.from === 'certificate') return { name, from, where: rule.where.source, line };
  return rule.from === 'service-token' ? { name, from, token: rule.token, line } : { name, from, line };
}

function environmentData(policy: Policy, environment: EffectiveEnvironment): JsonObject {
  return {
    name: environment.name,
    lineage: environment.lineage,
    development: environment.development,
    line: environment.line,
    sign: environment.sign.map((rule) => ({
      who: rule.who,
      countsFor: rule.countsFor.map(texts),
      lifetimeSeconds: rule.lifetimeSeconds,
      effective: counts(rule, environment),
      line: rule.line,
      narrows: rule.narrows,
    })),
    issue: environment.issue.map((rule) => issueData(policy, rule, environment)),
    authorities: environment.authorities ?? null,
    run: environment.run.map((rule) => ({
      environment: rule.environment,
      opens: rule.opens,
      images: texts(rule.images),
      require: rule.require.map(requirementData),
      line: rule.line,
    })),
  };
}

function requirementData(requirement: Requirement): JsonObject {
  if (requirement.kind === 'signed')
    return { signed: { by: requirement.by, atLeast: requirement.atLeast }, line: requirement.line };
  const where = requirement.where === undefined ? {} : { where: requirement.where.source };
  return {
    attested: { by: requirement.by, type: requirement.predicateType, ...where },
    line: requirement.line,
  };
}

function environmentWords(policy: Policy, environment: EffectiveEnvironment): string[] {
  const marks = [
    ...(environment.lineage.length > 1
      ? [`extends ${environment.lineage.slice(0, -1).toReversed().join(', ')}`]
      : []),
    ...(environment.development ? ['development'] : []),
  ];
  const title = `Environment ${environment.name}${marks.length === 0 ? '' : ` (${marks.join('; ')})`}`;
  const sign = environment.sign.map(
    (rule) => `  ${signWords(rule, environment)} [${policy.file}:${rule.line}]`,
  );
  const issue = environment.issue.map(
    (rule) => `  ${issueWords(policy, rule, environment)} [${policy.file}:${rule.line}]`,
  );
  const run = environment.run.map((rule) => `  ${runWords(rule)} [${policy.file}:${rule.line}]`);
  return [
    title,
    ...(issue.length === 0 ? ['  Nobody may have a certificate.'] : issue),
    ...(environment.authorities === undefined
      ? []
      : [`  Signed by ${environment.authorities.join(' or ')} alone.`]),
    ...(sign.length === 0 ? ['  Nobody may sign.'] : sign),
    ...(run.length === 0 ? ['  Nothing may run.'] : run),
  ];
}

function signWords(rule: SignRule, environment: EffectiveEnvironment): string {
  const globs = rule.countsFor.map((list) => texts(list).join(' or ')).join(', and at once ');
  const inert = counts(rule, environment) ? '' : ' (without effect: the built-in issuer does not count here)';
  return `${rule.who} may sign; it counts for ${globs}; certificates live ${duration(rule.lifetimeSeconds)}${inert}`;
}

function runWords(rule: RunRule): string {
  const demands = rule.require.map(requirementWords).join(', and ');
  const verb = rule.opens ? 'may run' : 'must further have what follows';
  return `${texts(rule.images).join(', ')} ${verb}: ${demands === '' ? 'nothing is demanded' : demands}`;
}

/** A requirement in words, as in `a signature by shop-release`. */
export function requirementWords(requirement: Requirement): string {
  if (requirement.kind === 'attested') {
    const where = requirement.where === undefined ? '' : ` where ${requirement.where.source}`;
    return `an attestation ${requirement.predicateType} by ${requirement.by}${where}`;
  }
  return requirement.atLeast === 1
    ? `a signature by ${requirement.by}`
    : `signatures by ${requirement.atLeast} distinct signers of ${requirement.by}`;
}

function counts(rule: SignRule, environment: EffectiveEnvironment): boolean {
  return !rule.development || environment.development;
}

function texts(globs: readonly Glob[]): readonly string[] {
  return globs.map((glob) => glob.text);
}
