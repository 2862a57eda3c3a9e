// Orders as they are made: names and times checked, and an authorization for each name (RFC 8555 §7.1.3, §7.1.4).
import type { IssueGrant } from '../policy/decide-issue.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';
import { usableAdvances } from './advance-record.ts';
import type { EnrolDeps } from './deps.ts';
import type { NewOrder } from './enrolment.ts';
import { newToken } from './ids.ts';
import { type AuthorizationBody, nameText } from './order-record.ts';
import { EnrolError } from './problem.ts';

/** Which challenges can prove which names: RFC 8555 §7.1.3 (wildcards), RFC 8738 §7 (addresses), dns-persist-01. */
const WILDCARD_CHALLENGES: readonly ChallengeType[] = ['dns-01', 'dns-persist-01'];
const ADDRESS_CHALLENGES: readonly ChallengeType[] = ['http-01', 'tls-alpn-01'];

/** How far a client's clock may be behind ours. */
const SKEW_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LONGEST_NAME = 2048;

/**
 * The names without repetitions, in their order.
 * @throws EnrolError `SY-ENROL-ORDER-WRONG`, `SY-ENROL-TOO-MANY-NAMES`, `SY-ENROL-NAME`
 */
export function orderedNames(names: readonly RequestedName[], most: number): readonly RequestedName[] {
  if (names.length === 0) throw new EnrolError('SY-ENROL-ORDER-WRONG', 'it names nothing');
  if (names.length > most) throw new EnrolError('SY-ENROL-TOO-MANY-NAMES', `${names.length} names`);
  const distinct = new Map<string, RequestedName>();
  for (const name of names) {
    if (name.value === '' || name.value.length > LONGEST_NAME) throw new EnrolError('SY-ENROL-NAME');
    distinct.set(nameText(name), name);
  }
  return [...distinct.values()];
}

/**
 * How long the certificate shall live, where the order says when it shall end.
 * @throws EnrolError `SY-ENROL-ORDER-WRONG`
 */
export function wantedLifetime(
  { notBefore, notAfter }: Pick<NewOrder, 'notBefore' | 'notAfter'>,
  now: Date,
): number | undefined {
  const nowMs = now.getTime();
  if (notBefore !== undefined) {
    const aheadMs = notBefore.getTime() - nowMs;
    if (!(aheadMs >= -SKEW_MS && aheadMs <= DAY_MS))
      throw new EnrolError('SY-ENROL-ORDER-WRONG', 'notBefore is past, or more than a day ahead');
  }
  if (notAfter === undefined) return undefined;
  const seconds = Math.floor((notAfter.getTime() - Math.max(notBefore?.getTime() ?? 0, nowMs)) / 1000);
  if (!(seconds > 0)) throw new EnrolError('SY-ENROL-ORDER-WRONG', 'notAfter is not behind notBefore');
  return seconds;
}

/** @throws EnrolError `SY-ENROL-REJECTED` with a subproblem for each name that no allowed challenge can prove */
export function authorizationsFor(
  deps: Pick<EnrolDeps, 'records' | 'random' | 'clock'>,
  accountId: string,
  names: readonly RequestedName[],
  grant: Pick<IssueGrant, 'proof' | 'challenges'>,
): readonly AuthorizationBody[] {
  if (grant.proof === 'policy') return names.map((name) => ({ ...withoutAsterisk(name), status: 'valid' }));
  const hopeless = names.filter((name) => challengesFor(name, grant.challenges).length === 0);
  if (hopeless.length > 0) throw noChallenge(hopeless);
  const nowMs = deps.clock.now().getTime();
  return names.map((name) => {
    const plain = withoutAsterisk(name);
    // RFC 8555 §7.4.1: what was authorized in advance needs no second proof; a wildcard never was.
    const [advance] =
      plain.wildcard === true ? [] : usableAdvances(deps.records, accountId, plain.name, nowMs);
    if (advance !== undefined) return { ...plain, status: 'valid', advance: advance.id };
    return {
      ...plain,
      status: 'pending',
      token: newToken(deps.random),
      types: challengesFor(name, grant.challenges),
    };
  });
}

export function challengesFor(
  name: RequestedName,
  allowed: readonly ChallengeType[],
): readonly ChallengeType[] {
  switch (name.type) {
    case 'dns':
      return name.value.startsWith('*.')
        ? allowed.filter((type) => WILDCARD_CHALLENGES.includes(type))
        : allowed;
    case 'ip':
      return allowed.filter((type) => ADDRESS_CHALLENGES.includes(type));
    default:
      return [];
  }
}

function noChallenge(names: readonly RequestedName[]): EnrolError {
  return new EnrolError('SY-ENROL-REJECTED', 'no allowed challenge can prove control', {
    subproblems: names.map((identifier) => ({
      code: 'SY-ENROL-NAME-NO-CHALLENGE',
      detail: `no allowed challenge works for ${nameText(identifier).slice(0, 300)}`,
      identifier,
    })),
  });
}

function withoutAsterisk(name: RequestedName): { name: string; wildcard?: true } {
  const wildcard = name.type === 'dns' && name.value.startsWith('*.');
  return wildcard
    ? { name: nameText({ type: 'dns', value: name.value.slice(2) }), wildcard }
    : { name: nameText(name) };
}
