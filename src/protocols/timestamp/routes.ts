// The timestamp door: RFC 3161 over HTTP (§3.4), the paths of Sigstore's timestamp authority.
import { certificatesPem } from '../../trust/pem.ts';
import type { DoorReply, DoorRequest, Route } from '../door.ts';
import { problemReply } from '../problem.ts';
import { BODY_LIMIT_BYTES, readDerRequest, readJsonRequest } from './messages.ts';
import { REPLY_TYPE, timestampProblem } from './problems.ts';
import { stamp, type TimestampDeps } from './stamp.ts';

const QUERY_TYPE = 'application/timestamp-query';
const JSON_TYPE = 'application/json';

export function timestampRoutes(deps: TimestampDeps): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/timestamp',
      bodyLimitBytes: BODY_LIMIT_BYTES,
      contentTypes: [QUERY_TYPE, JSON_TYPE],
      listeners: ['tls'],
      handle: (request) => post(request, deps),
      problem: timestampProblem,
    },
    {
      method: 'GET',
      path: '/api/v1/timestamp/certchain',
      bodyLimitBytes: 0,
      listeners: ['tls'],
      handle: () => ({
        status: 200,
        headers: { 'content-type': 'application/pem-certificate-chain' },
        body: certificatesPem(deps.unit().chain),
      }),
      problem: problemReply,
    },
  ];
}

/** The reply is DER whichever way was asked; a refusal of the JSON form is a problem document. */
async function post(request: DoorRequest, deps: TimestampDeps): Promise<DoorReply> {
  if (mediaType(request) !== JSON_TYPE) return granted(await stamp(readDerRequest(request.body), deps));
  try {
    return granted(await stamp(readJsonRequest(request.body), deps));
  } catch (error) {
    return problemReply(error);
  }
}

// 200, though Sigstore's own answers 201: Notation's client takes nothing else, Sigstore's take both.
function granted(body: Uint8Array): DoorReply {
  return { status: 200, headers: { 'content-type': REPLY_TYPE }, body };
}

function mediaType({ headers }: DoorRequest): string | undefined {
  return headers['content-type']?.split(';')[0]?.trim().toLowerCase();
}
