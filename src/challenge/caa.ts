// CAA (RFC 8659, RFC 8657): does the domain, or the nearest one above it that says anything, let us issue.
import type { DnsRecord } from '../reach/dns-message.ts';
import { ChallengeFailure, excerpt, settled, unsettled } from './failure.ts';
import { parameterValues, parseIssueValue } from './issue-value.ts';
import { ask, type Look } from './look.ts';
import type { CaaOptions } from './target.ts';

type CaaRecord = DnsRecord & { readonly type: 'CAA' };

const CRITICAL = 128;
/** Those that issuance here follows, and those of the registry that say nothing about it. */
const UNDERSTOOD = new Set([
  'issue',
  'issuewild',
  'iodef',
  'issuemail',
  'issuevmc',
  'contactemail',
  'contactphone',
]);

/**
 * @param name lower-case A-labels; a leading `*.` is taken off
 * @throws ChallengeFailure `SY-CHALLENGE-CAA-FORBIDDEN`, `SY-CHALLENGE-CAA-UNKNOWN`
 */
export async function checkCaa(look: Look, name: string, o: CaaOptions): Promise<void> {
  const base = name.replace(/^\*\./, '');
  const found = await relevantSet(look, base);
  if (found === undefined) {
    look.saw({ caa: 'none' });
    return;
  }
  const { at, records } = found;
  look.saw({ caa: at, records: records.slice(0, 16).map(describe) });
  const unknown = records.find(({ flags, tag }) => flags >= CRITICAL && !UNDERSTOOD.has(tag));
  if (unknown !== undefined)
    throw forbidden(at, records, `the critical property ${excerpt(unknown.tag)} is not known here`);
  const governing = propertiesFor(records, o.wildcard);
  if (governing.length === 0) return;
  const reasons = governing.map(({ value }) => judgeProperty(look.view.issuerDomains, value, o));
  if (reasons.includes(undefined)) return;
  throw forbidden(at, records, [...new Set(reasons)].join('; '));
}

/** RFC 8659 §3: up the tree to the first set that is not empty; the root is not asked, and an error ends the climb. */
async function relevantSet(
  look: Look,
  name: string,
): Promise<{ at: string; records: readonly CaaRecord[] } | undefined> {
  for (let at = name; at !== ''; at = at.includes('.') ? at.slice(at.indexOf('.') + 1) : '') {
    const answer = await ask(look, at, 'CAA').catch((error: unknown) => {
      if (error instanceof ChallengeFailure) throw unsettled('SY-CHALLENGE-CAA-UNKNOWN', error.detail);
      throw error;
    });
    const records = answer.records.flatMap((record) => (record.type === 'CAA' ? [record] : []));
    if (records.length > 0) return { at, records };
  }
  return undefined;
}

/** RFC 8659 §4.3: `issuewild` replaces `issue` for wildcard names and says nothing about others. */
function propertiesFor(records: readonly CaaRecord[], wildcard: boolean): readonly CaaRecord[] {
  const wild = wildcard ? records.filter(({ tag }) => tag === 'issuewild') : [];
  return wild.length > 0 ? wild : records.filter(({ tag }) => tag === 'issue');
}

/** @returns why the property does not let us issue; `undefined` where it does */
function judgeProperty(issuerDomains: readonly string[], text: string, o: CaaOptions): string | undefined {
  const value = parseIssueValue(text);
  if (value === undefined) return `${excerpt(text)} cannot be read`;
  if (!issuerDomains.includes(value.domain))
    return value.domain === '' ? 'nobody may issue' : `${excerpt(value.domain)} is another authority`;
  // RFC 8657 §3: a property with several is one that nobody satisfies.
  const accounts = parameterValues(value, 'accounturi');
  if (accounts.length > 1 || (accounts.length === 1 && accounts[0] !== o.accountUri))
    return `the account must be ${accounts.slice(0, 2).map(excerpt).join(' and ')}`;
  const methods = parameterValues(value, 'validationmethods');
  if (methods.length > 1 || (methods.length === 1 && !allowsMethod(methods[0] ?? '', o.method)))
    return `the method must be one of ${methods.slice(0, 2).map(excerpt).join(' and ')}`;
  return undefined;
}

function allowsMethod(methods: string, used: string | undefined): boolean {
  return used !== undefined && methods.split(',').includes(used);
}

function forbidden(at: string, records: readonly CaaRecord[], why: string): ChallengeFailure {
  const report = records.filter(({ tag }) => tag === 'iodef').map(({ value }) => excerpt(value));
  const whom =
    report.length === 0 ? '' : ` (the domain wishes to hear of this at ${report.slice(0, 2).join(', ')})`;
  return settled('SY-CHALLENGE-CAA-FORBIDDEN', `CAA of ${at}: ${why}`.slice(0, 600) + whom);
}

function describe(record: CaaRecord): string {
  return `${record.flags} ${record.tag.slice(0, 32)} ${excerpt(record.value)}`;
}
