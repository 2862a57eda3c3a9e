// Who asks for a certificate on the admin API: a service token's name or a job's identity, as the policy calls them.

import { SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import type { IdentityName } from '../../ground/ids.ts';
import { authenticateToken } from '../../identity/administrators.ts';
import { identityNames, identityNamesOfServiceToken, subjectOfIdentity } from '../../policy/identities.ts';
import type { DoorRequest } from '../door.ts';
import { bearerToken, refuseForeignHost } from './caller.ts';
import type { AdminDeps } from './deps.ts';

/** No role is needed: what the requester may have is said by the `issue` rules alone. */
export interface Requester {
  readonly who: readonly IdentityName[];
  readonly actor: Actor;
}

/** @throws SealyardError `SY-ADMIN-HOST`, `SY-ADMIN-NO-TOKEN`, `SY-IDENTITY-*`, `SY-ADMIN-ROLE` */
export async function requesterOf(request: DoorRequest, deps: AdminDeps): Promise<Requester> {
  refuseForeignHost(request, deps.publicUrl);
  const token = bearerToken(request);
  const policy = deps.policy();
  const now = deps.clock.now();
  if (!token.startsWith('sy_')) {
    const identity = await deps.verifier.verify(token, { issuers: policy.issuers, now });
    return {
      who: identityNames(policy, subjectOfIdentity(identity)),
      actor: { kind: 'identity', id: identity.subject, issuer: identity.issuer },
    };
  }
  const { kind, name } = authenticateToken(token, { records: deps.records, now });
  if (kind !== 'service') throw new SealyardError('SY-ADMIN-ROLE', 'exchange the one-time token first');
  return {
    who: identityNamesOfServiceToken(policy, name),
    actor: { kind: 'identity', id: name, issuer: 'yard' },
  };
}
