// One request, one certificate: for callers whose names the policy grants without a challenge (admin API, EST).
import type { Event } from '../ground/events.ts';
import type { IssuedCertificate } from '../issue/request.ts';
import { decideIssue, type IssueGrant } from '../policy/decide-issue.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { caaError, checkCaa } from './caa.ts';
import { readCsr } from './csr.ts';
import type { DirectRequest, Together } from './enrolment.ts';
import { rejected } from './grants.ts';
import { orderedNames } from './new-order.ts';
import { nameText } from './order-record.ts';
import { EnrolError } from './problem.ts';
import type { Room } from './room.ts';
import { joined } from './together.ts';

export async function issueDirectly(
  room: Room,
  request: DirectRequest,
  together: Together | undefined,
): Promise<IssuedCertificate> {
  takeOne(room, request, together);
  const csr = readCsr(request.csr);
  const names = orderedNames(request.names ?? csr.names, room.config.mostNames);
  const grant = await granted(room, request, names);
  const questions = names.map((identifier) => ({ identifier, accountUri: '', method: undefined }));
  const caa = await checkCaa(room, grant, questions);
  if (!caa.allowed) throw caaError(caa);
  const { profile } = grant;
  const authority = room.authorities.issuing(profile.usage, grant.authorities, profile.authority);
  const { lifetimeSeconds, requester, via } = request;
  return await room.issue(
    {
      profile: 'subscriber',
      authority,
      grant,
      key: csr.key,
      names,
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
      requester,
      via,
    },
    () => joined(together, { puts: [], events: [] }),
  );
}

function takeOne(room: Room, { who, requester }: DirectRequest, together: Together | undefined): void {
  const key = who[0] ?? (requester.kind === 'system' ? 'system' : requester.id);
  const { address } = together ?? {};
  room.limits.take(
    { kind: 'ordersByIdentity', key },
    ...(address === undefined ? [] : [{ kind: 'ordersByAddress', key: address } as const]),
  );
}

/** The policy's grant; its refusal is on record before it is answered. */
async function granted(
  room: Room,
  request: DirectRequest,
  names: readonly RequestedName[],
): Promise<IssueGrant> {
  const policy = room.policy();
  const { who, profile, lifetimeSeconds, environment } = request;
  const question = {
    who,
    names,
    canChallenge: false,
    now: room.clock.now(),
    ...(profile === undefined ? {} : { profile }),
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(environment === undefined ? {} : { environment }),
  };
  const decision = decideIssue(policy, question);
  if (decision.granted) {
    if (decision.profile.pathLength === undefined) return decision;
    throw new EnrolError('SY-ENROL-PROFILE', decision.profile.name);
  }
  const error = rejected(policy, question, decision);
  await room.commit({ puts: [], events: [refusedEvent(room, request, names, error)] });
  throw error;
}

function refusedEvent(
  room: Room,
  { requester, via }: DirectRequest,
  names: readonly RequestedName[],
  error: EnrolError,
): Event {
  return {
    timeMs: room.clock.now().getTime(),
    action: 'certificate.refused',
    actor: requester,
    object: { type: 'request', id: via },
    outcome: 'refused',
    policyVersion: room.policy().version,
    data: {
      code: error.code,
      names: names.slice(0, 20).map((name) => nameText(name).slice(0, 300)),
      reason: (error.detail ?? '').slice(0, 500),
    },
  };
}
