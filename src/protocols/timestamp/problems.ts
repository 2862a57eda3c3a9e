// Our error codes on the timestamp door's wire: a TimeStampResp that refuses, with its PKIFailureInfo (RFC 3161 §2.4.2).
import { encodeTimestampRefusal, type TimestampFailure } from '../../formats/timestamp.ts';
import type { ErrorKind } from '../../ground/codes/shape.ts';
import { ERRORS, type SealyardError } from '../../ground/errors.ts';
import type { DoorReply } from '../door.ts';
import { asKnown, errorHeaders, statusOf } from '../problem.ts';

export const REPLY_TYPE = 'application/timestamp-reply';

const FAILURE_OF_KIND: Readonly<Record<ErrorKind, TimestampFailure>> = {
  malformed: 'badDataFormat',
  usage: 'badRequest',
  'too-large': 'badDataFormat',
  'too-many': 'systemFailure',
  unauthenticated: 'badRequest',
  refused: 'badRequest',
  negative: 'badRequest',
  'not-found': 'badRequest',
  conflict: 'badRequest',
  unavailable: 'systemFailure',
  unreachable: 'systemFailure',
  timeout: 'systemFailure',
  internal: 'systemFailure',
};

const FAILURE_OF_CODE: Readonly<Partial<Record<SealyardError['code'], TimestampFailure>>> = {
  'SY-ALGORITHM-UNKNOWN': 'badAlg',
  'SY-TSA-POLICY': 'unacceptedPolicy',
  'SY-ISSUE-CLOCK': 'timeNotAvailable',
};

/** The refusal with code and sentence as its text; the HTTP status says the same to who looks no further. */
export function timestampProblem(error: unknown): DoorReply {
  const known = asKnown(error);
  const failure = failureOf(known);
  return {
    status: statusOf(known),
    headers: { 'content-type': REPLY_TYPE, ...errorHeaders(known) },
    body: encodeTimestampRefusal({ text: `${known.code}: ${known.message}`, failure }),
  };
}

function failureOf(error: SealyardError): TimestampFailure {
  // §2.4.1: a request with extensions gets a failure of its own; the parser tells it by its detail alone.
  if (error.code === 'SY-TIMESTAMP-MALFORMED' && error.detail?.startsWith('extensions') === true)
    return 'unacceptedExtension';
  return FAILURE_OF_CODE[error.code] ?? FAILURE_OF_KIND[ERRORS[error.code].kind];
}
