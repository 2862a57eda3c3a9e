// Answers to challenges (RFC 8555 §7.5.1): on record as `processing` before they are answered, validated behind it.
import type { ChallengeType } from '../policy/issuance.ts';
import { liveAccount } from './account-record.ts';
import { type Saw, whileMoving } from './concurrency.ts';
import type { Account, Authorization, Challenge, Challenges, Together } from './enrolment.ts';
import {
  bodyAt,
  type Holder,
  holderAt,
  holderPut,
  holderUnchanged,
  isOpen,
  type Place,
  placeOf,
  withBody,
} from './holder.ts';
import { type AuthorizationBody, asChallengeType } from './order-record.ts';
import { authorizationView, challengesOf } from './order-view.ts';
import { refusePaused } from './pausing.ts';
import { EnrolError } from './problem.ts';
import { failureKey } from './rate-limits.ts';
import { type Room, turnOf, viewDeps } from './room.ts';
import { joined } from './together.ts';
import type { Validations } from './validations.ts';

export function createChallenges(room: Room, validations: Validations): Challenges {
  return {
    get: (account, authorizationId, challengeId) => {
      const { body, type } = found(room, account, authorizationId, challengeId);
      return challengeIn(body, type);
    },
    respond: (account, authorizationId, challengeId, together) =>
      respond(room, validations, { account, authorizationId, challengeId, together }),
  };
}

/** The view of the authorization at a place. @throws EnrolError `SY-ENROL-NOT-FOUND` */
export function viewAt(room: Room, place: Place): Authorization {
  const holder = holderAt(room.records, place);
  const view = holder === undefined ? undefined : viewIn(room, holder, place);
  if (view === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'authorization');
  return view;
}

function viewIn(room: Room, holder: Holder, { holderId, index }: Place): Authorization | undefined {
  const body = bodyAt(holder, index);
  if (body === undefined) return undefined;
  const state = holder.kind === 'order' ? holder.state.state : 'open';
  const { accountId, expiresMs } = holder.state;
  const id = index < 0 ? holderId : `${holderId}.${index}`;
  return authorizationView({ accountId, expiresMs, state }, body, id, viewDeps(room));
}

interface Found {
  readonly place: Place;
  readonly holder: Holder;
  readonly body: AuthorizationBody;
  readonly type: ChallengeType;
}

function found(room: Room, account: Account, authorizationId: string, challengeId: string): Found {
  const place = placeOf(account.id, authorizationId);
  const holder = place === undefined ? undefined : holderAt(room.records, place);
  const body = holder === undefined || place === undefined ? undefined : bodyAt(holder, place.index);
  const type = asChallengeType(challengeId);
  if (
    place === undefined ||
    holder === undefined ||
    type === undefined ||
    body?.types?.includes(type) !== true
  )
    throw new EnrolError('SY-ENROL-NOT-FOUND', 'challenge');
  return { place, holder, body, type };
}

interface Answer {
  readonly account: Account;
  readonly authorizationId: string;
  readonly challengeId: string;
  readonly together: Together | undefined;
}

async function respond(
  room: Room,
  validations: Validations,
  answer: Answer,
): Promise<{ authorization: Authorization; challenge: Challenge }> {
  const { account, authorizationId, challengeId } = answer;
  const place = placeOf(account.id, authorizationId);
  const type = asChallengeType(challengeId);
  if (place === undefined || type === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'challenge');
  const state = liveAccount(room.records, account.id);
  refusePaused(state, room);
  const holder = await room.turns.take(turnOf(place.holderId), () =>
    whileMoving(
      () => holderAt(room.records, place)?.state.version,
      (saw) => begin(room, answer, saw),
    ),
  );
  const body = bodyAt(holder, place.index);
  const authorization = viewIn(room, holder, place);
  if (body === undefined || authorization === undefined)
    throw new EnrolError('SY-ENROL-NOT-FOUND', 'challenge');
  const attempted = body.attempted?.[type];
  if (body.status === 'pending' && attempted?.status === 'processing')
    validations.start({ place, type, thumbprint: state.account.keyThumbprint }, attempted.attempts);
  return { authorization, challenge: challengeIn(body, type) };
}

/** Puts the answer on record; one that is there already, or comes too late, changes nothing (RFC 8555 §8.2). */
async function begin(
  room: Room,
  { account, authorizationId, challengeId, together }: Answer,
  saw: Saw,
): Promise<Holder> {
  const { place, holder, body, type } = found(room, account, authorizationId, challengeId);
  saw(holder.state.version);
  if (body.status !== 'pending' || body.attempted?.[type] !== undefined) return holder;
  if (!isOpen(holder, room.clock.now().getTime()))
    throw new EnrolError('SY-ENROL-EXPIRED', 'the authorization has ended');
  room.limits.check({ kind: 'failuresByName', key: failureKey(account.id, body.name) });
  room.limits.take({ kind: 'responsesByAccount', key: account.id });
  const attempted = { ...body.attempted, [type]: { status: 'processing' as const, attempts: 0 } };
  const changed = withBody(holder, place.index, { ...body, attempted });
  await room.commit(
    joined(together, { puts: [holderPut(changed)], preconditions: [holderUnchanged(holder)], events: [] }),
  );
  return changed;
}

function challengeIn(body: AuthorizationBody, type: ChallengeType): Challenge {
  const shown = challengesOf(body).find((each) => each.type === type);
  if (shown === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'challenge');
  return shown;
}
