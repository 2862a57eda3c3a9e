// May this caller have a certificate for these names? The first rule of the document that grants it, or why the
// nearest one does not.
import type { IdentityName } from '../ground/ids.ts';
import type { IssueRule } from './issuance.ts';
import { type Case, ISSUE_CHECKS, isUsable, refusingList, tell } from './issue-checks.ts';
import type { IssueGrant, IssueQuestion, IssueRefusal } from './issue-question.ts';
import { type ComparableName, comparable } from './name-pattern.ts';
import type { Policy } from './policy.ts';
import { nameObjection, quoteName } from './requested-name.ts';
import type { Violation } from './violation.ts';

export type { IssueGrant, IssueQuestion, IssueRefusal } from './issue-question.ts';

/** Each name is looked up in every rule. */
const MOST_NAMES = 100;

/**
 * One rule must grant all of the names. A rule that grants by the policy's word is preferred to one that wants a
 * challenge; among equals the first of the document counts.
 * Never throws for what the question holds; names that are not canonical are refused, not repaired.
 */
export function decideIssue(policy: Policy, question: IssueQuestion): IssueGrant | IssueRefusal {
  const malformed = questionViolations(policy, question);
  if (malformed.length > 0) return refuse(malformed, policy, question);
  const { grant, nearest } = search(policy, question, question.names.map(comparable));
  return grant ?? refuse(nearest === undefined ? [] : violationsOf(nearest), policy, question);
}

function refuse(
  [first, ...rest]: readonly Violation[],
  policy: Policy,
  question: IssueQuestion,
): IssueRefusal {
  return { granted: false, violations: [first ?? nobody(policy, question), ...rest] };
}

function questionViolations(policy: Policy, question: IssueQuestion): Violation[] {
  const { names, environment } = question;
  if (environment !== undefined && ![...policy.environments.keys()].some((name) => name === environment)) {
    const message = `${policy.file} has no environment of the name that was asked for`;
    return [{ code: 'SY-POLICY-ENVIRONMENT-UNKNOWN', rule: 'environment-is-known', message }];
  }
  if (names.length === 0 || names.length > MOST_NAMES) {
    const message = `${names.length} names were asked for; a certificate has 1 to ${MOST_NAMES}`;
    return [{ code: 'SY-POLICY-ISSUE-NAME-COUNT', rule: 'number-of-names', message }];
  }
  return names.flatMap((name) => {
    const objection = nameObjection(name);
    if (objection === undefined) return [];
    const message = `${quoteName(name)} ${objection}`;
    return [{ code: 'SY-POLICY-ISSUE-NAME-FORM', rule: 'name-is-canonical', message, identifier: name }];
  });
}

interface Found {
  readonly grant?: IssueGrant | undefined;
  /** The rule that came nearest to a grant. */
  readonly nearest?: Case | undefined;
}

// One walk over the rules: most are about other names, so that nothing is made for them.
function search(policy: Policy, question: IssueQuestion, names: readonly ComparableName[]): Found {
  let grant: IssueGrant | undefined;
  let nearest: Case | undefined;
  let nearness = -1;
  for (const environment of policy.environments.values()) {
    if (question.environment !== undefined && environment.name !== question.environment) continue;
    for (const rule of environment.issue) {
      const profile = policy.profiles.get(rule.profile);
      if (profile === undefined || !namesCaller(rule, question.who)) continue;
      const matched = countGranted(rule, names);
      const score = scoreOf(rule, question, matched);
      if (matched < names.length && score <= nearness) continue;
      const at: Case = { policy, question, names, environment, rule, profile };
      const passed = matched === 0 ? 0 : countPassed(at);
      if (passed === ISSUE_CHECKS.length) {
        if (rule.proof === 'policy') return { grant: grantOf(at) };
        grant ??= grantOf(at);
      } else if (score + passed > nearness) [nearest, nearness] = [at, score + passed];
    }
  }
  return { grant, nearest };
}

/**
 * How near a rule is: the profile that was asked for weighs most, then the names that match, then that the rule names
 * the caller. The number of checks that it passes is added to it and weighs least.
 */
function scoreOf(rule: IssueRule, { profile }: IssueQuestion, matched: number): number {
  const asked = profile === undefined || profile === rule.profile ? 1 : 0;
  const named = rule.who === 'anyone' ? 0 : 1;
  return ((asked * (MOST_NAMES + 1) + matched) * 2 + named) * (ISSUE_CHECKS.length + 1);
}

function countGranted(rule: IssueRule, names: readonly ComparableName[]): number {
  let granted = 0;
  for (const name of names) if (refusingList(rule, name) < 0) granted++;
  return granted;
}

function countPassed(at: Case): number {
  let passed = 0;
  for (const check of ISSUE_CHECKS) if (check.holds(at)) passed++;
  return passed;
}

function violationsOf(at: Case): readonly Violation[] {
  return ISSUE_CHECKS.filter((check) => !check.holds(at)).flatMap((check) => tell(check, at));
}

function nobody(policy: Policy, { who, environment }: IssueQuestion): Violation {
  const caller = who.length === 0 ? 'an account without identity ("who: anyone")' : who.join(', ');
  const place = environment === undefined ? 'any environment' : `environment "${environment}"`;
  return {
    code: 'SY-POLICY-ISSUE-NO-GRANT',
    rule: 'issue-rule-names-caller',
    message: `no "issue" rule of ${place} names ${caller}; add one to ${policy.file}`,
  };
}

function grantOf({ policy, question, environment, rule, profile }: Case): IssueGrant {
  const usual = rule.lifetimeSeconds ?? profile.lifetime.defaultSeconds;
  return {
    granted: true,
    environment: environment.name,
    identity: rule.who,
    profile,
    authorities: profile.authority === undefined ? environment.authorities : [profile.authority],
    lifetimeSeconds: question.lifetimeSeconds ?? usual,
    proof: rule.proof,
    challenges: rule.challenges,
    caa: rule.caa,
    line: rule.line,
    policyVersion: policy.version,
  };
}

/**
 * The profiles that a caller could be granted, in the order of the document.
 * @param who `everybody`: whatever any rule grants to anybody, for a directory that does not know its reader
 */
export function grantableProfiles(
  policy: Policy,
  who: readonly IdentityName[] | 'everybody',
  environment?: string,
): readonly { readonly name: string; readonly description: string }[] {
  const granted = new Map<string, string>();
  for (const one of policy.environments.values())
    if (environment === undefined || one.name === environment)
      for (const rule of one.issue) {
        const profile = policy.profiles.get(rule.profile);
        const named = who === 'everybody' || namesCaller(rule, who);
        if (profile !== undefined && named && isUsable(one, rule, profile))
          granted.set(profile.name, profile.description);
      }
  return [...granted].map(([name, description]) => ({ name, description }));
}

function namesCaller(rule: IssueRule, who: readonly IdentityName[]): boolean {
  return rule.who === 'anyone' || who.includes(rule.who);
}
