// What the doors share to answer: the HTTP status of an error kind, problem documents (RFC 9457) and JSON replies.

import type { ErrorKind } from '../ground/codes/shape.ts';
import { ERRORS, SealyardError } from '../ground/errors.ts';
import type { Json } from '../ground/json.ts';
import type { DoorReply } from './door.ts';

const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  'too-large': 413,
  'too-many': 429,
  unauthenticated: 401,
  refused: 403,
  negative: 422,
  'not-found': 404,
  conflict: 409,
  unavailable: 503,
  unreachable: 502,
  timeout: 504,
  usage: 400,
  internal: 500,
};

// What HTTP itself has a status for, which the kind alone does not tell.
const STATUS_OF_CODE: Readonly<Partial<Record<SealyardError['code'], number>>> = {
  'SY-HTTP-METHOD': 405,
  'SY-HTTP-MEDIA-TYPE': 415,
  'SY-HTTP-SLOW': 408,
};

export function statusOf(error: SealyardError): number {
  return STATUS_OF_CODE[error.code] ?? STATUS_OF_KIND[ERRORS[error.code].kind];
}

/** The error itself, or `SY-INTERNAL` without a detail for what no room meant to throw. */
export function asKnown(error: unknown): SealyardError {
  return error instanceof SealyardError ? error : new SealyardError('SY-INTERNAL');
}

/** Headers that go with an error whatever its body looks like. */
export function errorHeaders(error: SealyardError): Record<string, string> {
  return error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) };
}

/** `application/problem+json` with our code as a member of its own. */
export function problemReply(error: unknown): DoorReply {
  const known = asKnown(error);
  const status = statusOf(known);
  const { sentence, next } = ERRORS[known.code];
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      ...errorHeaders(known),
    },
    body: JSON.stringify({
      type: `urn:sealyard:error:${known.code}`,
      title: sentence,
      status,
      ...(known.detail === undefined ? {} : { detail: known.detail }),
      code: known.code,
      next,
    }),
  };
}

export function jsonReply(
  status: number,
  value: Json,
  headers: Readonly<Record<string, string>> = {},
): DoorReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}
