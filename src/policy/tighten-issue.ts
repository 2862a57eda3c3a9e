// Inheritance of `issue` and `authorities`: a child's rule narrows those of its parent that have the same profile and
// caller. What its line asks beyond them could never take effect, and is told with both lines.

import type { WrittenEnvironment } from './environment-section.ts';
import type { ChallengeType, IssueRule } from './issuance.ts';
import { canProve, unprovable, type WrittenAuthorities, type WrittenIssue } from './issue-section.ts';
import type { EffectiveEnvironment } from './policy.ts';
import { profileAt } from './references.ts';
import { duration } from './shape.ts';
import type { TightenContext } from './tighten-context.ts';

/** Without a word of the document; a record that stays in the DNS for good (dns-persist-01) has to be named. */
const USUAL_CHALLENGES: readonly ChallengeType[] = ['http-01', 'dns-01', 'tls-alpn-01'];

/** What an environment's rules are judged beside. */
interface Place {
  readonly written: WrittenEnvironment;
  readonly parent: EffectiveEnvironment | undefined;
  readonly authorities: readonly string[] | undefined;
  readonly context: TightenContext;
}

export function combineIssue(place: Place): readonly IssueRule[] {
  const { written, parent, context } = place;
  if (written.issue === undefined) return parent?.issue ?? [];
  return written.issue.flatMap((rule) => {
    const rules = parent === undefined ? [ownRule(rule, context)] : narrow(rule, parent, context);
    const [first] = rules;
    if (first === undefined) return [];
    for (const message of [...misplaced(rule, place), ...unproven(rule, first)])
      never(rule, message, context);
    return rules;
  });
}

function never(rule: WrittenIssue, why: string, context: TightenContext): void {
  context.findings.add(rule.at, `this rule could never take effect: ${why}`);
}

function ownRule(rule: WrittenIssue, context: TightenContext): IssueRule {
  const proof = proofOf(rule);
  return {
    who: rule.who,
    profile: rule.profile.name,
    names: [rule.names],
    ...(rule.lifetimeSeconds === undefined ? {} : { lifetimeSeconds: rule.lifetimeSeconds }),
    proof,
    challenges: proof === 'challenge' ? (rule.challenges ?? USUAL_CHALLENGES) : [],
    wildcard: rule.wildcard ?? false,
    caa: rule.profile.caa || rule.caa === true,
    ...(rule.until === undefined ? {} : { until: rule.until }),
    development: context.isDevelopment(rule.who),
    line: rule.at.line,
    narrows: [],
  };
}

function proofOf(rule: WrittenIssue): IssueRule['proof'] {
  const wanted = rule.who === 'anyone' || rule.proof === 'challenge' || rule.challenges !== undefined;
  return wanted ? 'challenge' : 'policy';
}

function narrow(
  rule: WrittenIssue,
  parent: EffectiveEnvironment,
  context: TightenContext,
): readonly IssueRule[] {
  const granted = parent.issue.filter(
    (one) => one.profile === rule.profile.name && (one.who === rule.who || one.who === 'anyone'),
  );
  const meeting = granted.filter((one) => one.names.every((list) => context.overlap.names(list, rule.names)));
  const why = objection(rule, parent, granted, meeting);
  if (why !== undefined) {
    never(rule, why, context);
    return [];
  }
  return meeting.map((one) => narrowed(rule, one, ownRule(rule, context)));
}

/** The grants of both: the names of both lists, the shorter life, the stricter proof. */
function narrowed(rule: WrittenIssue, above: IssueRule, own: IssueRule): IssueRule {
  const lifetimes = [above.lifetimeSeconds, own.lifetimeSeconds].filter((one) => one !== undefined);
  const ends = [above.until, own.until].filter((one) => one !== undefined).map((one) => one.getTime());
  const proof = above.proof === 'challenge' ? 'challenge' : own.proof;
  return {
    who: own.who,
    profile: own.profile,
    names: [...above.names, rule.names],
    ...(lifetimes.length === 0 ? {} : { lifetimeSeconds: Math.min(...lifetimes) }),
    proof,
    challenges: above.proof === 'policy' ? own.challenges : commonChallenges(rule, above),
    wildcard: above.wildcard && (rule.wildcard ?? true),
    caa: above.caa || own.caa,
    ...(ends.length === 0 ? {} : { until: new Date(Math.min(...ends)) }),
    development: own.development,
    line: own.line,
    narrows: [...above.narrows, above.line],
  };
}

