// POST newOrder, order and finalize (RFC 8555 §7.4).
import type { Order } from '../../enrol/enrolment.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { environmentOf } from './environment.ts';
import { payloadOf, readDerMember, readNewOrder, requirePostAsGet } from './messages.ts';
import { renderOrder, retryOfOrder } from './render.ts';
import { acmeReply, type ReplyOptions } from './reply.ts';
import { requestOfAccount } from './request.ts';

export async function newOrder(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfAccount(request, acme);
  const environment = environmentOf(request, acme);
  const wanted = {
    ...readNewOrder(payloadOf(signed)),
    ...(environment === undefined ? {} : { environment }),
  };
  const made = await signed.change((together) =>
    acme.enrolment.orders.create(signed.account, wanted, together),
  );
  return reply(acme, made, { status: 201, environment });
}

export function order(request: DoorRequest, acme: Acme): DoorReply {
  const signed = requestOfAccount(request, acme);
  requirePostAsGet(signed);
  return reply(acme, acme.enrolment.orders.get(signed.account, request.params['order'] ?? ''));
}

export async function finalize(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfAccount(request, acme);
  const csr = readDerMember(payloadOf(signed), 'csr');
  const finished = await signed.change((together) =>
    acme.enrolment.orders.finalize(signed.account, request.params['order'] ?? '', csr, together),
  );
  return reply(acme, finished);
}

/** `Location` in every answer: clients that poll look for it behind finalize too. */
function reply(
  acme: Acme,
  order: Order,
  options: Pick<ReplyOptions, 'status' | 'environment'> = {},
): DoorReply {
  return acmeReply(acme, renderOrder(acme, order), {
    ...options,
    location: acme.urls.order(order.id),
    retryAfterSeconds: retryOfOrder(order),
  });
}
