// POST revokeCert (RFC 8555 §7.6): by the account that has it, by one that controls its names, or by its own key.
import type { DoorReply, DoorRequest } from '../door.ts';
import type { Acme } from './deps.ts';
import { payloadOf, readDerMember, readReason } from './messages.ts';
import { acmeHeaders } from './reply.ts';
import { type KeyRequest, requestOfEither } from './request.ts';

export async function revokeCert(request: DoorRequest, acme: Acme): Promise<DoorReply> {
  const signed = requestOfEither(request, acme);
  const payload = payloadOf(signed);
  const certificateDer = readDerMember(payload, 'certificate');
  const reason = readReason(payload);
  const byAccount = 'account' in signed;
  const by = byAccount ? { account: signed.account } : { spki: spkiOf(signed) };
  const { serial, actor } = acme.enrolment.revocation.authorize({ certificateDer, by });
  // Only who holds the key can say of it that it is compromised: others' certificates with it are revoked too.
  // Without the nonce's row: a replay finds the certificate revoked.
  await acme.revocation.revoke({ what: [serial], reason, actor, spreads: !byAccount });
  return { status: 200, headers: acmeHeaders(acme) };
}

function spkiOf({ key }: KeyRequest): Uint8Array {
  return new Uint8Array(key.key.export({ format: 'der', type: 'spki' }));
}
