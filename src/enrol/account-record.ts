// Accounts between rows and values.
import { createPublicKey, hash } from 'node:crypto';
import type { Precondition, Put, Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Action, Actor, Event } from '../ground/events.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Account, AccountBinding } from './enrolment.ts';
import { integerOf, integerOrNone, textOf } from './row.ts';
import { ACCOUNTS } from './tables.ts';

/** What the row keeps as JSON. */
interface AccountBody {
  readonly jwk: JsonObject;
  readonly contacts: readonly string[];
  readonly termsAgreed: boolean;
  readonly binding?: AccountBinding;
}

/** An account with what only this room needs of its row. */
export interface AccountState {
  readonly account: Account;
  readonly version: number;
  /** Orders failed in a row. */
  readonly failures: number;
  readonly pausedMs: number | undefined;
  readonly spkiSha256: Uint8Array;
}

export function accountState(records: Records, id: string): AccountState | undefined {
  const row = records.get(ACCOUNTS, { id });
  return row === undefined ? undefined : stateOf(row);
}

/** @throws SealyardError `SY-ENROL-NOT-FOUND`, `SY-ENROL-DEACTIVATED` */
export function liveAccount(records: Records, id: string): AccountState {
  const state = accountState(records, id);
  if (state === undefined) throw new SealyardError('SY-ENROL-NOT-FOUND', 'account');
  if (state.account.status !== 'valid') throw new SealyardError('SY-ENROL-DEACTIVATED', 'account');
  return state;
}

export function stateOf(row: Row): AccountState {
  const body = JSON.parse(textOf(row, 'body')) as AccountBody;
  const failures = integerOf(row, 'failures');
  const pausedMs = integerOrNone(row, 'paused_ms');
  const spki = row['spki_sha256'];
  return {
    account: {
      id: textOf(row, 'id'),
      keyThumbprint: textOf(row, 'thumbprint'),
      ...body,
      status: statusOf(textOf(row, 'status')),
      ...(pausedMs === undefined ? {} : { paused: { since: new Date(pausedMs), failures } }),
      createdAt: new Date(integerOf(row, 'created_ms')),
    },
    version: integerOf(row, 'version'),
    failures,
    pausedMs,
    spkiSha256: spki instanceof Uint8Array ? spki : new Uint8Array(0),
  };
}

function statusOf(text: string): Account['status'] {
  return text === 'valid' || text === 'revoked' ? text : 'deactivated';
}

export function putOf(state: AccountState, mode: 'insert' | 'replace'): Put {
  const { account } = state;
  const body: AccountBody = {
    jwk: account.jwk,
    contacts: account.contacts,
    termsAgreed: account.termsAgreed,
    ...(account.binding === undefined ? {} : { binding: account.binding }),
  };
  return {
    table: ACCOUNTS,
    mode,
    row: {
      id: account.id,
      version: state.version,
      status: account.status,
      thumbprint: account.keyThumbprint,
      spki_sha256: state.spkiSha256,
      binding: account.binding?.keyId ?? null,
      failures: state.failures,
      paused_ms: state.pausedMs ?? null,
      created_ms: account.createdAt.getTime(),
      body: JSON.stringify(body),
    },
  };
}

/** The row as it was read, still. */
export function unchanged(state: AccountState): Precondition {
  return { table: ACCOUNTS, key: { id: state.account.id }, expect: { version: state.version } };
}

/** Whoever holds the account's key, in events and in the record of a certificate. */
export function actorOf(account: Account): Actor {
  return { kind: 'identity', id: account.id, issuer: 'acme' };
}

export function accountEvent(
  action: Action,
  account: Account,
  at: Date,
  data: JsonObject,
  actor: Actor = actorOf(account),
): Event {
  return {
    timeMs: at.getTime(),
    action,
    actor,
    object: { type: 'account', id: account.id },
    outcome: 'done',
    data,
  };
}

/**
 * SHA-256 of the key's SubjectPublicKeyInfo, by which a certification request over the account's own key is known.
 * @param jwk a public key that the door has verified a signature with
 */
export function spkiSha256OfJwk(jwk: JsonObject): Uint8Array {
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  return spkiSha256(key.export({ format: 'der', type: 'spki' }));
}

export function spkiSha256(spki: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', spki, 'buffer'));
}
