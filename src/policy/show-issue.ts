// `issue` rules and profiles for `policy show`: as data, and in words.
import type { GeneralName } from '../formats/x509/certificate.ts';
import { toHex } from '../ground/bytes.ts';
import type { JsonObject } from '../ground/json.ts';
import { formatIp } from '../verify/ip.ts';
import type { IssuanceProfile, IssueRule } from './issuance.ts';
import { isUsable } from './issue-checks.ts';
import type { EffectiveEnvironment, Policy } from './policy.ts';
import { duration } from './shape.ts';

export function issueData(policy: Policy, rule: IssueRule, environment: EffectiveEnvironment): JsonObject {
  return {
    who: rule.who,
    profile: rule.profile,
    names: rule.names.map((list) => list.map(({ text }) => text)),
    lifetimeSeconds: rule.lifetimeSeconds ?? null,
    proof: rule.proof,
    challenges: rule.challenges,
    wildcard: rule.wildcard,
    caa: rule.caa,
    until: rule.until?.toISOString() ?? null,
    effective: isEffective(policy, rule, environment),
    line: rule.line,
    narrows: rule.narrows,
  };
}

/** One sentence without a final full stop. */
export function issueWords(policy: Policy, rule: IssueRule, environment: EffectiveEnvironment): string {
  const names = rule.names.map((list) => list.map(({ text }) => text).join(' or ')).join(', and at once ');
  const proof =
    rule.proof === 'policy'
      ? 'no challenge is asked'
      : `control is proven by ${rule.challenges.join(' or ')}${rule.caa ? ', and CAA records are heeded' : ''}`;
  const caa = rule.caa && rule.proof === 'policy' ? ['CAA records are heeded'] : [];
  const sentence = [
    `${rule.who === 'anyone' ? 'any ACME account' : rule.who} may have ${rule.profile} certificates for ${names}`,
    ...(rule.wildcard ? ['wildcards included'] : []),
    lifetimeWords(rule, policy.profiles.get(rule.profile)),
    proof,
    ...caa,
    ...(rule.until === undefined ? [] : [`until ${rule.until.toISOString()}`]),
  ].join('; ');
  return isEffective(policy, rule, environment) ? sentence : `${sentence} (without effect here)`;
}

function lifetimeWords(rule: IssueRule, profile: IssuanceProfile | undefined): string {
  const usual = rule.lifetimeSeconds ?? profile?.lifetime.defaultSeconds ?? 0;
  const most = rule.lifetimeSeconds ?? profile?.lifetime.mostSeconds ?? 0;
  return usual === most
    ? `they live ${duration(most)} at most`
    : `they live ${duration(usual)}, or as asked up to ${duration(most)}`;
}

function isEffective(policy: Policy, rule: IssueRule, environment: EffectiveEnvironment): boolean {
  const profile = policy.profiles.get(rule.profile);
  return profile !== undefined && isUsable(environment, rule, profile);
}

/** A profile of the document's own. */
export function profileData(profile: IssuanceProfile): JsonObject {
  const { permitted, excluded } = profile.nameConstraints ?? {};
  return {
    name: profile.name,
    base: profile.base,
    description: profile.description,
    usage: profile.usage,
    authority: profile.authority ?? null,
    environments: profile.environments ?? null,
    lifetime: { ...profile.lifetime },
    keys: profile.keys,
    names: profile.nameTypes,
    subject: profile.subject,
    keyUsage: profile.keyUsage,
    extendedKeyUsage: profile.extendedKeyUsage,
    extensions: profile.extensions.map(({ oid, critical, value }) => ({ oid, critical, hex: toHex(value) })),
    wildcard: profile.wildcard,
    pathLength: profile.pathLength ?? null,
    nameConstraints:
      permitted === undefined || excluded === undefined
        ? null
        : { permitted: permitted.map(subtreeWords), excluded: excluded.map(subtreeWords) },
    lint: Object.fromEntries(profile.lint),
    crlRetentionSeconds: profile.crlRetentionSeconds,
    caa: profile.caa,
    line: profile.line,
  };
}

/** One sentence without a final full stop. */
export function profileWords(profile: IssuanceProfile): string {
  const { leastSeconds, defaultSeconds, mostSeconds } = profile.lifetime;
  const life =
    defaultSeconds === mostSeconds
      ? `up to ${duration(mostSeconds)}`
      : `${duration(leastSeconds)} to ${duration(mostSeconds)}, usually ${duration(defaultSeconds)}`;
  return [
    `Profile ${profile.name} (${profile.base}): ${profile.description}`,
    `lives ${life}`,
    `names of type ${profile.nameTypes.join(', ')}${profile.wildcard ? ', wildcards too' : ''}`,
    ...(profile.authority === undefined ? [] : [`signed by ${profile.authority}`]),
    ...(profile.environments === undefined ? [] : [`for ${profile.environments.join(', ')} only`]),
    ...(profile.caa ? ['CAA records are heeded'] : []),
  ].join('; ');
}

function subtreeWords(name: GeneralName): string {
  if (name.type !== 'ip') return typeof name.value === 'string' ? `${name.type}:${name.value}` : name.type;
  const size = name.value.length / 2;
  return `ip:${formatIp(name.value.slice(0, size))}/${formatIp(name.value.slice(size))}`;
}
