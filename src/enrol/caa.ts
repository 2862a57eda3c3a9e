// CAA at the time of issuance (RFC 8659 §3), where the policy asks for it: every DNS name, with how it was proven.
import type { CaaResult } from '../challenge/target.ts';
import type { JsonObject } from '../ground/json.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import type { ChallengeType, RequestedName } from '../policy/issuance.ts';
import { advanceState } from './advance-record.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account } from './enrolment.ts';
import { type AuthorizationBody, type OrderState, orderedName } from './order-record.ts';
import { EnrolError, type EnrolProblem } from './problem.ts';

/** `retry`: a zone could not be asked. */
export type CaaVerdict =
  | { readonly allowed: true; readonly evidence: JsonObject }
  | { readonly allowed: false; readonly retry: boolean; readonly problem: EnrolProblem };

type Needs = Pick<EnrolDeps, 'validator' | 'records' | 'accountUrl'>;

/** Names asked at once. */
const AT_ONCE = 10;

/** The names of an order, each with how its account proved it. */
export async function checkOrderCaa(
  needs: Needs,
  account: Account,
  order: OrderState,
  grant: Pick<IssueGrant, 'caa'>,
): Promise<CaaVerdict> {
  const accountUri = needs.accountUrl(account.id);
  const { authorizations } = order.body;
  return await checkCaa(
    needs,
    grant,
    authorizations.map((body) => ({
      identifier: orderedName(body),
      accountUri,
      method: provenBy(needs, account.id, body),
    })),
  );
}

export interface CaaQuestion {
  /** As ordered, with its asterisk. */
  readonly identifier: RequestedName;
  readonly accountUri: string;
  readonly method: ChallengeType | undefined;
}

export async function checkCaa(
  needs: Pick<EnrolDeps, 'validator'>,
  { caa }: Pick<IssueGrant, 'caa'>,
  questions: readonly CaaQuestion[],
): Promise<CaaVerdict> {
  const asked = caa ? questions.filter(({ identifier }) => identifier.type === 'dns') : [];
  const problems: { problem: EnrolProblem; retry: boolean }[] = [];
  for (let i = 0; i < asked.length; i += AT_ONCE) {
    const some = asked.slice(i, i + AT_ONCE);
    for (const { question, result } of await Promise.all(some.map((each) => ask(needs, each)))) {
      if (result.allowed) continue;
      const detail = result.detail.slice(0, 500);
      problems.push({
        problem: { code: result.code, detail, identifier: question.identifier },
        retry: result.retry,
      });
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

/** What goes out: a zone that could not be asked may answer later. */
export function caaError({ problem, retry }: CaaVerdict & { allowed: false }): EnrolError {
  return new EnrolError('SY-ENROL-CAA', problem.detail, {
    subproblems: problem.subproblems ?? [],
    ...(retry ? { retryAfterSeconds: 30 } : {}),
  });
}

async function ask(
  { validator }: Pick<EnrolDeps, 'validator'>,
  question: CaaQuestion,
): Promise<{ question: CaaQuestion; result: CaaResult }> {
  const { accountUri, method, identifier } = question;
  const wildcard = identifier.value.startsWith('*.');
  const value = wildcard ? identifier.value.slice(2) : identifier.value;
  const result = await validator.caa({ type: 'dns', value }, { wildcard, accountUri, method });
  return { question, result };
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
