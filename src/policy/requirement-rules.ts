// Does this signature meet this requirement? A list of named pure rules, asked in order; the first that says no speaks.
import type { Code } from '../ground/errors.ts';
import type { IdentityName } from '../ground/ids.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { Facts } from '../verify/facts.ts';
import type { ImageFacts } from './facts.ts';
import { matchesAny } from './glob.ts';
import { matchSigner } from './identities.ts';
import type { EffectiveEnvironment, Policy, Requirement } from './policy.ts';

export interface Candidate {
  readonly policy: Policy;
  readonly environment: EffectiveEnvironment;
  readonly image: ImageFacts;
  readonly requirement: Requirement;
  readonly facts: Facts;
  readonly now: Date;
}

export interface Objection {
  readonly code: Code;
  readonly message: string;
}

export interface RequirementRule {
  readonly name: string;
  readonly judge: (candidate: Candidate) => Objection | undefined;
}

const SKEW_MS = 60_000;

export const REQUIREMENT_RULES: readonly RequirementRule[] = [
  { name: 'right-kind', judge: rightKind },
  { name: 'about-this-image', judge: aboutThisImage },
  { name: 'not-from-the-future', judge: notFromTheFuture },
  { name: 'by-the-identity', judge: byTheIdentity },
  { name: 'counts-for-this-image', judge: countsForThisImage },
  { name: 'content-satisfies', judge: contentSatisfies },
];

/** The first objection, and how many rules were passed before it; `undefined` where the requirement is met. */
export function objectionTo(
  candidate: Candidate,
): (Objection & { readonly rule: string; readonly passed: number }) | undefined {
  for (const [passed, rule] of REQUIREMENT_RULES.entries()) {
    const objection = rule.judge(candidate);
    if (objection !== undefined) return { ...objection, rule: rule.name, passed };
  }
  return undefined;
}

// An attestation never stands in for a signature, nor one type of attestation for another.
function rightKind({ requirement, facts }: Candidate): Objection | undefined {
  if (requirement.kind === 'signed')
    return facts.kind === 'signature'
      ? undefined
      : { code: 'SY-ADMIT-UNSIGNED', message: 'an attestation is not a signature' };
  const type = facts.predicateType ?? 'a signature';
  if (facts.kind === 'attestation' && facts.predicateType === requirement.predicateType) return undefined;
  return { code: 'SY-ADMIT-ATTESTATION', message: `it attests ${type}, not ${requirement.predicateType}` };
}

function aboutThisImage({ image, facts }: Candidate): Objection | undefined {
  if (facts.subjects.includes(image.digest)) return undefined;
  return { code: 'SY-ADMIT-UNSIGNED', message: 'it is about another image' };
}

function notFromTheFuture({ facts, now }: Candidate): Objection | undefined {
  if (facts.times.every((time) => time.at.getTime() <= now.getTime() + SKEW_MS)) return undefined;
  return { code: 'SY-ADMIT-UNSIGNED', message: 'it was made in the future' };
}

function byTheIdentity({ policy, requirement, facts }: Candidate): Objection | undefined {
  const { names, violations } = matchSigner(policy, facts);
  if (names.includes(requirement.by)) return undefined;
  const reason = violations[0] === undefined ? '' : ` (${violations[0].message})`;
  return { code: 'SY-ADMIT-SIGNER', message: `${signerText(facts)} is not ${requirement.by}${reason}` };
}

function countsForThisImage({ policy, environment, image, requirement }: Candidate): Objection | undefined {
  const grants = environment.sign.filter((rule) => rule.who === requirement.by);
  const good = grants.some(
    (rule) =>
      (!rule.development || environment.development) &&
      rule.countsFor.every((globs) => matchesAny(globs, image.repository)),
  );
  if (good) return undefined;
  const lines = grants.map((rule) => `${policy.file}:${rule.line}`).join(', ');
  const found = grants.length === 0 ? 'no "sign" rule names it' : `see ${lines}`;
  return {
    code: 'SY-ADMIT-COUNTS-FOR',
    message: `what ${requirement.by} signs does not count for ${image.repository} in ${environment.name} (${found})`,
  };
}

function contentSatisfies({ policy, image, requirement, facts }: Candidate): Objection | undefined {
  if (requirement.kind === 'signed' || requirement.where === undefined) return undefined;
  const predicate: Json = facts.predicate ?? null;
  const predicateType = facts.predicateType ?? '';
  const subject = facts.subjects.map((digest) => ({ digest: { sha256: digest.slice('sha256:'.length) } }));
  // `predicate` is a variable of its own and shared by reference, so it is measured once.
  const statement: JsonObject = { predicateType, subject };
  const result = requirement.where.evaluate({ predicate, predicateType, statement });
  if ('matched' in result && result.matched) return undefined;
  const why = 'error' in result ? `cannot be evaluated: ${result.error}` : 'says no';
  return {
    code: 'error' in result ? 'SY-POLICY-EXPRESSION' : 'SY-ADMIT-ATTESTATION',
    message: `"where" (${policy.file}:${requirement.line}) ${why} for ${image.digest}`,
  };
}

/**
 * Why a signature by this identity counts for the image in no environment at all; `undefined` where one accepts it.
 * For a verification that names an identity and no environment.
 */
export function objectionEverywhere(
  situation: Omit<Candidate, 'environment' | 'requirement'>,
  by: IdentityName,
): Objection | undefined {
  const { policy, image } = situation;
  const requirement: Requirement = { kind: 'signed', by, atLeast: 1, line: 0 };
  const objections = [];
  for (const environment of policy.environments.values()) {
    const objection = objectionTo({ ...situation, environment, requirement });
    if (objection === undefined) return undefined;
    objections.push(objection);
  }
  const [nearest] = objections.toSorted((a, b) => b.passed - a.passed);
  return (
    nearest ?? {
      code: 'SY-ADMIT-COUNTS-FOR',
      message: `what ${by} signs does not count for ${image.repository}: ${policy.file} has no environment`,
    }
  );
}

/** Who signed, for messages. */
export function signerText(facts: Facts): string {
  return facts.signer.kind === 'key' ? 'a bare key' : facts.signer.san.value;
}
