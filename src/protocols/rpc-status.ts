// Errors as the Sigstore services have them: google.rpc.Status as JSON, with our code in its details.

import type { ErrorKind } from '../ground/codes/shape.ts';
import { ERRORS, type SealyardError } from '../ground/errors.ts';
import type { DoorReply } from './door.ts';
import { asKnown, errorHeaders, statusOf } from './problem.ts';

/** google.rpc.Code of each kind (grpc, "Status codes and their use"). */
const RPC_CODE: Readonly<Record<ErrorKind, number>> = {
  malformed: 3,
  'too-large': 3,
  'too-many': 8,
  unauthenticated: 16,
  refused: 7,
  negative: 9,
  'not-found': 5,
  conflict: 6,
  unavailable: 14,
  unreachable: 14,
  timeout: 4,
  usage: 3,
  internal: 13,
};

/** @param prefix a sentence of the peer's, for clients that show or match it */
export function rpcStatusReply(
  error: unknown,
  o: { readonly prefix?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): DoorReply {
  const known = asKnown(error);
  const message = messageOf(known);
  return {
    status: statusOf(known),
    headers: { 'content-type': 'application/json', ...errorHeaders(known), ...o.headers },
    body: JSON.stringify({
      code: RPC_CODE[ERRORS[known.code].kind],
      message: o.prefix === undefined ? message : `${o.prefix}: ${message}`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: known.code, domain: 'sealyard' },
      ],
    }),
  };
}

function messageOf(error: SealyardError): string {
  return `${error.message} [${error.code}]`;
}
