// Our error codes on the admission door's wire: a refused review where its uid is known, else a problem document.

import type { ErrorKind } from '../../ground/codes/shape.ts';
import { ERRORS, isSealyardError, SealyardError } from '../../ground/errors.ts';
import type { DoorReply } from '../door.ts';
import { reviewReply } from './messages.ts';

/** HTTP status where no review can be answered (RFC 9110). */
const STATUS: Record<ErrorKind, number> = {
  malformed: 400,
  usage: 400,
  unauthenticated: 401,
  refused: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  negative: 422,
  'too-many': 429,
  internal: 500,
  unreachable: 502,
  unavailable: 503,
  timeout: 504,
};

/** RFC 9457. Says nothing of faults that are not coded. */
export function problem(error: unknown): DoorReply {
  const coded = codedOf(error);
  const { kind, sentence, next } = ERRORS[coded.code];
  return {
    status: STATUS[kind],
    headers: { 'content-type': 'application/problem+json' },
    body: JSON.stringify({
      type: `urn:sealyard:error:${coded.code}`,
      title: sentence,
      status: STATUS[kind],
      code: coded.code,
      ...(coded.detail === undefined ? {} : { detail: coded.detail }),
      next,
    }),
  };
}

/** A denial that carries the code; the API server shows its message to whoever made the object. */
export function deniedReview(uid: string, error: unknown): DoorReply {
  const coded = codedOf(error);
  const message = `${coded.code}: ${coded.message}`;
  return reviewReply({ uid, allowed: false, refusal: { code: coded.code, message, httpStatus: 403 } });
}

function codedOf(error: unknown): SealyardError {
  return isSealyardError(error) ? error : new SealyardError('SY-INTERNAL', undefined, { cause: error });
}
