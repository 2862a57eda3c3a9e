// Orders (RFC 8555 §7.4): made in one commit, seen, and their certificates fetched.
import { equalBytes } from '../ground/bytes.ts';
import type { Event } from '../ground/events.ts';
import { asSerial } from '../ground/ids.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { actorOf, liveAccount } from './account-record.ts';
import type { Account, NewOrder, Order, OrderCertificate, Orders, Together } from './enrolment.ts';
import { finalize } from './finalize.ts';
import { grantFor, whoIs } from './grants.ts';
import { isOrderId, newOrderId } from './ids.ts';
import { authorizationsFor, orderedNames, wantedLifetime } from './new-order.ts';
import { nameText, type OrderState, orderPut, orderState } from './order-record.ts';
import { refusePaused } from './pausing.ts';
import { EnrolError } from './problem.ts';
import type { Taking } from './rate-limits.ts';
import { isOwn, recordedCertificate, replacing } from './replacements.ts';
import { type Room, viewOfOrder } from './room.ts';
import { textOf } from './row.ts';
import { joined } from './together.ts';

export function createOrders(room: Room): Orders {
  return {
    create: (account, request, together) => create(room, account, request, together),
    get: (account, id) => {
      const state = isOrderId(id) ? orderState(room.records, account.id, id) : undefined;
      if (state === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'order');
      return viewOfOrder(room, state);
    },
    finalize: (account, id, csrDer, together) => finalize(room, { account, id, csrDer, together }),
    certificate: (account, serial) => certificateOf(room, account, serial),
  };
}

async function create(
  room: Room,
  account: Account,
  request: NewOrder,
  together: Together | undefined,
): Promise<Order> {
  refusePaused(liveAccount(room.records, account.id), room);
  const names = orderedNames(request.identifiers, room.config.mostNames);
  const now = room.clock.now();
  const lifetimeSeconds = wantedLifetime(request, now);
  room.limits.take(...takingsOf(room, account, names, together));
  const grant = await granted(room, account, { request, names, lifetimeSeconds, together });
  const order = newState(room, account, { request, names, grant, now });
  room.openOrders.add(account.id, order.id);
  try {
    await insert(room, account, { order, names, request }, together);
  } catch (error) {
    room.openOrders.remove(account.id, order.id);
    throw error;
  }
  return viewOfOrder(room, order);
}

function takingsOf(
  room: Room,
  account: Account,
  names: readonly RequestedName[],
  together: Together | undefined,
): readonly Taking[] {
  const [identity] = whoIs(room.bindings, account);
  const { address } = together ?? {};
  return [
    { kind: 'ordersByAccount', key: account.id },
    ...(identity === undefined ? [] : [{ kind: 'ordersByIdentity', key: identity } as const]),
    ...(address === undefined ? [] : [{ kind: 'ordersByAddress', key: address } as const]),
    ...names.map((name) => ({ kind: 'ordersByName', key: nameText(name) }) as const),
  ];
}

interface Asked {
  readonly request: NewOrder;
  readonly names: readonly RequestedName[];
  readonly lifetimeSeconds: number | undefined;
  readonly together: Together | undefined;
}

/** The policy's grant; its refusal is on record before it is answered. */
async function granted(
  room: Room,
  account: Account,
  { request, names, lifetimeSeconds, together }: Asked,
): Promise<IssueGrant> {
  const { profile, environment } = request;
  try {
    return grantFor(room, account, {
      names,
      ...(profile === undefined ? {} : { profile }),
      ...(environment === undefined ? {} : { environment }),
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    });
  } catch (error) {
    if (error instanceof EnrolError)
      await room.commit(joined(together, { puts: [], events: [refusedEvent(room, account, error, names)] }));
    throw error;
  }
}

function refusedEvent(
  room: Room,
  account: Account,
  error: EnrolError,
  names: readonly RequestedName[],
): Event {
  return {
    timeMs: room.clock.now().getTime(),
    action: 'order.refused',
    actor: actorOf(account),
    object: { type: 'account', id: account.id },
    outcome: 'refused',
    policyVersion: room.policy().version,
    data: {
      code: error.code,
      names: names.slice(0, 20).map((name) => nameText(name).slice(0, 300)),
      reason: (error.detail ?? '').slice(0, 500),
    },
  };
}

function newState(
  room: Room,
  account: Account,
  o: { request: NewOrder; names: readonly RequestedName[]; grant: IssueGrant; now: Date },
): OrderState {
  const { request, names, grant, now } = o;
  const { notBefore, notAfter, replaces } = request;
  return {
    accountId: account.id,
    id: newOrderId(room.random, now),
    version: 1,
    state: 'open',
    archived: false,
    expiresMs: now.getTime() + room.config.orderSeconds * 1000,
    serial: undefined,
    body: {
      createdMs: now.getTime(),
      profile: grant.profile.name,
      environment: grant.environment,
      ...(notBefore === undefined ? {} : { notBeforeMs: notBefore.getTime() }),
      ...(notAfter === undefined ? {} : { notAfterMs: notAfter.getTime() }),
      ...(replaces === undefined ? {} : { replaces }),
      authorizations: authorizationsFor(room, account.id, names, grant),
    },
  };
}

async function insert(
  room: Room,
  account: Account,
  o: { order: OrderState; names: readonly RequestedName[]; request: NewOrder },
  together: Together | undefined,
): Promise<void> {
  const { order, names, request } = o;
  const { replaces } = request;
  const put = orderPut(order, 'insert');
  if (replaces === undefined) {
    await room.commit(joined(together, { puts: [put], events: [] }));
    return;
  }
  // Two orders that replace one certificate take turns, and the second finds the first.
  await room.turns.take(`replaces ${replaces}`, async () => {
    const replacement = replacing(room, { account, names, replaces, orderId: order.id });
    const puts = [put, replacement.put];
    try {
      await room.commit(joined(together, { puts, preconditions: [replacement.precondition], events: [] }));
    } catch (error) {
      // Where another replica was first, this says so.
      replacing(room, { account, names, replaces, orderId: order.id });
      throw error;
    }
  });
}

/** What an account may fetch: what it ordered. */
function certificateOf(room: Room, account: Account, serialText: string): OrderCertificate {
  const serial = asSerial(serialText);
  const recorded = serial === undefined ? undefined : recordedCertificate(room, serial);
  if (recorded === undefined || !isOwn(recorded, account))
    throw new EnrolError('SY-ENROL-NOT-FOUND', 'certificate');
  const chains = room.authorities.chains(textOf(recorded.row, 'authority'));
  return {
    serial: recorded.serial,
    leaf: recorded.certificate.der,
    chains: chains.map((chain) =>
      // RFC 8555 §7.4.2 and RFC 8446 §4.4.2: whoever trusts the root has it.
      chain
        .filter(({ issuer, subject }, i) => i === 0 || !equalBytes(issuer.der, subject.der))
        .map(({ der }) => der),
    ),
  };
}
