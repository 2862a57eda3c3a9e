// POST revokeCert (RFC 8555 §7.6): by the account that has it, by one that controls its names, or by its own key.
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { payloadOf, readDerMember, readReason } from './messages.ts';
import { acmeHeaders } from './reply.ts';
import { requestOfEither } from './request.ts';

export async function revokeCert(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfEither(request, acme);
  const payload = payloadOf(signed);
  const certificateDer = readDerMember(payload, 'certificate');
  const reason = readReason(payload);
  const by =
    'account' in signed
      ? { account: signed.account }
      : { spki: new Uint8Array(signed.key.key.export({ format: 'der', type: 'spki' })) };
  const { serial, actor } = acme.enrolment.revocation.authorize({ certificateDer, by });
  // Without the nonce's row: a replay finds the certificate revoked.
  await acme.revoke({ serial, reason, actor });
  return { status: 200, headers: acmeHeaders(acme) };
}
