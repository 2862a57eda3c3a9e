// What an `issue` rule demands of a request, as a list: each check says whether it holds and, where not, what was
// demanded, what was asked and what to do.
import type { Code } from '../ground/errors.ts';
import type { IdentityName } from '../ground/ids.ts';
import type { ChallengeType, IssuanceProfile, IssueRule, RequestedName } from './issuance.ts';
import type { IssueQuestion } from './issue-question.ts';
import { canProve } from './issue-section.ts';
import { type ComparableName, matchesPattern, type NamePattern } from './name-pattern.ts';
import { didYouMean } from './nearest.ts';
import type { EffectiveEnvironment, Policy } from './policy.ts';
import { profileAt } from './references.ts';
import { quoteName } from './requested-name.ts';
import { duration } from './shape.ts';
import type { Violation } from './violation.ts';

/** A rule that names the caller, beside the request. */
export interface Case {
  readonly policy: Policy;
  readonly question: IssueQuestion;
  readonly names: readonly ComparableName[];
  readonly environment: EffectiveEnvironment;
  readonly rule: IssueRule;
  readonly profile: IssuanceProfile;
}

interface Check {
  readonly code: Code;
  readonly rule: string;
  holds(at: Case): boolean;
  /** Sentences, each with the name that it is about where it is about one. */
  sentences(at: Case): readonly (readonly [sentence: string, name?: RequestedName])[];
}

export const ISSUE_CHECKS: readonly Check[] = [
  {
    code: 'SY-POLICY-DEVELOPMENT-ONLY',
    rule: 'development-is-marked',
    holds: ({ rule, environment }) => countsHere(rule, environment),
    sentences: ({ policy, rule, environment }) => [
      [
        `${rule.who} is vouched for by the built-in issuer, and ${environment.name} (${policy.file}:${environment.line}) is not marked "development: true"`,
      ],
    ],
  },
  {
    code: 'SY-POLICY-ISSUE-PROFILE',
    rule: 'profile-is-granted',
    holds: ({ question, rule }) => question.profile === undefined || question.profile === rule.profile,
    sentences: (at) => [[profileSentence(at)]],
  },
  {
    code: 'SY-POLICY-ISSUE-PROFILE',
    rule: 'profile-is-for-environment',
    holds: ({ profile, environment }) => isFor(profile, environment),
    sentences: ({ profile, environment }) => [
      [
        `profile ${profileAt(profile)} is for ${profile.environments?.join(', ') ?? 'none'}, not for ${environment.name}`,
      ],
    ],
  },
  {
    code: 'SY-POLICY-ISSUE-AUTHORITY',
    rule: 'authority-signs-for-environment',
    holds: ({ profile, environment }) => hasAuthority(profile, environment),
    sentences: ({ policy, profile, environment }) => [
      [
        `profile ${profileAt(profile)} is signed by ${profile.authority ?? 'none'}; ${environment.name} (${policy.file}:${environment.line}) has "authorities: ${environment.authorities?.join(', ') ?? 'any'}"`,
      ],
    ],
  },
  {
    code: 'SY-POLICY-ISSUE-EXPIRED',
    rule: 'rule-has-not-ended',
    holds: ({ question, rule }) => rule.until === undefined || question.now < rule.until,
    sentences: (at) => [[`${lineOf(at)} granted until ${at.rule.until?.toISOString() ?? 'now'}`]],
  },
  {
    code: 'SY-POLICY-ISSUE-NAME-TYPE',
    rule: 'profile-has-names-of-type',
    holds: (at) => at.names.every(({ name }) => hasType(at, name)),
    sentences: (at) =>
      at.names
        .filter(({ name }) => !hasType(at, name))
        .map(({ name }) => [
          `${quoteName(name)} is of type ${name.type}; profile ${profileAt(at.profile)} has ${at.profile.nameTypes.join(', ')}`,
          name,
        ]),
  },
  {
    code: 'SY-POLICY-ISSUE-NAME-COUNT',
    rule: 'one-spiffe-id',
    // X.509-SVID §2: exactly one URI, which is the SPIFFE ID.
    holds: ({ profile, names }) => profile.base !== 'spiffe-svid' || hasOneSpiffeId(names),
    sentences: ({ profile }) => [[`profile ${profileAt(profile)} demands exactly one URI, a SPIFFE ID`]],
  },
  {
    code: 'SY-POLICY-ISSUE-NAME',
    rule: 'names-are-granted',
    holds: ({ rule, names }) => names.every((name) => refusingList(rule, name) < 0),
    sentences: (at) =>
      at.names
        .filter((name) => hasType(at, name.name) && refusingList(at.rule, name) >= 0)
        .map((name) => [nameSentence(at, name), name.name]),
  },
  {
    code: 'SY-POLICY-ISSUE-WILDCARD',
    rule: 'wildcards-are-granted',
    holds: ({ rule, profile, names }) =>
      mayWildcard(rule, profile) || !names.some(({ wildcard }) => wildcard),
    sentences: (at) =>
      at.names
        .filter(({ wildcard }) => wildcard)
        .map(({ name }) => [
          `${quoteName(name)} was asked for; ${at.profile.wildcard ? lineOf(at) : `profile ${profileAt(at.profile)}`} does not say "wildcard: true"`,
          name,
        ]),
  },
  {
    code: 'SY-POLICY-ISSUE-LIFETIME',
    rule: 'lifetime-within-bounds',
    holds: ({ question: { lifetimeSeconds: asked }, rule, profile }) =>
      asked === undefined ||
      (asked >= profile.lifetime.leastSeconds && asked <= longestLifetime(rule, profile)),
    sentences: (at) => {
      const { question, rule, profile } = at;
      const most = duration(longestLifetime(rule, profile));
      return [
        [
          `a lifetime of ${duration(question.lifetimeSeconds ?? 0)} was asked for; ${lineOf(at)} grants ${duration(profile.lifetime.leastSeconds)} to ${most}`,
        ],
      ];
    },
  },
  {
    code: 'SY-POLICY-ISSUE-PROOF',
    rule: 'control-can-be-proven',
    holds: ({ question, rule, names }) =>
      rule.proof === 'policy' ||
      (question.canChallenge && names.every((name) => isProvable(name, rule.challenges))),
    sentences: (at) => proofSentences(at),
  },
];

