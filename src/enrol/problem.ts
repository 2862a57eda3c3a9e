// Why something was refused, in a shape that the doors can render name by name (RFC 8555 §6.7.1).
import { type Code, SealyardError } from '../ground/errors.ts';
import type { RequestedName } from '../policy/issuance.ts';

/** Stored with orders and challenges, so it holds no secret. */
export interface EnrolProblem {
  readonly code: Code;
  /** A sentence for the client. */
  readonly detail: string;
  readonly identifier?: RequestedName;
  readonly subproblems?: readonly EnrolProblem[];
}

/** A refusal that says more than its code. */
export class EnrolError extends SealyardError {
  /** One a name that was refused. */
  readonly subproblems: readonly EnrolProblem[];
  /** With `SY-ENROL-KEY-IN-USE`: whose key it is. */
  readonly accountId: string | undefined;

  constructor(
    code: Code,
    detail?: string,
    more: {
      cause?: unknown;
      retryAfterSeconds?: number;
      subproblems?: readonly EnrolProblem[];
      accountId?: string;
    } = {},
  ) {
    super(code, detail, {
      cause: more.cause,
      ...(more.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: more.retryAfterSeconds }),
    });
    this.name = 'EnrolError';
    this.subproblems = more.subproblems ?? [];
    this.accountId = more.accountId;
  }
}
