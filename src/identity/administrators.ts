// Service tokens, and the one-time token that the first start leaves for the first administrator.
import { createHash, timingSafeEqual } from 'node:crypto';
import { toBase64Url, toHex, toUtf8 } from '../ground/bytes.ts';
import type { Change, Put, Records, Row } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Action, Actor } from '../ground/events.ts';
import type { Random } from '../ground/ports.ts';
import { SERVICE_TOKENS } from './tables.ts';

/** The name that the one-time token's successor bears; the default policy makes it an administrator. */
export const FIRST_ADMINISTRATOR = 'administrator';

const PREFIX = 'sy_';
/** 256 random bits as base64url after the prefix. */
const TOKEN = /^sy_[A-Za-z0-9_-]{43}$/;
const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i;
const DAY_SECONDS = 24 * 3600;
const MAX_LIFETIME_SECONDS = 366 * DAY_SECONDS;
const BOOTSTRAP_LIFETIME_SECONDS = 30 * DAY_SECONDS;
const EXCHANGED_LIFETIME_SECONDS = 90 * DAY_SECONDS;
const LIST_LIMIT = 10_000;

export type TokenKind = 'bootstrap' | 'service';

/** Whoever presented a token that is good now. What it may do is the policy's business (`decideAdmin`). */
export interface TokenHolder {
  readonly id: string;
  readonly name: string;
  /** A `bootstrap` token can do one thing: be exchanged. */
  readonly kind: TokenKind;
  readonly expiresAt: Date;
}

export interface ListedToken extends TokenHolder {
  readonly createdAt: Date;
  /** When it was exchanged or revoked. */
  readonly endedAt: Date | undefined;
}

/** A token that becomes good when `change` is committed. The text exists here and nowhere else: show it once. */
export interface NewToken {
  readonly token: string;
  readonly id: string;
  readonly change: Change;
}

interface Making {
  readonly kind: TokenKind;
  readonly name: string;
  readonly lifetimeSeconds: number;
  readonly random: Random;
  readonly now: Date;
}

/** The one-time administrator token of a first start; lives 30 days. */
export function createBootstrapToken(o: { random: Random; now: Date }): NewToken {
  const made = make({
    ...o,
    kind: 'bootstrap',
    name: FIRST_ADMINISTRATOR,
    lifetimeSeconds: BOOTSTRAP_LIFETIME_SECONDS,
  });
  const event = eventOf('token.created', { kind: 'system' }, made.id, FIRST_ADMINISTRATOR, o.now);
  return { token: made.token, id: made.id, change: { puts: [made.put], events: [event] } };
}

/**
 * @param o.lifetimeSeconds 60 to 366 days
 * @throws SealyardError `SY-IDENTITY-NAME`
 */
export function createServiceToken(o: {
  name: string;
  lifetimeSeconds: number;
  random: Random;
  now: Date;
  actor: Actor;
}): NewToken {
  const sound =
    Number.isInteger(o.lifetimeSeconds) &&
    o.lifetimeSeconds >= 60 &&
    o.lifetimeSeconds <= MAX_LIFETIME_SECONDS;
  if (!NAME.test(o.name) || !sound) throw new SealyardError('SY-IDENTITY-NAME');
  const made = make({ ...o, kind: 'service' });
  const event = eventOf('token.created', o.actor, made.id, o.name, o.now);
  return { token: made.token, id: made.id, change: { puts: [made.put], events: [event] } };
}

/**
 * Who holds this token. The look-up is by hash: what its timing tells is about hashes, which nobody can steer.
 * @throws SealyardError `SY-IDENTITY-CREDENTIAL`, the same for every reason
 */
export function authenticateToken(token: string, o: { records: Records; now: Date }): TokenHolder {
  const { row, holder } = findGood(token, o);
  if (row['kind'] !== 'service' && row['kind'] !== 'bootstrap')
    throw new SealyardError('SY-IDENTITY-CREDENTIAL');
  return holder;
}

/**
 * Turns the one-time token into a service token for the first administrator (90 days). Of two that try at once, one
 * gets `SY-STORE-CONFLICT` at the commit, since the row must still be unused in the same transaction.
 * @throws SealyardError `SY-IDENTITY-CREDENTIAL`
 */
