// Orders between rows and values: one row holds the order with its authorizations and all their attempts.
import type { Precondition, Put, Records, Row } from '../ground/change.ts';
import { asSerial, type EnvironmentName, type Serial } from '../ground/ids.ts';
import type { JsonObject } from '../ground/json.ts';
import { CHALLENGE_TYPES, type ChallengeType, NAME_TYPES, type RequestedName } from '../policy/issuance.ts';
import type { EnrolProblem } from './problem.ts';
import { integerOf, textOf, textOrNone } from './row.ts';
import { OPEN_ORDERS, ORDERS } from './tables.ts';

/** What became of one challenge that was answered. */
export interface Attempted {
  readonly status: 'processing' | 'valid' | 'invalid';
  readonly attempts: number;
  /** When it was found valid. */
  readonly atMs?: number;
  /** Of the last attempt that failed. */
  readonly error?: EnrolProblem;
}

/** An authorization as it stands in a row. */
export interface AuthorizationBody {
  /** `dns:example.com`, without the asterisk. */
  readonly name: string;
  readonly wildcard?: true;
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  /** Absent where the policy needs no proof. */
  readonly token?: string;
  readonly types?: readonly ChallengeType[];
  readonly attempted?: Readonly<Partial<Record<ChallengeType, Attempted>>>;
  /** The proof says itself when it ends (dns-persist-01 `persistUntil`). */
  readonly untilMs?: number;
  /** What proved it, for the audit record. */
  readonly evidence?: JsonObject;
  /** Id of the pre-authorization that stands in its place. */
  readonly advance?: string;
}

export interface OrderBody {
  readonly createdMs: number;
  readonly profile: string;
  readonly environment: EnvironmentName;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly replaces?: string;
  readonly authorizations: readonly AuthorizationBody[];
  readonly error?: EnrolProblem;
}

export interface OrderState {
  readonly accountId: string;
  readonly id: string;
  readonly version: number;
  readonly state: 'open' | 'valid' | 'invalid';
  /** It has moved to `ORDERS`. */
  readonly archived: boolean;
  readonly expiresMs: number;
  readonly serial: Serial | undefined;
  readonly body: OrderBody;
}

/** The order of this account, whether it is under way or ended. */
export function orderState(records: Records, accountId: string, id: string): OrderState | undefined {
  // The order of the two look-ups matters: orders move from the first table to the second.
  const open = records.get(OPEN_ORDERS, { account: accountId, id });
  if (open !== undefined) return orderOfRow(open, false);
  const row = records.get(ORDERS, { id });
  const state = row === undefined ? undefined : orderOfRow(row, true);
  return state?.accountId === accountId ? state : undefined;
}

export function orderOfRow(row: Row, archived: boolean): OrderState {
  const state = textOf(row, 'state');
  return {
    accountId: textOf(row, 'account'),
    id: textOf(row, 'id'),
    version: integerOf(row, 'version'),
    state: state === 'open' || state === 'valid' ? state : 'invalid',
    archived,
    expiresMs: integerOf(row, 'expires_ms'),
    serial: asSerial(textOrNone(row, 'serial') ?? ''),
    body: JSON.parse(textOf(row, 'body')) as OrderBody,
  };
}

export function orderPut(order: OrderState, mode: 'insert' | 'replace'): Put {
  const processing = order.state === 'open' && order.body.authorizations.some(isProcessing) ? 1 : 0;
  return {
    table: order.archived ? ORDERS : OPEN_ORDERS,
    mode,
    row: {
      account: order.accountId,
      id: order.id,
      version: order.version,
      state: order.state,
      processing,
      expires_ms: order.expiresMs,
      serial: order.serial ?? null,
      body: JSON.stringify(order.body),
    },
  };
}

/** The row as it was read, still. */
export function orderUnchanged({ accountId, id, version, archived }: OrderState): Precondition {
  return archived
    ? { table: ORDERS, key: { id }, expect: { version } }
    : { table: OPEN_ORDERS, key: { account: accountId, id }, expect: { version } };
}

export function isProcessing({ status, attempted }: AuthorizationBody): boolean {
  return status === 'pending' && Object.values(attempted ?? {}).some((each) => each.status === 'processing');
}

/** A name as one text, for rows and keys. */
export function nameText({ type, value }: RequestedName): string {
  return `${type}:${value}`;
}

/** @throws TypeError for what `nameText` did not write */
export function nameOfText(text: string): RequestedName {
  const colon = text.indexOf(':');
  const type = NAME_TYPES.find((each) => each === text.slice(0, colon));
  if (type === undefined) throw new TypeError('that is no name');
  return { type, value: text.slice(colon + 1) };
}

/** The name with its asterisk, as the order has it. */
export function orderedName({ name, wildcard }: AuthorizationBody): RequestedName {
  const { type, value } = nameOfText(name);
  return wildcard === true ? { type, value: `*.${value}` } : { type, value };
}

export function asChallengeType(text: string): ChallengeType | undefined {
  return CHALLENGE_TYPES.find((each) => each === text);
}
