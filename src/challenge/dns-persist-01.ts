// dns-persist-01 (draft-ietf-acme-dns-persist-02): a TXT record that stays and names an authority and an account.
import { createHash } from 'node:crypto';
import { textsAt } from './dns-01.ts';
import { type ChallengeFailure, excerpt, settled, unsettled } from './failure.ts';
import { type IssueValue, parameterValues, parseIssueValue } from './issue-value.ts';
import type { Look } from './look.ts';
import type { ValidationTarget } from './target.ts';

const LABEL = '_validation-persist';
const SINGLE = ['accounturi', 'policy', 'persistuntil'];

/** @returns until when the record counts @throws ChallengeFailure */
export async function validatePersistent(
  look: Look,
  target: ValidationTarget,
  now: Date,
): Promise<Date | undefined> {
  const name = `${LABEL}.${target.identifier.value}`;
  const values = await textsAt(look, name);
  const accounts = accountUris(look, target);
  const expected = `${look.view.issuerDomains[0] ?? ''}; accounturi=${accounts[0] ?? ''}${target.wildcard ? '; policy=wildcard' : ''}`;
  // §4.3: records for other authorities stand beside ours and say nothing to us.
  const ours = values.flatMap((text) => {
    const value = parseIssueValue(text);
    return value !== undefined && look.view.issuerDomains.includes(value.domain) ? [{ text, value }] : [];
  });
  if (ours.length === 0)
    throw unsettled(
      'SY-CHALLENGE-RECORD-MISSING',
      `${name}: ${values.length} TXT record(s), none for this authority; expected "${expected}"`,
    );
  const judged = ours.map(({ text, value }) => ({
    text,
    verdict: judge(value, { accounts, wildcard: target.wildcard, now }),
  }));
  const good = judged.find(({ verdict }) => typeof verdict !== 'string');
  if (good === undefined || typeof good.verdict === 'string') throw rejection(name, expected, judged);
  const { until } = good.verdict;
  look.saw({
    record: name,
    value: good.text.slice(0, 512),
    ...(until === undefined ? {} : { persistUntil: until.toISOString() }),
  });
  return until;
}

interface Expected {
  readonly accounts: readonly string[];
  readonly wildcard: boolean;
  readonly now: Date;
}

/** @returns until when, or why the record does not count */
function judge(value: IssueValue, expected: Expected): { readonly until: Date | undefined } | string {
  if (SINGLE.some((tag) => parameterValues(value, tag).length > 1)) return 'a parameter is there twice';
  const [account] = parameterValues(value, 'accounturi');
  if (account === undefined) return 'it has no accounturi';
  if (!expected.accounts.includes(account)) return `it names another account, ${excerpt(account)}`;
  const [policy = ''] = parameterValues(value, 'policy');
  if (expected.wildcard && policy.toLowerCase() !== 'wildcard')
    return 'it lacks policy=wildcard, which a wildcard name needs';
  const [until] = parameterValues(value, 'persistuntil');
  if (until === undefined) return { until: undefined };
  if (!/^\d{1,12}$/.test(until)) return 'its persistUntil is not a number of seconds';
  const date = new Date(Number(until) * 1000);
  return date.getTime() < expected.now.getTime() ? EXPIRED : { until: date };
}

const EXPIRED = 'its persistUntil has passed';

function rejection(
  name: string,
  expected: string,
  judged: readonly { readonly text: string; readonly verdict: unknown }[],
): ChallengeFailure {
  const expired = judged.some(({ verdict }) => verdict === EXPIRED);
  const told = judged.slice(0, 3).map(({ text, verdict }) => `${excerpt(text)}: ${String(verdict)}`);
  const detail = `${name}: ${told.join('; ')}; expected "${expected}"`;
  return expired
    ? settled('SY-CHALLENGE-RECORD-EXPIRED', detail)
    : unsettled('SY-CHALLENGE-MISMATCH', detail);
}

/**
 * What `accounturi` may be: the hash of draft -02 over the present key and former ones, for this name or for any (`*`),
 * and the whole account URL of draft -01, which is what clients in the field publish. Both bind to the account.
 */
function accountUris(look: Look, target: ValidationTarget): readonly string[] {
  const prefix = look.view.accountHashPrefix;
  if (prefix === undefined) return [target.accountUri];
  const thumbprint = target.keyAuthorization.split('.').at(-1) ?? '';
  const hashed = [thumbprint, ...(target.formerThumbprints ?? [])].flatMap((key) =>
    [target.identifier.value, '*'].map((domain) =>
      hashedAccountUri({ prefix, domain, thumbprint: key, accountUri: target.accountUri }),
    ),
  );
  return [...hashed, target.accountUri];
}

/**
 * The hashed account URI of draft-ietf-acme-dns-persist-02 §4.1.
 * @param o `domain`: lower-case A-labels, or `*` for any; `thumbprint`: RFC 7638 with SHA-256, base64url
 */
export function hashedAccountUri(o: {
  readonly prefix: string;
  readonly domain: string;
  readonly thumbprint: string;
  readonly accountUri: string;
}): string {
  const hash = createHash('sha256')
    .update(Uint8Array.of(o.domain.length))
    .update(`${o.domain}${o.thumbprint}${o.accountUri}`, 'ascii')
    .digest('base64url');
  return `${o.prefix}sha-256/${hash}`;
}
