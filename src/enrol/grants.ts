// The policy's word on what an account asks for, name by name where it is no.
import type { EnvironmentName, IdentityName } from '../ground/ids.ts';
import {
  decideIssue,
  type IssueGrant,
  type IssueQuestion,
  type IssueRefusal,
} from '../policy/decide-issue.ts';
import type { RequestedName } from '../policy/issuance.ts';
import type { Policy } from '../policy/policy.ts';
import type { Bindings } from './bindings.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account } from './enrolment.ts';
import { EnrolError, type EnrolProblem } from './problem.ts';

export interface Wish {
  readonly names: readonly RequestedName[];
  readonly profile?: string;
  readonly lifetimeSeconds?: number;
  readonly environment?: EnvironmentName;
}

type Needs = Pick<EnrolDeps, 'policy' | 'clock'> & { readonly bindings: Bindings };

/**
 * What the policy grants the account now.
 * @throws EnrolError `SY-ENROL-REJECTED` with a subproblem for each name that is refused by itself, `SY-ENROL-PROFILE`
 */
export function grantFor(needs: Needs, account: Account, wish: Wish): IssueGrant {
  const policy = needs.policy();
  const question: IssueQuestion = {
    who: whoIs(needs.bindings, account),
    canChallenge: true,
    now: needs.clock.now(),
    ...wish,
    ...environmentOf(account, wish),
  };
  const decision = decideIssue(policy, question);
  if (!decision.granted) throw rejected(policy, question, decision);
  // A certificate authority is never made by an order.
  if (decision.profile.pathLength !== undefined)
    throw new EnrolError('SY-ENROL-PROFILE', decision.profile.name);
  return decision;
}

/** The identities that an account speaks for. */
export function whoIs(bindings: Bindings, account: Account): readonly IdentityName[] {
  const identity = account.binding === undefined ? undefined : bindings.identityOf(account.binding);
  return identity === undefined ? [] : [identity];
}

/** A binding that was made for one environment does not reach another. @throws EnrolError `SY-ENROL-REJECTED` */
function environmentOf({ binding }: Account, wish: Wish): { environment?: EnvironmentName } {
  const bound = binding?.environment;
  if (bound === undefined) return wish.environment === undefined ? {} : { environment: wish.environment };
  if (wish.environment !== undefined && wish.environment !== bound)
    throw new EnrolError('SY-ENROL-REJECTED', `the account is bound to the environment ${bound}`);
  return { environment: bound };
}

/** The refusal, with a subproblem for each name that is refused by itself. */
export function rejected(policy: Policy, question: IssueQuestion, { violations }: IssueRefusal): EnrolError {
  const [{ code, message }] = violations;
  if (code === 'SY-POLICY-ISSUE-PROFILE') return new EnrolError('SY-ENROL-PROFILE', message);
  const subproblems = question.names.flatMap((identifier): EnrolProblem[] => {
    const decision = decideIssue(policy, { ...question, names: [identifier] });
    return decision.granted
      ? []
      : [{ code: decision.violations[0].code, detail: decision.violations[0].message, identifier }];
  });
  return new EnrolError('SY-ENROL-REJECTED', message, { subproblems });
}
