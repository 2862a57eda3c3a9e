// HEAD, GET and POST-as-GET newNonce (RFC 8555 §7.2).
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { requirePostAsGet } from './messages.ts';
import { acmeHeaders } from './reply.ts';
import { requestOfAccount } from './request.ts';

/** @param status 200 to HEAD, 204 to GET */
export function newNonce(status: 200 | 204, acme: Acme): DoorReply {
  return { status, headers: { ...acmeHeaders(acme), 'cache-control': 'no-store' } };
}

export function newNonceByPost(request: DoorRequest, acme: Acme): DoorReply {
  requirePostAsGet(requestOfAccount(request, acme));
  return newNonce(204, acme);
}
