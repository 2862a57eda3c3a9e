// What went wrong, as ACME says it (RFC 8555 §6.7): `application/problem+json`, a fresh nonce, the way back to the directory.
import { EnrolError, type EnrolProblem } from '../../enrol/problem.ts';
import { JWS_ALGORITHMS } from '../../formats/jws-verify.ts';
import { type Code, ERRORS, SealyardError } from '../../ground/errors.ts';
import type { Json, JsonObject } from '../../ground/json.ts';
import type { DoorReply } from '../door.ts';
import { asKnown, errorHeaders, statusOf } from '../problem.ts';
import { ACME_TYPES, type AcmeType, acmeTypeOf } from './problem-types.ts';

const URN = 'urn:ietf:params:acme:error:';

/** A refusal of the door that says more than its code: where the client has to look. */
export class AcmeError extends SealyardError {
  /** Further `Link` headers. */
  readonly links: readonly string[];
  /** RFC 8555 §7.3.3: what a person has to visit. */
  readonly instance: string | undefined;

  constructor(
    code: Code,
    detail: string | undefined,
    more: { links?: readonly string[]; instance?: string },
  ) {
    super(code, detail);
    this.name = 'AcmeError';
    this.links = more.links ?? [];
    this.instance = more.instance;
  }
}

/** What every answer of the door has beside its body. */
export interface ProblemContext {
  /** RFC 8555 §6.5: in error answers too, and always with `badNonce`. */
  readonly nonce: string;
  readonly indexUrl: string;
  readonly accountUrl: (id: string) => string;
}

export function acmeProblem(error: unknown, context: ProblemContext): DoorReply {
  const known = asKnown(error);
  const type = acmeTypeOf(known.code);
  const status = httpStatus(known, type);
  const links = known instanceof AcmeError ? known.links : [];
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'content-language': 'en',
      'cache-control': 'no-store',
      'replay-nonce': context.nonce,
      link: [`<${context.indexUrl}>;rel="index"`, ...links],
      // RFC 8555 §7.3.5: the account that has the key already.
      ...(known instanceof EnrolError && known.accountId !== undefined
        ? { location: context.accountUrl(known.accountId) }
        : {}),
      ...errorHeaders(known),
    },
    body: JSON.stringify({ ...document(known, type), status, code: known.code, ...extras(known, type) }),
  };
}

function document(error: SealyardError, type: AcmeType): JsonObject {
  return { type: `${URN}${type}`, detail: error.message };
}

function extras(error: SealyardError, type: AcmeType): JsonObject {
  const subproblems = error instanceof EnrolError ? error.subproblems : [];
  const instance = error instanceof AcmeError ? error.instance : undefined;
  return {
    ...(type === 'badSignatureAlgorithm' ? { algorithms: JWS_ALGORITHMS } : {}),
    ...(instance === undefined ? {} : { instance }),
    ...withSubproblems(subproblems),
  };
}

/**
 * An error that an order or a challenge keeps (RFC 8555 §7.1.3, §8). `identifier` is never at the top level, and
 * `subproblems` is absent rather than empty or null, which clients stumble over (§6.7.1).
 */
export function renderProblem(problem: EnrolProblem): JsonObject {
  const type = acmeTypeOf(problem.code);
  return {
    type: `${URN}${type}`,
    detail: problem.detail === '' ? ERRORS[problem.code].sentence : problem.detail,
    status: ACME_TYPES[type],
    code: problem.code,
    ...withSubproblems(problem.subproblems ?? []),
  };
}

function withSubproblems(problems: readonly EnrolProblem[]): JsonObject {
  if (problems.length === 0) return {};
  return {
    subproblems: problems.map((problem): Json => {
      const { subproblems: _, ...rest } = renderProblem(problem);
      const { identifier } = problem;
      return identifier === undefined
        ? rest
        : { ...rest, identifier: { type: identifier.type, value: identifier.value } };
    }),
  };
}

function httpStatus(error: SealyardError, type: AcmeType): number {
  const generic = statusOf(error);
  // What HTTP has a word for: 404, 405, 408, 409, 413, 415, 503, 504; and 401 for a deactivated account (§7.3.6).
  if (type === 'malformed') return generic;
  if (type === 'serverInternal') return Math.max(generic, 500);
  if (error.code === 'SY-ACME-ACCOUNT-ENDED') return 401;
  return ACME_TYPES[type];
}
