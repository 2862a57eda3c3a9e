// POST account (RFC 8555 §7.3.2, §7.3.6): looked at, updated, ended; and its orders, page by page (§7.1.2.1).
import { SealyardError } from '../../ground/errors.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { asksForDeactivation, readContacts, requirePostAsGet } from './messages.ts';
import { renderAccount } from './render.ts';
import { acmeReply, link } from './reply.ts';
import { type AccountRequest, requestOfAccount } from './request.ts';

export async function account(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfOwner(request, acme);
  const changed = await change(signed, acme);
  const location = acme.urls.account(changed.id);
  return acmeReply(acme, renderAccount(acme, changed), { location });
}

async function change(signed: AccountRequest, acme: Acme): Promise<AccountRequest['account']> {
  const { payload, account } = signed;
  const { accounts } = acme.enrolment;
  if (payload === undefined) return account;
  if (asksForDeactivation(payload)) return signed.change((t) => accounts.deactivate(account.id, t));
  // §7.3.2: all else that an update may hold is ignored, another status too.
  const contacts = readContacts(payload['contact']);
  if (contacts === undefined) return account;
  return signed.change((together) => accounts.update(account.id, { contacts }, together));
}

export function orders(request: DoorRequest, acme: Acme): DoorReply {
  const signed = requestOfOwner(request, acme);
  requirePostAsGet(signed);
  const { id } = signed.account;
  const { ids, next } = acme.enrolment.accounts.orders(id, request.params['cursor']);
  const links = next === undefined ? [] : [link(acme.urls.orders(id, next), 'next')];
  return acmeReply(acme, { orders: ids.map(acme.urls.order) }, { links });
}

/** @throws SealyardError `SY-ENROL-UNAUTHORIZED` where the path names another account than the one that signed */
function requestOfOwner(request: DoorRequest, acme: Acme): AccountRequest {
  const signed = requestOfAccount(request, acme);
  if (signed.account.id !== request.params['account']) throw new SealyardError('SY-ENROL-UNAUTHORIZED');
  return signed;
}