export function exchangeBootstrapToken(o: {
  token: string;
  records: Records;
  random: Random;
  now: Date;
}): NewToken {
  const { row, holder } = findGood(o.token, o);
  if (holder.kind !== 'bootstrap') throw new SealyardError('SY-IDENTITY-CREDENTIAL');
  const { random, now } = o;
  const made = make({
    kind: 'service',
    name: holder.name,
    lifetimeSeconds: EXCHANGED_LIFETIME_SECONDS,
    random,
    now,
  });
  const actor: Actor = { kind: 'identity', id: holder.name, issuer: 'yard' };
  const change: Change = {
    puts: [{ table: SERVICE_TOKENS, mode: 'replace', row: { ...row, ended_ms: now.getTime() } }, made.put],
    preconditions: [
      { table: SERVICE_TOKENS, key: { hash: row['hash'] ?? null }, expect: { ended_ms: null } },
    ],
    events: [eventOf('token.exchanged', actor, made.id, holder.name, now, { exchanged: holder.id })],
  };
  return { token: made.token, id: made.id, change };
}

/** @throws SealyardError `SY-IDENTITY-TOKEN-NOT-FOUND` also where it has ended already */
export function revokeToken(o: { id: string; records: Records; now: Date; actor: Actor }): Change {
  const row = o.records.find(SERVICE_TOKENS, { where: { id: o.id }, limit: 1 })[0];
  if (row === undefined || row['ended_ms'] !== null) throw new SealyardError('SY-IDENTITY-TOKEN-NOT-FOUND');
  return {
    puts: [{ table: SERVICE_TOKENS, mode: 'replace', row: { ...row, ended_ms: o.now.getTime() } }],
    preconditions: [
      { table: SERVICE_TOKENS, key: { hash: row['hash'] ?? null }, expect: { ended_ms: null } },
    ],
    events: [eventOf('token.revoked', o.actor, o.id, String(row['name']), o.now)],
  };
}

/** All tokens that ever were, without what they are. */
export function listTokens(records: Records): readonly ListedToken[] {
  return records.find(SERVICE_TOKENS, { where: {}, limit: LIST_LIMIT }).map((row) => ({
    ...holderOf(row),
    createdAt: new Date(Number(row['created_ms'])),
    endedAt: row['ended_ms'] === null ? undefined : new Date(Number(row['ended_ms'])),
  }));
}

function make(o: Making): { token: string; id: string; put: Put } {
  const token = PREFIX + toBase64Url(o.random.bytes(32));
  const id = toHex(o.random.bytes(8));
  const row = {
    hash: hashOf(token),
    id,
    kind: o.kind,
    name: o.name,
    created_ms: o.now.getTime(),
    expires_ms: o.now.getTime() + o.lifetimeSeconds * 1000,
    ended_ms: null,
  };
  return { token, id, put: { table: SERVICE_TOKENS, mode: 'insert', row } };
}

function findGood(token: string, o: { records: Records; now: Date }): { row: Row; holder: TokenHolder } {
  if (!TOKEN.test(token)) throw new SealyardError('SY-IDENTITY-CREDENTIAL');
  const hash = hashOf(token);
  const row = o.records.get(SERVICE_TOKENS, { hash });
  const stored = row?.['hash'];
  if (row === undefined || !(stored instanceof Uint8Array) || !timingSafeEqual(stored, hash))
    throw new SealyardError('SY-IDENTITY-CREDENTIAL');
  const holder = holderOf(row);
  if (row['ended_ms'] !== null || holder.expiresAt.getTime() <= o.now.getTime())
    throw new SealyardError('SY-IDENTITY-CREDENTIAL');
  return { row, holder };
}

function holderOf(row: Row): TokenHolder {
  return {
    id: String(row['id']),
    name: String(row['name']),
    kind: row['kind'] === 'bootstrap' ? 'bootstrap' : 'service',
    expiresAt: new Date(Number(row['expires_ms'])),
  };
}

function eventOf(
  action: Action,
  actor: Actor,
  id: string,
  name: string,
  now: Date,
  data: Record<string, string> = {},
): Change['events'][number] {
  return {
    timeMs: now.getTime(),
    action,
    actor,
    object: { type: 'service-token', id },
    outcome: 'done',
    data: { name, ...data },
  };
}

function hashOf(token: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(toUtf8(token)).digest());
}
