// What holds authorizations: an order several, a pre-authorization one. Challenges treat both alike.
import type { Precondition, Put, Records } from '../ground/change.ts';
import { type AdvanceState, advancePut, advanceState, advanceUnchanged } from './advance-record.ts';
import { authorizationOfOrder, isOrderId } from './ids.ts';
import {
  type AuthorizationBody,
  type OrderState,
  orderPut,
  orderState,
  orderUnchanged,
} from './order-record.ts';

export type Holder =
  | { readonly kind: 'order'; readonly state: OrderState }
  | { readonly kind: 'advance'; readonly state: AdvanceState };

/** Where an authorization is. */
export interface Place {
  readonly accountId: string;
  readonly holderId: string;
  readonly index: number;
}

/** The place that an authorization's id names; `undefined` for what is no id of ours. */
export function placeOf(accountId: string, authorizationId: string): Place | undefined {
  const ofOrder = authorizationOfOrder(authorizationId);
  if (ofOrder !== undefined) return { accountId, holderId: ofOrder.orderId, index: ofOrder.index };
  return isOrderId(authorizationId) ? { accountId, holderId: authorizationId, index: -1 } : undefined;
}

export function holderAt(records: Records, { accountId, holderId, index }: Place): Holder | undefined {
  if (index < 0) {
    const state = advanceState(records, accountId, holderId);
    return state === undefined ? undefined : { kind: 'advance', state };
  }
  const state = orderState(records, accountId, holderId);
  return state === undefined ? undefined : { kind: 'order', state };
}

export function bodyAt(holder: Holder, index: number): AuthorizationBody | undefined {
  return holder.kind === 'advance' ? holder.state.body : holder.state.body.authorizations[index];
}

/** Whether anything about it can still change. */
export function isOpen({ kind, state }: Holder, nowMs: number): boolean {
  return state.expiresMs > nowMs && (kind === 'advance' || state.state === 'open');
}

/** The holder with another authorization in this place, one version on. */
export function withBody(holder: Holder, index: number, body: AuthorizationBody): Holder {
  const version = holder.state.version + 1;
  if (holder.kind === 'advance') {
    const { environment } = holder.state.body;
    const kept = environment === undefined ? {} : { environment };
    return { kind: 'advance', state: { ...holder.state, version, body: { ...body, ...kept } } };
  }
  const authorizations = holder.state.body.authorizations.with(index, body);
  const order = { ...holder.state.body, authorizations };
  return { kind: 'order', state: { ...holder.state, version, body: order } };
}

export function holderPut(holder: Holder): Put {
  return holder.kind === 'advance' ? advancePut(holder.state, 'replace') : orderPut(holder.state, 'replace');
}

export function holderUnchanged(holder: Holder): Precondition {
  return holder.kind === 'advance' ? advanceUnchanged(holder.state) : orderUnchanged(holder.state);
}