/** What a check found wrong. */
export function tell(check: Check, at: Case): readonly Violation[] {
  return check.sentences(at).map(([message, name]) => ({
    code: check.code,
    rule: check.rule,
    message,
    line: at.rule.line,
    nearest: lineOf(at),
    ...(name === undefined ? {} : { identifier: name }),
  }));
}

/** Whether a rule can grant anything at all in an environment. */
export function isUsable(
  environment: EffectiveEnvironment,
  rule: IssueRule,
  profile: IssuanceProfile,
): boolean {
  return countsHere(rule, environment) && isFor(profile, environment) && hasAuthority(profile, environment);
}

function countsHere(rule: IssueRule, environment: EffectiveEnvironment): boolean {
  return !rule.development || environment.development;
}

function isFor(profile: IssuanceProfile, environment: EffectiveEnvironment): boolean {
  return profile.environments?.includes(environment.name) ?? true;
}

function hasAuthority({ authority }: IssuanceProfile, { authorities }: EffectiveEnvironment): boolean {
  return authority === undefined || (authorities?.includes(authority) ?? true);
}

function longestLifetime(rule: IssueRule, profile: IssuanceProfile): number {
  return rule.lifetimeSeconds ?? profile.lifetime.mostSeconds;
}

function mayWildcard(rule: IssueRule, profile: IssuanceProfile): boolean {
  return rule.wildcard && profile.wildcard;
}

function hasType({ profile }: Case, name: RequestedName): boolean {
  return profile.nameTypes.includes(name.type);
}

function hasOneSpiffeId(names: readonly ComparableName[]): boolean {
  const [first, ...others] = names.filter(({ name }) => name.type === 'uri');
  return first?.text.startsWith('spiffe://') === true && others.length === 0;
}

/** Index of the first list that the name is not in; -1 where it is in all. */
export function refusingList({ names }: IssueRule, name: ComparableName): number {
  return names.findIndex((list) => !isIn(list, name));
}

function isIn(list: readonly NamePattern[], name: ComparableName): boolean {
  for (const pattern of list) if (matchesPattern(pattern, name)) return true;
  return false;
}

function isProvable({ name, wildcard }: ComparableName, challenges: readonly ChallengeType[]): boolean {
  return challenges.some((one) => canProve(one, { type: name.type, wildcard }));
}

function lineOf({ policy, rule }: Case): string {
  return `${policy.file}:${rule.line}`;
}

function profileSentence({ policy, question, rule }: Case): string {
  const asked = question.profile ?? '';
  const granted = [...profilesFor(policy, question)];
  const shown = /^[!-~]{1,63}$/.test(asked) ? `profile "${asked}"` : 'another profile';
  return `${shown} was asked for${didYouMean(asked, granted)}; ${rule.who} is granted ${granted.join(', ')}`;
}

function profilesFor(policy: Policy, { who, environment }: IssueQuestion): ReadonlySet<string> {
  const callers: readonly (IdentityName | 'anyone')[] = [...who, 'anyone'];
  const found = new Set<string>();
  for (const one of policy.environments.values())
    if (environment === undefined || one.name === environment)
      for (const rule of one.issue) if (callers.includes(rule.who)) found.add(rule.profile);
  return found;
}

function nameSentence(at: Case, name: ComparableName): string {
  const { policy, rule } = at;
  const list = refusingList(rule, name);
  const line = [...rule.narrows, rule.line][list] ?? rule.line;
  return `${quoteName(name.name)} is not among the names that ${policy.file}:${line} grants ${rule.who} (${patternWords(rule.names[list] ?? [])}): ask for one of those, or add it there`;
}

const SHOWN_PATTERNS = 5;

/** The first few patterns of a list, for messages. */
export function patternWords(patterns: readonly NamePattern[]): string {
  const shown = patterns.slice(0, SHOWN_PATTERNS).map(({ text }) => text);
  const more = patterns.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function proofSentences(at: Case): readonly (readonly [string, RequestedName?])[] {
  const { question, rule, names } = at;
  if (!question.canChallenge)
    return [
      [
        `${lineOf(at)} demands "proof: challenge" of ${rule.who}, which only ACME can give: ask there, or grant the names to an identity with "proof: policy"`,
      ],
    ];
  return names
    .filter((name) => !isProvable(name, rule.challenges))
    .map(({ name }) => [
      `control of ${quoteName(name)} cannot be proven by ${rule.challenges.join(', ')}, which is what ${lineOf(at)} accepts`,
      name,
    ]);
}
