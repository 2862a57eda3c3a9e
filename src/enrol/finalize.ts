// Finalize (RFC 8555 §7.4): one order, one certificate. The order's end and the certificate are one commit.
import { equalBytes } from '../ground/bytes.ts';
import type { Event } from '../ground/events.ts';
import type { Serial } from '../ground/ids.ts';
import type { ReadRequest } from '../issue/csr.ts';
import type { IssueGrant } from '../policy/decide-issue.ts';
import { type AccountState, actorOf, liveAccount, spkiSha256 } from './account-record.ts';
import { advanceConditions } from './advance-record.ts';
import { caaError, checkOrderCaa } from './caa.ts';
import { whileMoving } from './concurrency.ts';
import { readCsr } from './csr.ts';
import type { Account, Order, Together } from './enrolment.ts';
import { evidenceOfOrder } from './evidence.ts';
import { grantFor } from './grants.ts';
import { isOrderId } from './ids.ts';
import { wantedLifetime } from './new-order.ts';
import {
  nameText,
  type OrderState,
  orderedName,
  orderPut,
  orderState,
  orderUnchanged,
} from './order-record.ts';
import { EnrolError, type EnrolProblem } from './problem.ts';
import { orderEnded, type Room, turnOf, viewOfOrder } from './room.ts';
import { ACCOUNTS } from './tables.ts';
import { joined } from './together.ts';

export interface Finalization {
  readonly account: Account;
  readonly id: string;
  readonly csrDer: Uint8Array;
  readonly together: Together | undefined;
}

/**
 * All that ask at once take turns; whoever comes after the first success finds the order valid. Between replicas the
 * row's version decides, in the very commit that makes the certificate exist.
 */
export async function finalize(room: Room, request: Finalization): Promise<Order> {
  const { account, id } = request;
  const current = (): OrderState => {
    const state = isOrderId(id) ? orderState(room.records, account.id, id) : undefined;
    if (state === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'order');
    return state;
  };
  const order = await room.turns.take(turnOf(id), () =>
    whileMoving(
      () => current().version,
      async (saw) => {
        const state = current();
        saw(state.version);
        return state.state === 'valid' ? state : await issueFor(room, state, request);
      },
    ),
  );
  return viewOfOrder(room, order);
}

/** @returns the order with its certificate */
async function issueFor(room: Room, order: OrderState, request: Finalization): Promise<OrderState> {
  const { account, csrDer, together } = request;
  const holder = liveAccount(room.records, account.id);
  const { status, error } = viewOfOrder(room, order);
  if (status !== 'ready')
    throw new EnrolError(
      'SY-ENROL-ORDER-NOT-READY',
      `it is ${status}${error === undefined ? '' : `: ${error.detail}`}`,
    );
  const csr = readCsr(csrDer);
  checkRequest(csr, order, holder);
  const { grant, lifetimeSeconds } = await stillGranted(room, holder, order, together);
  const caa = await checkOrderCaa(room, account, order, grant);
  if (!caa.allowed) {
    if (!caa.retry) await fail(room, order, caa.problem, together);
    throw caaError(caa);
  }
  const { profile } = grant;
  const authority = room.authorities.issuing(profile.usage, grant.authorities, profile.authority);
  const { notBeforeMs } = order.body;
  const { serial } = await room.issue(
    {
      profile: 'subscriber',
      authority,
      grant,
      key: csr.key,
      names: order.body.authorizations.map(orderedName),
      ...(notBeforeMs === undefined ? {} : { notBefore: new Date(notBeforeMs) }),
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
      requester: actorOf(account),
      via: 'acme',
      order: order.id,
    },
    (certificate) => ({
      ...joined(together, {
        puts: [orderPut(finished(order, certificate.serial), 'replace')],
        preconditions: [
          orderUnchanged(order),
          // Deactivated meanwhile: then nothing is issued.
          { table: ACCOUNTS, key: { id: account.id }, expect: { status: 'valid' } },
          ...advanceConditions(room.records, order),
        ],
        events: [],
      }),
      evidence: { ...evidenceOfOrder(order), ...caa.evidence },
    }),
  );
  orderEnded(room, order.accountId, order.id);
  return finished(order, serial);
}

