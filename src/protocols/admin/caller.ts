// Who calls the admin API, and whether they may: host and origin first, then identity, then the policy's role.

import { ERRORS, isSealyardError, SealyardError } from '../../ground/errors.ts';
import type { Actor } from '../../ground/events.ts';
import { authenticateToken, type TokenHolder } from '../../identity/administrators.ts';
import { decideAdmin, roleAllows } from '../../policy/decide-admin.ts';
import { identityNames, subjectOfIdentity } from '../../policy/identities.ts';
import type { Role } from '../../policy/policy.ts';
import type { DoorRequest } from '../door.ts';
import type { AdminDeps } from './deps.ts';

/** Somebody whose token was good and whose role suffices. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
  readonly actor: Actor;
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * A page of another site must not use a browser's way to us: neither by its own name for our address (DNS
 * rebinding: `Host`), nor across origins (`Origin`).
 * @throws SealyardError `SY-ADMIN-HOST`
 */
export function refuseForeignHost(request: DoorRequest, publicUrl: string): void {
  const host = request.headers['host'] ?? '';
  if (host.toLowerCase() !== new URL(publicUrl).host && !LOOPBACK.test(host))
    throw new SealyardError('SY-ADMIN-HOST', 'Host');
  const origin = request.headers['origin'];
  if (origin !== undefined && origin !== publicUrl) throw new SealyardError('SY-ADMIN-HOST', 'Origin');
}

/** @throws SealyardError `SY-ADMIN-NO-TOKEN` */
export function bearerToken(request: DoorRequest): string {
  const token = /^Bearer +(\S{1,65536})$/i.exec(request.headers['authorization'] ?? '')?.[1];
  if (token === undefined) throw new SealyardError('SY-ADMIN-NO-TOKEN');
  return token;
}

/**
 * A service token, or the identity token of somebody whom the policy's `administer` names.
 * @throws SealyardError `SY-ADMIN-HOST`, `SY-ADMIN-NO-TOKEN`, `SY-IDENTITY-*`, `SY-ADMIN-ROLE`
 */
export async function authorize(request: DoorRequest, needed: Role, deps: AdminDeps): Promise<Caller> {
  refuseForeignHost(request, deps.publicUrl);
  const token = bearerToken(request);
  const { name, role, actor } = token.startsWith('sy_')
    ? ofServiceToken(token, deps)
    : await ofIdentity(token, deps);
  if (role === undefined || !roleAllows(role, needed))
    throw new SealyardError('SY-ADMIN-ROLE', `${name} is ${role ?? 'nobody here'}, this needs ${needed}`);
  return { name, role, actor };
}

interface Known {
  readonly name: string;
  readonly role: Role | undefined;
  readonly actor: Actor;
}

function ofServiceToken(token: string, deps: AdminDeps): Known {
  const holder: TokenHolder = authenticateToken(token, { records: deps.records, now: deps.clock.now() });
  // The one-time token can do one thing: be exchanged.
  if (holder.kind !== 'service')
    throw new SealyardError('SY-ADMIN-ROLE', 'exchange the one-time token first');
  const role = decideAdmin(deps.policy(), { kind: 'token', name: holder.name });
  return { name: holder.name, role, actor: { kind: 'identity', id: holder.name, issuer: 'yard' } };
}

async function ofIdentity(token: string, deps: AdminDeps): Promise<Known> {
  const policy = deps.policy();
  const identity = await deps.verifier.verify(token, { issuers: policy.issuers, now: deps.clock.now() });
  const names = identityNames(policy, subjectOfIdentity(identity));
  return {
    name: identity.subject,
    role: decideAdmin(policy, { kind: 'identity', names }),
    actor: { kind: 'identity', id: identity.subject, issuer: identity.issuer },
  };
}

/** How often a refused caller is put on record: an attacker must not fill the audit log. */
const RECORDED_EVERY_MS = 10_000;

/** Remembers refusals of callers in the audit log, few enough that nobody can fill it. */
export class RefusalRecord {
  readonly #deps: Pick<AdminDeps, 'commit' | 'clock'>;
  #lastMs = Number.NEGATIVE_INFINITY;
  #unrecorded = 0;

  constructor(deps: Pick<AdminDeps, 'commit' | 'clock'>) {
    this.#deps = deps;
  }

  async note(error: unknown, request: DoorRequest): Promise<void> {
    if (!isRefusal(error)) return;
    const timeMs = this.#deps.clock.now().getTime();
    if (Math.abs(timeMs - this.#lastMs) < RECORDED_EVERY_MS) {
      this.#unrecorded++;
      return;
    }
    this.#lastMs = timeMs;
    const unrecorded = this.#unrecorded;
    this.#unrecorded = 0;
    await this.#deps
      .commit({
        puts: [],
        events: [
          {
            timeMs,
            action: 'token.refused',
            actor: { kind: 'identity', id: request.peer, issuer: 'address' },
            object: { type: 'admin-api', id: request.path.slice(0, 256) },
            outcome: 'refused',
            data: { code: error.code, unrecordedBefore: unrecorded },
          },
        ],
      })
      // A store that takes no writes must not turn a 401 into a 503.
      .catch((cause: unknown) => {
        if (!isSealyardError(cause)) throw cause;
      });
  }
}

/** Who it was is in doubt, or they may not: not what they asked. */
function isRefusal(error: unknown): error is SealyardError {
  if (!isSealyardError(error) || error.code === 'SY-ADMIN-NO-TOKEN') return false;
  const { kind } = ERRORS[error.code];
  return kind === 'unauthenticated' || kind === 'refused';
}
