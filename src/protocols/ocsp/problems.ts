// Our error codes on the OCSP door's wire: the unsigned answers of RFC 6960 §2.3.
import { encodeOcspFailure, type OcspFailure } from '../../formats/ocsp.ts';
import type { ErrorKind } from '../../ground/codes/shape.ts';
import { ERRORS, type SealyardError } from '../../ground/errors.ts';
import type { DoorReply } from '../door.ts';
import { asKnown, errorHeaders, statusOf } from '../problem.ts';

export const RESPONSE_TYPE = 'application/ocsp-response';

const FAILURE_OF_KIND: Readonly<Record<ErrorKind, OcspFailure>> = {
  malformed: 'malformedRequest',
  usage: 'malformedRequest',
  'too-large': 'malformedRequest',
  'too-many': 'tryLater',
  unauthenticated: 'unauthorized',
  refused: 'unauthorized',
  negative: 'unauthorized',
  'not-found': 'unauthorized',
  conflict: 'tryLater',
  unavailable: 'tryLater',
  unreachable: 'tryLater',
  timeout: 'tryLater',
  internal: 'internalError',
};

/**
 * What HTTP itself refused keeps its status. All else is an OCSP answer like any other, and clients read those under
 * 200 alone.
 */
export function ocspProblem(error: unknown): DoorReply {
  const known = asKnown(error);
  return {
    status: known.code.startsWith('SY-HTTP-') ? statusOf(known) : 200,
    headers: { 'content-type': RESPONSE_TYPE, ...errorHeaders(known) },
    body: encodeOcspFailure(failureOf(known)),
  };
}

function failureOf(error: SealyardError): OcspFailure {
  // An id by a hash that we do not compute is a certificate that we do not know (RFC 5019 §2.2.3).
  if (error.code === 'SY-ALGORITHM-UNKNOWN') return 'unauthorized';
  return FAILURE_OF_KIND[ERRORS[error.code].kind];
}
