// What clients see of orders and authorizations: the statuses of RFC 8555 §7.1.6, derived from row and time.
import type { Authorization, Challenge, Order } from './enrolment.ts';
import {
  type Attempted,
  type AuthorizationBody,
  nameOfText,
  type OrderBody,
  type OrderState,
  orderedName,
} from './order-record.ts';
import type { EnrolProblem } from './problem.ts';

/** Looks up a pre-authorization that an order uses: what became of it decides. */
export type AdvanceStatus = (accountId: string, id: string) => 'valid' | 'deactivated' | 'expired';

export interface ViewDeps {
  readonly nowMs: number;
  readonly advance: AdvanceStatus;
}

/** While a validation goes on, a client need not look more often. */
const PROCESSING_RETRY_SECONDS = 1;

export function orderView(order: OrderState, deps: ViewDeps): Order {
  const { body } = order;
  const expiresAt = new Date(order.expiresMs);
  const authorizations = body.authorizations.map((each, i) =>
    authorizationView(order, each, `${order.id}.${i}`, deps),
  );
  const status = statusOf(order, authorizations);
  const error = status === 'invalid' ? (body.error ?? invalidity(order, deps.nowMs)) : undefined;
  return {
    id: order.id,
    accountId: order.accountId,
    status,
    expiresAt,
    identifiers: body.authorizations.map(orderedName),
    authorizations,
    profile: body.profile,
    environment: body.environment,
    ...timesOf(body),
    ...(body.replaces === undefined ? {} : { replaces: body.replaces }),
    ...(error === undefined ? {} : { error }),
    ...(order.serial === undefined ? {} : { serial: order.serial }),
    createdAt: new Date(body.createdMs),
  };
}

function timesOf({ notBeforeMs, notAfterMs }: OrderBody): Pick<Order, 'notBefore' | 'notAfter'> {
  return {
    ...(notBeforeMs === undefined ? {} : { notBefore: new Date(notBeforeMs) }),
    ...(notAfterMs === undefined ? {} : { notAfter: new Date(notAfterMs) }),
  };
}

function statusOf({ state }: OrderState, authorizations: readonly Authorization[]): Order['status'] {
  if (state !== 'open') return state;
  // An order that has expired is among the invalid: its authorizations have expired with it.
  if (authorizations.every(({ status }) => status === 'valid')) return 'ready';
  return authorizations.every(({ status }) => status === 'valid' || status === 'pending')
    ? 'pending'
    : 'invalid';
}

function invalidity({ expiresMs }: OrderState, nowMs: number): EnrolProblem {
  return expiresMs <= nowMs
    ? { code: 'SY-ENROL-EXPIRED', detail: 'the order was not finished in time' }
    : { code: 'SY-ENROL-AUTHORIZATION-ENDED', detail: 'an authorization has ended' };
}

/** What an authorization belongs to, as far as its own status depends on it. */
export type Holder = Pick<OrderState, 'accountId' | 'state' | 'expiresMs'>;

export function authorizationView(
  holder: Holder,
  body: AuthorizationBody,
  id: string,
  deps: ViewDeps,
): Authorization {
  const status = authorizationStatus(holder, body, deps);
  return {
    id: body.advance ?? id,
    identifier: nameOfText(body.name),
    wildcard: body.wildcard === true,
    status,
    expiresAt: new Date(Math.min(holder.expiresMs, body.untilMs ?? holder.expiresMs)),
    proof: body.types === undefined && body.advance === undefined ? 'policy' : 'challenge',
    challenges: challengesOf(body),
  };
}

function authorizationStatus(
  { accountId, state, expiresMs }: Holder,
  { status, advance, untilMs = expiresMs }: AuthorizationBody,
  deps: ViewDeps,
): Authorization['status'] {
  if (status === 'invalid' || status === 'deactivated') return status;
  if (Math.min(expiresMs, untilMs) <= deps.nowMs) return 'expired';
  // An order that failed takes with it what it had not yet proven.
  if (state === 'invalid' && status === 'pending') return 'invalid';
  return advance === undefined ? status : deps.advance(accountId, advance);
}

/** RFC 8555 §7.1.4: all of them while pending, afterwards those that decided. */
export function challengesOf(body: AuthorizationBody): readonly Challenge[] {
  const { types = [], attempted = {}, token = '', status } = body;
  const all = types.map((type): Challenge => challengeView(type, token, attempted[type]));
  if (status === 'pending' || status === 'deactivated') return all;
  const decided = all.filter((challenge) => challenge.status === status);
  return decided.length > 0 ? decided : all;
}

function challengeView(type: Challenge['type'], token: string, attempted: Attempted | undefined): Challenge {
  if (attempted === undefined) return { id: type, type, token, status: 'pending', attempts: 0 };
  const { status, attempts, atMs, error } = attempted;
  return {
    id: type,
    type,
    token,
    status,
    attempts,
    ...(atMs === undefined ? {} : { validatedAt: new Date(atMs) }),
    ...(error === undefined ? {} : { error }),
    ...(status === 'processing' ? { retryAfterSeconds: PROCESSING_RETRY_SECONDS } : {}),
  };
}
