// What the files of this room share while it runs.

import { advanceState, isUsable } from './advance-record.ts';
import type { Archive } from './archive.ts';
import type { Bindings } from './bindings.ts';
import type { Turns } from './concurrency.ts';
import type { EnrolDeps } from './deps.ts';
import type { Order } from './enrolment.ts';
import type { OpenOrders } from './open-orders.ts';
import type { OrderState } from './order-record.ts';
import { type AdvanceStatus, orderView } from './order-view.ts';
import type { Pausing } from './pausing.ts';
import type { RateLimits } from './rate-limits.ts';

export interface Room extends EnrolDeps {
  readonly turns: Turns;
  readonly limits: RateLimits;
  readonly bindings: Bindings;
  readonly pausing: Pausing;
  readonly openOrders: OpenOrders;
  readonly archive: Archive;
}

/** An order has ended: it no longer counts, and moves on. */
export function orderEnded({ openOrders, archive }: Room, accountId: string, id: string): void {
  openOrders.remove(accountId, id);
  archive.ended(accountId, id);
}

/** Everything that changes an order, or an authorization of its own, takes this turn. */
export function turnOf(holderId: string): string {
  return `holder ${holderId}`;
}

export function viewOfOrder(room: EnrolDeps, order: OrderState): Order {
  return orderView(order, viewDeps(room));
}

export function viewDeps({ records, clock }: Pick<EnrolDeps, 'records' | 'clock'>): {
  nowMs: number;
  advance: AdvanceStatus;
} {
  const nowMs = clock.now().getTime();
  return {
    nowMs,
    advance: (accountId, id) => {
      const state = advanceState(records, accountId, id);
      if (state?.body.status === 'deactivated') return 'deactivated';
      return state !== undefined && isUsable(state, nowMs) ? 'valid' : 'expired';
    },
  };
}
