// POST newAuthz, authorization and challenge (RFC 8555 §7.4.1, §7.5).
import type { Authorization, Challenge } from '../../enrol/enrolment.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { environmentOf } from './environment.ts';
import { asksForDeactivation, payloadOf, readIdentifier } from './messages.ts';
import { renderAuthorization, renderChallenge, retryOfAuthorization, retryOfChallenge } from './render.ts';
import { acmeReply, link } from './reply.ts';
import { requestOfAccount } from './request.ts';

export async function newAuthz(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfAccount(request, acme);
  const environment = environmentOf(request, acme);
  const identifier = readIdentifier(payloadOf(signed)['identifier']);
  const made = await signed.change((together) =>
    acme.enrolment.authorizations.preauthorize(signed.account, identifier, environment, together),
  );
  return acmeReply(acme, renderAuthorization(acme, made), {
    status: 201,
    location: acme.urls.authorization(made.id),
    environment,
  });
}

export async function authorization(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfAccount(request, acme);
  const { account, payload } = signed;
  const id = request.params['authorization'] ?? '';
  const { authorizations } = acme.enrolment;
  if (payload === undefined) return reply(acme, authorizations.get(account, id));
  if (!asksForDeactivation(payload))
    throw new SealyardError('SY-ACME-MALFORMED', 'an authorization can only be deactivated');
  return reply(acme, await signed.change((t) => authorizations.deactivate(account, id, t)));
}

function reply(acme: Acme, authorization: Authorization): DoorReply {
  return acmeReply(acme, renderAuthorization(acme, authorization), {
    retryAfterSeconds: retryOfAuthorization(authorization),
  });
}

/** §7.5.1: an object, empty or not, says that the client is ready; POST-as-GET only looks. */
export async function challenge(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfAccount(request, acme);
  const { account, payload } = signed;
  const { authorization = '', challenge: id = '' } = request.params;
  const { challenges } = acme.enrolment;
  const current: Challenge =
    payload === undefined
      ? challenges.get(account, authorization, id)
      : (await signed.change((t) => challenges.respond(account, authorization, id, t))).challenge;
  return acmeReply(acme, renderChallenge(acme, authorization, current), {
    links: [link(acme.urls.authorization(authorization), 'up')],
    retryAfterSeconds: retryOfChallenge(current),
  });
}
