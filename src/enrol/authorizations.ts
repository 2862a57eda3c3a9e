// Authorizations (RFC 8555 §7.5): seen, made in advance, given up.
import type { EnvironmentName } from '../ground/ids.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { liveAccount } from './account-record.ts';
import { type AdvanceState, advancePut } from './advance-record.ts';
import { viewAt } from './challenges.ts';
import { whileMoving } from './concurrency.ts';
import type { Account, Authorization, Authorizations, Together } from './enrolment.ts';
import { grantFor } from './grants.ts';
import {
  bodyAt,
  type Holder,
  holderAt,
  holderPut,
  holderUnchanged,
  type Place,
  placeOf,
  withBody,
} from './holder.ts';
import { newOrderId } from './ids.ts';
import { authorizationsFor, orderedNames } from './new-order.ts';
import { nameText } from './order-record.ts';
import { refusePaused } from './pausing.ts';
import { EnrolError } from './problem.ts';
import { orderEnded, type Room, turnOf } from './room.ts';
import { AUTHORIZATIONS } from './tables.ts';
import { joined } from './together.ts';

export function createAuthorizations(room: Room): Authorizations {
  return {
    get: (account, id) => viewAt(room, knownPlace(account, id)),
    preauthorize: (account, identifier, environment, together) =>
      preauthorize(room, account, { identifier, environment }, together),
    deactivate: (account, id, together) => deactivate(room, knownPlace(account, id), together),
  };
}

function knownPlace(account: Account, id: string): Place {
  const place = placeOf(account.id, id);
  if (place === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'authorization');
  return place;
}

async function preauthorize(
  room: Room,
  account: Account,
  wish: { identifier: RequestedName; environment: EnvironmentName | undefined },
  together: Together | undefined,
): Promise<Authorization> {
  const { identifier, environment } = wish;
  refusePaused(liveAccount(room.records, account.id), room);
  if (identifier.value.startsWith('*.')) throw new EnrolError('SY-ENROL-WILDCARD');
  const names = orderedNames([identifier], 1);
  room.limits.take(
    { kind: 'ordersByAccount', key: account.id },
    { kind: 'ordersByName', key: nameText(identifier) },
  );
  const grant = grantFor(room, account, { names, ...(environment === undefined ? {} : { environment }) });
  return await room.turns.take(`advances ${account.id}`, () =>
    make(room, account, { names, environment: grant.environment, grant }, together),
  );
}

async function make(
  room: Room,
  account: Account,
  o: {
    names: readonly RequestedName[];
    environment: EnvironmentName;
    grant: Parameters<typeof authorizationsFor>[3];
  },
  together: Together | undefined,
): Promise<Authorization> {
  const { records, clock, random, config } = room;
  const now = clock.now();
  const most = config.mostAuthorizations;
  const held = records.find(AUTHORIZATIONS, { where: { account: account.id }, limit: most * 2 });
  const isOver = (ms: unknown): boolean => typeof ms === 'number' && ms <= now.getTime();
  const over = held.filter((row) => isOver(row['expires_ms']));
  if (held.length - over.length >= most)
    throw new EnrolError('SY-ENROL-TOO-MANY-ORDERS', `${most} authorizations are held`, {
      retryAfterSeconds: 3600,
    });
  const [body] = authorizationsFor(room, account.id, o.names, o.grant);
  if (body === undefined) throw new TypeError('one name gives one authorization');
  // One that is valid already is given again (RFC 8555 §7.4.1: "the server may return an existing one").
  if (body.advance !== undefined) return viewAt(room, knownPlace(account, body.advance));
  const state: AdvanceState = {
    accountId: account.id,
    id: newOrderId(random, now),
    version: 1,
    expiresMs: now.getTime() + config.authorizationSeconds * 1000,
    body: { ...body, environment: o.environment },
  };
  await room.commit(
    joined(together, {
      puts: [
        advancePut(state, 'insert'),
        ...over.map((row) => ({ table: AUTHORIZATIONS, mode: 'delete' as const, row: keyOf(row) })),
      ],
      events: [],
    }),
  );
  return viewAt(room, knownPlace(account, state.id));
}

function keyOf(row: Readonly<Record<string, unknown>>): { account: string; id: string } {
  return { account: String(row['account']), id: String(row['id']) };
}

async function deactivate(room: Room, place: Place, together: Together | undefined): Promise<Authorization> {
  const before = viewAt(room, place);
  if (before.status === 'deactivated') return before;
  await room.turns.take(turnOf(place.holderId), () =>
    whileMoving(
      () => holderAt(room.records, place)?.state.version,
      async (saw) => {
        const holder = holderAt(room.records, place);
        saw(holder?.state.version);
        const body = holder === undefined ? undefined : bodyAt(holder, place.index);
        if (holder === undefined || body === undefined || !isLive(viewAt(room, place)))
          throw new EnrolError('SY-ENROL-AUTHORIZATION-ENDED');
        const changed = ended(withBody(holder, place.index, { ...body, status: 'deactivated' }));
        await room.commit(
          joined(together, {
            puts: [holderPut(changed)],
            preconditions: [holderUnchanged(holder)],
            events: [],
          }),
        );
      },
    ),
  );
  if (place.index >= 0) orderEnded(room, place.accountId, place.holderId);
  return viewAt(room, place);
}

function isLive({ status }: Authorization): boolean {
  return status === 'pending' || status === 'valid';
}

/** RFC 8555 §7.1.6: an order whose authorization was given up is invalid. */
function ended(holder: Holder): Holder {
  // A finished order keeps its certificate; its holder gives up what else the authorization would be good for.
  if (holder.kind === 'advance' || holder.state.state !== 'open') return holder;
  const error = { code: 'SY-ENROL-DEACTIVATED', detail: 'an authorization was deactivated' } as const;
  const body = { ...holder.state.body, error };
  return { kind: 'order', state: { ...holder.state, state: 'invalid', body } };
}
