// May this image run here? One decision with all its reasons, from facts that were verified before.
import type { Code } from '../ground/errors.ts';
import type { EnvironmentName } from '../ground/ids.ts';
import type { Facts } from '../verify/facts.ts';
import type { ImageFacts } from './facts.ts';
import { matchesAny } from './glob.ts';
import { didYouMean } from './nearest.ts';
import type { EffectiveEnvironment, Policy, Requirement, RunRule } from './policy.ts';
import { objectionTo, signerText } from './requirement-rules.ts';
import { requirementWords } from './show.ts';
import type { Violation } from './violation.ts';

export interface Satisfied {
  /** In words. */
  readonly requirement: string;
  readonly line: number;
  /** The signatures or attestations that met it. */
  readonly facts: readonly Facts[];
}

export interface Decision {
  readonly allowed: boolean;
  /** Of the first violation. */
  readonly code: Code | 'SY-OK';
  /** One sentence: image, rule with file and line, what was demanded and found, what almost passed. */
  readonly message: string;
  readonly environment: EnvironmentName;
  readonly policyVersion: string;
  readonly violations: readonly Violation[];
  readonly satisfiedBy: readonly Satisfied[];
}

/**
 * An image may run if a rule that opens the environment's lineage matches its repository, and every rule of the
 * lineage that matches is met in full.
 * @param now signatures whose verified time lies later do not count
 */
export function decideRun(
  policy: Policy,
  environment: EnvironmentName,
  image: ImageFacts,
  now: Date,
): Decision {
  // Life of a signature, step 14: from facts to a decision.
  const effective = policy.environments.get(environment);
  const base = { environment, policyVersion: policy.version };
  if (effective === undefined) return refusal(base, image, [unknownEnvironment(policy, environment)], []);
  const rules = effective.run.filter((rule) => matchesAny(rule.images, image.repository));
  if (!rules.some((rule) => rule.opens)) return refusal(base, image, [noRule(policy, effective, image)], []);
  const violations: Violation[] = [];
  const satisfiedBy: Satisfied[] = [];
  for (const rule of rules)
    for (const requirement of rule.require) {
      const outcome = judge({ policy, environment: effective, image, now }, rule, requirement);
      if ('code' in outcome) violations.push(outcome);
      else satisfiedBy.push(outcome);
    }
  if (violations.length > 0) return refusal(base, image, violations, satisfiedBy);
  return {
    ...base,
    allowed: true,
    code: 'SY-OK',
    message: allowedMessage(policy, effective, image, rules, satisfiedBy),
    violations,
    satisfiedBy,
  };
}

interface Situation {
  readonly policy: Policy;
  readonly environment: EffectiveEnvironment;
  readonly image: ImageFacts;
  readonly now: Date;
}

function judge(situation: Situation, rule: RunRule, requirement: Requirement): Satisfied | Violation {
  const met: Facts[] = [];
  const objections = [];
  for (const facts of situation.image.facts) {
    const objection = objectionTo({ ...situation, requirement, facts });
    if (objection === undefined) met.push(facts);
    else objections.push({ ...objection, facts });
  }
  const needed = requirement.kind === 'signed' ? requirement.atLeast : 1;
  const signers = new Set(met.map(signerKey));
  if (signers.size >= needed)
    return { requirement: requirementWords(requirement), line: requirement.line, facts: met };
  const nearest = objections.toSorted((a, b) => b.passed - a.passed)[0];
  const rules = { code: nearest?.code, rule: nearest?.rule };
  const code = met.length > 0 ? 'SY-ADMIT-TOO-FEW' : (rules.code ?? missingCode(requirement));
  const demanded = `${situation.policy.file}:${requirement.line} demands ${requirementWords(requirement)} for ${rule.images.map((glob) => glob.text).join(', ')}`;
  const found = foundWords(situation.image, requirement, signers.size, nearest);
  return {
    code,
    rule: met.length > 0 ? 'enough-signers' : (rules.rule ?? 'something-is-there'),
    message: `${demanded}; found ${found}`,
    line: requirement.line,
    ...(nearest === undefined ? {} : { nearest: `${signerText(nearest.facts)}: ${nearest.message}` }),
  };
}

// Distinct signers are distinct names under distinct issuers: two certificates of one job are one signer.
function signerKey(facts: Facts): string {
  const { signer } = facts;
  return signer.kind === 'key' ? 'key' : JSON.stringify([signer.issuer, signer.san.type, signer.san.value]);
}

function missingCode(requirement: Requirement): Code {
  return requirement.kind === 'signed' ? 'SY-ADMIT-UNSIGNED' : 'SY-ADMIT-ATTESTATION';
}

function foundWords(
  image: ImageFacts,
  requirement: Requirement,
  signers: number,
  nearest: { readonly message: string } | undefined,
): string {
  if (signers > 0) return `${signers} of ${requirement.kind === 'signed' ? requirement.atLeast : 1}`;
  const [failure] = image.failures;
  const failed =
    failure === undefined
      ? ''
      : `, and ${image.failures.length} that failed to verify (${failure.code}: ${failure.message})`;
  if (nearest === undefined) return `nothing that verifies${failed}`;
  return `${image.facts.length} other(s)${failed}; nearest: ${nearest.message}`;
}

function noRule(policy: Policy, environment: EffectiveEnvironment, image: ImageFacts): Violation {
  const openers = environment.run.filter((rule) => rule.opens);
  const globs = openers.flatMap((rule) => rule.images.map((glob) => glob.text)).slice(0, 5);
  const found = globs.length === 0 ? 'it has none' : `they are for ${globs.join(', ')}`;
  return {
    code: 'SY-ADMIT-NO-RULE',
    rule: 'some-rule-matches',
    message: `no "run" rule of ${environment.name} (${policy.file}:${environment.line}) is for ${image.repository}: ${found}`,
    line: environment.line,
  };
}

function unknownEnvironment(policy: Policy, name: string): Violation {
  const message = `the policy ${policy.file} has no environment "${name}"${didYouMean(name, policy.environments.keys())}`;
  return { code: 'SY-POLICY-ENVIRONMENT-UNKNOWN', rule: 'environment-is-known', message };
}

function refusal(
  base: { readonly environment: EnvironmentName; readonly policyVersion: string },
  image: ImageFacts,
  violations: readonly [Violation, ...Violation[]] | readonly Violation[],
  satisfiedBy: readonly Satisfied[],
): Decision {
  const [first] = violations;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = `${pinned(image)} is refused in ${base.environment}: ${first?.message ?? 'nothing allows it'}${more}`;
  return {
    ...base,
    allowed: false,
    code: first?.code ?? 'SY-ADMIT-NO-RULE',
    message,
    violations,
    satisfiedBy,
  };
}

function allowedMessage(
  policy: Policy,
  environment: EffectiveEnvironment,
  image: ImageFacts,
  rules: readonly RunRule[],
  satisfiedBy: readonly Satisfied[],
): string {
  const lines = rules.map((rule) => `${policy.file}:${rule.line}`).join(', ');
  const met = satisfiedBy
    .map((one) => `${one.requirement} (${[...new Set(one.facts.map(signerText))].join(', ')})`)
    .join('; ');
  return `${pinned(image)} may run in ${environment.name}: ${lines} ${met === '' ? 'demands nothing' : `is met by ${met}`}`;
}

function pinned(image: ImageFacts): string {
  return image.reference.includes(image.digest) ? image.reference : `${image.reference} (${image.digest})`;
}
