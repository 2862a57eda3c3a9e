// GET and POST-as-GET directory (RFC 8555 §7.1.1), with `renewalInfo` (RFC 9773 §4.1) and `profiles` (draft-ietf-acme-profiles §3).
import type { EnvironmentName } from '../../ground/ids.ts';
import type { JsonObject } from '../../ground/json.ts';
import { grantableProfiles } from '../../policy/decide-issue.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { bindingIsRequired, environmentOf } from './environment.ts';
import { requirePostAsGet } from './messages.ts';
import { acmeReply } from './reply.ts';
import { requestOfAccount } from './request.ts';

export function directory(request: DoorRequest, acme: Acme): DoorReply {
  const body = JSON.stringify(document(acme, environmentOf(request, acme)));
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-cache' },
    body,
  };
}

export function directoryByPost(request: DoorRequest, acme: Acme): DoorReply {
  requirePostAsGet(requestOfAccount(request, acme));
  const environment = environmentOf(request, acme);
  return acmeReply(acme, document(acme, environment), { environment });
}

function document(acme: Acme, environment: EnvironmentName | undefined): JsonObject {
  const { urls } = acme;
  return {
    newNonce: urls.newNonce,
    newAccount: urls.newAccount(environment),
    newOrder: urls.newOrder(environment),
    newAuthz: urls.newAuthz(environment),
    revokeCert: urls.revokeCert,
    keyChange: urls.keyChange,
    renewalInfo: urls.renewalInfo,
    meta: meta(acme, environment),
  };
}

function meta(acme: Acme, environment: EnvironmentName | undefined): JsonObject {
  const { termsOfService, website, caaIdentities, accountHashPrefix } = acme.meta;
  const profiles = grantableProfiles(acme.policy(), 'everybody', environment);
  return {
    ...(termsOfService === undefined ? {} : { termsOfService }),
    ...(website === undefined ? {} : { website }),
    caaIdentities,
    // draft-ietf-acme-dns-persist-02 §4.1.
    ...(accountHashPrefix === undefined ? {} : { issuerDomainNames: caaIdentities, accountHashPrefix }),
    externalAccountRequired: bindingIsRequired(acme, environment),
    profiles: Object.fromEntries(profiles.map(({ name, description }) => [name, description])),
  };
}
