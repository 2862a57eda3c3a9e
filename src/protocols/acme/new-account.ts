// POST newAccount (RFC 8555 §7.3): a key becomes an account, or finds the one that it has.
import type { Account } from '../../enrol/enrolment.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { EnvironmentName } from '../../ground/ids.ts';
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { bindingIsRequired, environmentOf } from './environment.ts';
import { verifyExternalBinding } from './external-binding.ts';
import { type AccountFields, payloadOf, readAccountFields } from './messages.ts';
import { AcmeError } from './problems.ts';
import { renderAccount } from './render.ts';
import { acmeReply, link } from './reply.ts';
import { type KeyRequest, requestOfKey } from './request.ts';

export async function newAccount(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfKey(request, acme);
  const environment = environmentOf(request, acme);
  const fields = readAccountFields(payloadOf(signed));
  const existing = acme.enrolment.accounts.findByKey(signed.key.thumbprint);
  if (existing !== undefined) return found(existing, acme, environment);
  if (fields.onlyReturnExisting) throw new SealyardError('SY-ACME-ACCOUNT-UNKNOWN');
  const { account, created } = await create(signed, fields, acme, environment);
  if (!created) return found(account, acme, environment);
  // §7.3.4: a binding that was verified is shown as it came.
  return acmeReply(acme, renderAccount(acme, account, fields.binding), {
    status: 201,
    location: acme.urls.account(account.id),
    environment,
  });
}

/** §7.3.1: whatever else the request says is ignored. */
function found(account: Account, acme: Acme, environment: EnvironmentName | undefined): DoorReply {
  if (account.status !== 'valid') throw new SealyardError('SY-ACME-ACCOUNT-ENDED');
  const location = acme.urls.account(account.id);
  return acmeReply(acme, renderAccount(acme, account), { location, environment });
}

function create(
  signed: KeyRequest,
  fields: AccountFields,
  acme: Acme,
  environment: EnvironmentName | undefined,
): Promise<{ account: Account; created: boolean }> {
  requireTerms(fields, acme);
  if (fields.binding === undefined && bindingIsRequired(acme, environment))
    throw new SealyardError('SY-ENROL-BINDING-REQUIRED');
  const binding =
    fields.binding === undefined
      ? undefined
      : verifyExternalBinding(fields.binding, {
          url: signed.url,
          accountKey: signed.key,
          macKey: (keyId) => acme.enrolment.bindings.key(keyId),
        });
  const { jwk, thumbprint } = signed.key;
  return signed.change((together) =>
    acme.enrolment.accounts.create(
      {
        jwk,
        thumbprint,
        contacts: fields.contacts ?? [],
        termsAgreed: fields.termsAgreed,
        ...(binding === undefined ? {} : { binding }),
      },
      together,
    ),
  );
}

/** §7.3, §7.3.3: where to read them is told twice, for programs and for people. */
function requireTerms(fields: AccountFields, acme: Acme): void {
  const { termsOfService } = acme.meta;
  if (termsOfService === undefined || fields.termsAgreed) return;
  throw new AcmeError('SY-ENROL-TERMS', undefined, {
    links: [link(termsOfService, 'terms-of-service')],
    instance: termsOfService,
  });
}
