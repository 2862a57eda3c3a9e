// The lint: every rule over a TBSCertificate before it is signed. Errors refuse it, warnings go on record.
import { SealyardError } from '../../ground/errors.ts';
import { EXTENSION_RULES } from './extension-rules.ts';
import { NAME_RULES } from './name-rules.ts';
import { type LintRule, type LintSubject, labelsOf, namesOfType } from './rule.ts';
import { STRUCTURE_RULES } from './structure-rules.ts';
import { USAGE_RULES } from './usage-rules.ts';

/** Stands in the record of each certificate; changes whenever a rule does. */
export const LINT_SET = 'sealyard-2';

export const LINT_RULES: readonly LintRule[] = [
  ...STRUCTURE_RULES,
  ...NAME_RULES,
  ...EXTENSION_RULES,
  ...USAGE_RULES,
];

const KEYLESS_RULES = LINT_RULES.filter(({ scope }) => scope !== 'not-keyless');
const OTHER_RULES = LINT_RULES.filter(({ scope }) => scope !== 'keyless');

/** Names of the rules that do not hold. */
export interface LintFindings {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** What a caller knows; the rest is read off the certificate. */
export type Linted = Omit<LintSubject, 'dnsNames' | 'labels'>;

export function lint(linted: Linted): LintFindings {
  const dnsNames = namesOfType(linted.certificate, 'dns');
  const subject: LintSubject = { ...linted, dnsNames, labels: labelsOf(dnsNames) };
  const errors: string[] = [];
  const warnings: string[] = [];
  for (const rule of subject.profileName === 'keyless' ? KEYLESS_RULES : OTHER_RULES) {
    if (rule.holds(subject)) continue;
    const severity = severityOf(rule, subject);
    if (severity === 'error') errors.push(rule.name);
    else if (severity === 'warning') warnings.push(rule.name);
  }
  return { errors, warnings };
}

function severityOf(rule: LintRule, { severities }: LintSubject): 'error' | 'warning' | 'off' {
  return rule.severity === 'fixed' ? 'error' : (severities?.get(rule.name) ?? rule.severity);
}

/**
 * The warnings of a certificate that may be signed.
 * @throws SealyardError `SY-ISSUE-LINT` (a fault of ours) or, for subscribers, `SY-ISSUE-LINT-REFUSED`, naming each rule
 *   that does not hold
 */
export function refuseUnlessClean(subject: Linted): readonly string[] {
  const { errors, warnings } = lint(subject);
  if (errors.length === 0) return warnings;
  const code = subject.profileName === 'subscriber' ? 'SY-ISSUE-LINT-REFUSED' : 'SY-ISSUE-LINT';
  throw new SealyardError(code, errors.join(', '));
}