function commonChallenges(rule: WrittenIssue, above: IssueRule): readonly ChallengeType[] {
  return above.challenges.filter((one) => rule.challenges?.includes(one) ?? true);
}

// Each says what a child's line asks that none of the lines above can give.
const BEYOND: readonly ((
  rule: WrittenIssue,
  meeting: readonly IssueRule[],
) => ((above: IssueRule) => string) | undefined)[] = [
  ({ lifetimeSeconds, profile }, meeting) => {
    const most = Math.max(...meeting.map((one) => one.lifetimeSeconds ?? profile.lifetime.mostSeconds));
    if (lifetimeSeconds === undefined || lifetimeSeconds <= most) return undefined;
    return ({ line }) => `line ${line} allows a lifetime of ${duration(most)} at most`;
  },
  ({ proof }, meeting) =>
    proof === 'policy' && meeting.every((one) => one.proof === 'challenge')
      ? ({ line }) => `line ${line} demands "proof: challenge"`
      : undefined,
  (rule, meeting) =>
    meeting.every((one) => one.proof === 'challenge' && commonChallenges(rule, one).length === 0)
      ? ({ line, challenges }) => `line ${line} accepts only ${challenges.join(', ')}`
      : undefined,
  ({ wildcard }, meeting) =>
    wildcard === true && !meeting.some((one) => one.wildcard)
      ? ({ line }) => `line ${line} grants no wildcard names`
      : undefined,
  ({ caa }, meeting) =>
    caa === false && meeting.every((one) => one.caa)
      ? ({ line }) => `line ${line} says "caa: true"`
      : undefined,
  ({ until }, meeting) =>
    until !== undefined && meeting.every((one) => one.until !== undefined && one.until < until)
      ? ({ line }) => `line ${line} ends before that`
      : undefined,
];

function objection(
  rule: WrittenIssue,
  parent: EffectiveEnvironment,
  granted: readonly IssueRule[],
  meeting: readonly IssueRule[],
): string | undefined {
  const [first] = granted;
  if (first === undefined)
    return `"${parent.name}" (line ${parent.line}) grants "${rule.who}" no certificate of profile "${rule.profile.name}"`;
  const [nearest] = meeting;
  if (nearest === undefined) return `its names have nothing in common with line ${first.line}`;
  for (const beyond of BEYOND) {
    const tell = beyond(rule, meeting);
    if (tell !== undefined) return tell(nearest);
  }
  return undefined;
}

function misplaced(rule: WrittenIssue, { written, authorities }: Place): string[] {
  const { profile } = rule;
  const found: string[] = [];
  if (profile.environments !== undefined && !profile.environments.includes(written.name))
    found.push(`profile ${profileAt(profile)} is for ${profile.environments.join(', ')} only`);
  if (profile.authority !== undefined && authorities?.includes(profile.authority) === false)
    found.push(
      `profile ${profileAt(profile)} is signed by "${profile.authority}", and the "authorities" of "${written.name}" (line ${written.authorities?.at.line ?? written.key.line}) do not list it`,
    );
  return found;
}

// Names that nobody can prove, where proof is demanded.
function unproven(rule: WrittenIssue, effective: IssueRule): string[] {
  if (effective.proof === 'policy') return [];
  const { challenges } = effective;
  const accepted = challenges.join(', ');
  const found = unprovable(rule.names, challenges).map(
    ({ text, type }) => `"${text}" is of type ${type}, which none of ${accepted} can prove`,
  );
  if (effective.wildcard && !challenges.some((one) => canProve(one, { type: 'dns', wildcard: true })))
    found.push(`wildcard names are proven by dns-01 and dns-persist-01, not by ${accepted}`);
  return found;
}

/** The parent's authorities and the child's own: those of both. */
export function combineAuthorities(
  written: WrittenEnvironment,
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): readonly string[] | undefined {
  const own = written.authorities;
  const above = parent?.authorities;
  if (own === undefined || above === undefined) return own?.ids ?? above;
  const line = writtenAbove(parent, context)?.at.line ?? 0;
  for (const id of own.ids)
    if (!above.includes(id))
      context.findings.add(own.at, `"${id}" could never take effect: line ${line} does not list it`);
  return own.ids.filter((id) => above.includes(id));
}

function writtenAbove(
  parent: EffectiveEnvironment | undefined,
  context: TightenContext,
): WrittenAuthorities | undefined {
  return parent?.lineage
    .toReversed()
    .map((name) => context.written.get(name)?.authorities)
    .find((one) => one !== undefined);
}