/** The row as it stays: what proved the names is in the event of the certificate, what was not tried is of no use. */
function finished(order: OrderState, serial: Serial): OrderState {
  const authorizations = order.body.authorizations.map(({ evidence: _told, types, ...rest }) => ({
    ...rest,
    ...(types === undefined ? {} : { types: types.filter((type) => rest.attempted?.[type] !== undefined) }),
  }));
  const body = { ...order.body, authorizations };
  return { ...order, version: order.version + 1, state: 'valid', serial, body };
}

/** RFC 8555 §7.4: exactly the order's names; §11.1: not the account's key. */
function checkRequest(csr: ReadRequest, order: OrderState, holder: AccountState): void {
  const ordered = new Set(order.body.authorizations.map((each) => nameText(orderedName(each))));
  const asked = new Set(csr.names.map(nameText));
  const missing = [...ordered].filter((name) => !asked.has(name));
  const foreign = [...asked].filter((name) => !ordered.has(name));
  if (missing.length + foreign.length > 0)
    throw new EnrolError('SY-ENROL-CSR-NAMES', namesDetail(missing, foreign));
  if (equalBytes(spkiSha256(csr.key.publicKey.spki), holder.spkiSha256))
    throw new EnrolError('SY-ENROL-ACCOUNT-KEY');
}

function namesDetail(missing: readonly string[], foreign: readonly string[]): string {
  const some = (names: readonly string[]): string => names.slice(0, 5).join(', ').slice(0, 500);
  return [
    ...(missing.length === 0 ? [] : [`not in the request: ${some(missing)}`]),
    ...(foreign.length === 0 ? [] : [`not in the order: ${some(foreign)}`]),
  ].join('; ');
}

/**
 * The policy as it is now decides, not as it was when the order was made; what it now wants proven must have been.
 * @throws EnrolError `SY-ENROL-REJECTED`: then the order is invalid
 */
async function stillGranted(
  room: Room,
  { account }: AccountState,
  order: OrderState,
  together: Together | undefined,
): Promise<{ grant: IssueGrant; lifetimeSeconds: number | undefined }> {
  const { profile, environment, notAfterMs, notBeforeMs, authorizations } = order.body;
  try {
    const lifetimeSeconds = wantedLifetime(
      {
        ...(notAfterMs === undefined ? {} : { notAfter: new Date(notAfterMs) }),
        // Wanted for a time that has come meanwhile: it begins now.
        ...(notBeforeMs === undefined || notBeforeMs < room.clock.now().getTime()
          ? {}
          : { notBefore: new Date(notBeforeMs) }),
      },
      room.clock.now(),
    );
    const names = authorizations.map(orderedName);
    const lifetime = lifetimeSeconds === undefined ? {} : { lifetimeSeconds };
    const grant = grantFor(room, account, { names, profile, environment, ...lifetime });
    const unproven = authorizations.some(
      ({ types, advance }) => types === undefined && advance === undefined,
    );
    if (grant.proof === 'challenge' && unproven)
      throw new EnrolError('SY-ENROL-REJECTED', 'the policy now wants control of the names proven');
    return { grant, lifetimeSeconds };
  } catch (error) {
    if (!(error instanceof EnrolError)) throw error;
    // Whatever it is that is no longer granted: to the client, the order is.
    const { subproblems, message, detail = message } = error;
    await fail(room, order, { code: 'SY-ENROL-REJECTED', detail, subproblems }, together);
    throw new EnrolError('SY-ENROL-REJECTED', detail, { subproblems, cause: error });
  }
}

/** The order ends without a certificate. */
async function fail(
  room: Room,
  order: OrderState,
  error: EnrolProblem,
  together: Together | undefined,
): Promise<void> {
  const failed: OrderState = {
    ...order,
    version: order.version + 1,
    state: 'invalid',
    body: { ...order.body, error },
  };
  const event: Event = {
    timeMs: room.clock.now().getTime(),
    action: 'order.failed',
    actor: { kind: 'identity', id: order.accountId, issuer: 'acme' },
    object: { type: 'order', id: order.id },
    outcome: 'failed',
    data: { code: error.code, detail: error.detail.slice(0, 500) },
  };
  await room.commit(
    joined(together, {
      puts: [orderPut(failed, 'replace')],
      preconditions: [orderUnchanged(order)],
      events: [event],
    }),
  );
  orderEnded(room, order.accountId, order.id);
  await room.pausing.failed(order.accountId);
}
