// CAA at the time of issuance (RFC 8659 §3), where the policy asks for it: every DNS name, with how it was proven.
import type { CaaResult } from '../challenge/target.ts';
import type { JsonObject } from '../ground/json.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';
import { advanceState } from './advance-record.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account } from './enrolment.ts';
import { type AuthorizationBody, nameOfText, type OrderState, orderedName } from './order-record.ts';
import type { EnrolProblem } from './problem.ts';

/** `retry`: a zone could not be asked. */
export type CaaVerdict =
  | { readonly allowed: true; readonly evidence: JsonObject }
  | { readonly allowed: false; readonly retry: boolean; readonly problem: EnrolProblem };

type Needs = Pick<EnrolDeps, 'validator' | 'records' | 'accountUrl'>;

/** Names asked at once. */
const AT_ONCE = 10;

export async function checkCaa(
  needs: Needs,
  account: Account,
  order: OrderState,
  { caa }: IssueGrant,
): Promise<CaaVerdict> {
  const { authorizations } = order.body;
  const asked = caa ? authorizations.filter(({ name }) => nameOfText(name).type === 'dns') : [];
  const problems: { problem: EnrolProblem; retry: boolean }[] = [];
  for (let i = 0; i < asked.length; i += AT_ONCE) {
    const some = asked.slice(i, i + AT_ONCE);
    const results = await Promise.all(some.map((body) => ask(needs, account, body)));
    for (const [k, result] of results.entries()) {
      const body = some[k];
      if (result.allowed || body === undefined) continue;
      const detail = result.detail.slice(0, 500);
      const problem = { code: result.code, detail, identifier: orderedName(body) };
      problems.push({ problem, retry: result.retry });
    }
  }
  const [first] = problems;
  if (first === undefined) return { allowed: true, evidence: caa ? { caa: asked.length } : {} };
  return {
    allowed: false,
    retry: problems.every(({ retry }) => retry),
    problem: {
      code: 'SY-ENROL-CAA',
      detail: first.problem.detail,
      subproblems: problems.map(({ problem }) => problem),
    },
  };
}

async function ask(needs: Needs, account: Account, body: AuthorizationBody): Promise<CaaResult> {
  const { value } = nameOfText(body.name);
  const method = provenBy(needs, account.id, body);
  return await needs.validator.caa({ type: 'dns', value } satisfies RequestedName, {
    wildcard: body.wildcard === true,
    accountUri: needs.accountUrl(account.id),
    method,
  });
}

/** The challenge that proved control; none where the policy vouches for the name. */
export function provenBy(
  { records }: Pick<EnrolDeps, 'records'>,
  accountId: string,
  body: AuthorizationBody,
): ChallengeType | undefined {
  const own = body.advance === undefined ? body : advanceState(records, accountId, body.advance)?.body;
  return own?.types?.find((type) => own.attempted?.[type]?.status === 'valid');
}
