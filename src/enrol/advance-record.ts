// Authorizations made in advance (RFC 8555 §7.4.1), between rows and values.
import type { Precondition, Put, Records, Row } from '../ground/change.ts';
import type { EnvironmentName } from '../ground/ids.ts';
import { type AuthorizationBody, isProcessing, type OrderState } from './order-record.ts';
import { integerOf, textOf } from './row.ts';
import { AUTHORIZATIONS } from './tables.ts';

export interface AdvanceState {
  readonly accountId: string;
  readonly id: string;
  readonly version: number;
  readonly expiresMs: number;
  readonly body: AuthorizationBody & { readonly environment?: EnvironmentName };
}

/** The pre-authorization of this account. */
export function advanceState(records: Records, accountId: string, id: string): AdvanceState | undefined {
  const row = records.get(AUTHORIZATIONS, { account: accountId, id });
  return row === undefined ? undefined : advanceOfRow(row);
}

export function advanceOfRow(row: Row): AdvanceState {
  return {
    accountId: textOf(row, 'account'),
    id: textOf(row, 'id'),
    version: integerOf(row, 'version'),
    expiresMs: integerOf(row, 'expires_ms'),
    body: JSON.parse(textOf(row, 'body')) as AdvanceState['body'],
  };
}

export function advancePut(state: AdvanceState, mode: 'insert' | 'replace'): Put {
  return {
    table: AUTHORIZATIONS,
    mode,
    row: {
      account: state.accountId,
      id: state.id,
      version: state.version,
      name: state.body.name,
      processing: isProcessing(state.body) ? 1 : 0,
      expires_ms: state.expiresMs,
      body: JSON.stringify(state.body),
    },
  };
}

/** The row as it was read, still. */
export function advanceUnchanged({ accountId, id, version }: AdvanceState): Precondition {
  return { table: AUTHORIZATIONS, key: { account: accountId, id }, expect: { version } };
}

/** Valid and alive: what an order may use instead of a challenge, and what counts for a revocation. */
export function usableAdvances(
  records: Records,
  accountId: string,
  name: string,
  nowMs: number,
): readonly AdvanceState[] {
  return records
    .find(AUTHORIZATIONS, { where: { account: accountId, name }, limit: 100 })
    .map(advanceOfRow)
    .filter((state) => isUsable(state, nowMs));
}

export function isUsable({ body, expiresMs }: AdvanceState, nowMs: number): boolean {
  return body.status === 'valid' && Math.min(expiresMs, body.untilMs ?? expiresMs) > nowMs;
}

/** That the pre-authorizations an order uses are still what they were when it was looked at. */
export function advanceConditions(records: Records, order: OrderState): readonly Precondition[] {
  return order.body.authorizations.flatMap(({ advance }) => {
    const state = advance === undefined ? undefined : advanceState(records, order.accountId, advance);
    return state === undefined ? [] : [advanceUnchanged(state)];
  });
}
