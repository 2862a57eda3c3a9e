// May this caller have a certificate for these names? The first rule of the document that grants it, or why the
// nearest one does not.
import type { IdentityName } from '../ground/ids.ts';
import type { IssueRule } from './issuance.ts';
import { type Case, ISSUE_CHECKS, isUsable, tell } from './issue-checks.ts';
import type { IssueGrant, IssueQuestion, IssueRefusal } from './issue-question.ts';
import { comparable } from './name-pattern.ts';
import type { EffectiveEnvironment, Policy } from './policy.ts';
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
  const [first, ...rest] = malformed;
  if (first !== undefined) return { granted: false, violations: [first, ...rest] };
  const search = new Search(policy, question);
  for (const environment of policy.environments.values())
    if (question.environment === undefined || environment.name === question.environment)
      for (const rule of environment.issue) {
        const grant = search.judge(environment, rule);
        if (grant?.proof === 'policy') return grant;
      }
  return search.answer();
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

/** Walks the rules once, keeping the first grant that wants a challenge and the rule that came nearest. */
class Search {
  readonly #policy: Policy;
  readonly #question: IssueQuestion;
  readonly #names;
  #challenged: IssueGrant | undefined;
  #nearest: { readonly at: Case; readonly passed: number; readonly matched: number } | undefined;

  constructor(policy: Policy, question: IssueQuestion) {
    this.#policy = policy;
    this.#question = question;
    this.#names = question.names.map(comparable);
  }

  judge(environment: EffectiveEnvironment, rule: IssueRule): IssueGrant | undefined {
    const { who } = this.#question;
    const profile = this.#policy.profiles.get(rule.profile);
    if (profile === undefined || (rule.who !== 'anyone' && !who.includes(rule.who))) return undefined;
    const at: Case = {
      policy: this.#policy,
      question: this.#question,
      names: this.#names,
      environment,
      rule,
      profile,
    };
    const failed = ISSUE_CHECKS.findIndex((check) => !check.holds(at));
    if (failed >= 0) {
      this.#keepNearest(at, failed);
      return undefined;
    }
    const grant = grantOf(at);
    if (grant.proof === 'challenge') this.#challenged ??= grant;
    return grant;
  }

  #keepNearest(at: Case, passed: number): void {
    if (passed < (this.#nearest?.passed ?? 0)) return;
    const matched = ISSUE_CHECKS[passed]?.closeness?.(at) ?? 0;
    const { passed: most = -1, matched: best = -1 } = this.#nearest ?? {};
    if (passed > most || matched > best) this.#nearest = { at, passed, matched };
  }

  answer(): IssueGrant | IssueRefusal {
    if (this.#challenged !== undefined) return this.#challenged;
    const nearest = this.#nearest;
    const [first = this.#nobody(), ...rest] =
      nearest === undefined
        ? []
        : ISSUE_CHECKS.slice(nearest.passed)
            .filter((check) => !check.holds(nearest.at))
            .flatMap((check) => tell(check, nearest.at));
    return { granted: false, violations: [first, ...rest] };
  }

  #nobody(): Violation {
    const { who, environment } = this.#question;
    const caller = who.length === 0 ? 'an account without identity' : who.join(', ');
    const place = environment === undefined ? 'any environment' : `environment "${environment}"`;
    const message = `no "issue" rule of ${place} names ${caller}${who.length === 0 ? ' ("who: anyone")' : ''}; add one to ${this.#policy.file}`;
    return { code: 'SY-POLICY-ISSUE-NO-GRANT', rule: 'issue-rule-names-caller', message };
  }
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
        if (profile !== undefined && names(rule, who) && isUsable(one, rule, profile))
          granted.set(profile.name, profile.description);
      }
  return [...granted].map(([name, description]) => ({ name, description }));
}

function names(rule: IssueRule, who: readonly IdentityName[] | 'everybody'): boolean {
  return who === 'everybody' || rule.who === 'anyone' || who.includes(rule.who);
}
