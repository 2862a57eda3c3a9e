// An event as the audit log keeps it: canonical JSON (RFC 8785) as the leaf, and a row that finds it again.
import { toUtf8 } from '../ground/bytes.ts';
import type { Leaf, Put, Row } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import { canonicalJson, isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import { EVENTS } from './tables.ts';

/**
 * The text of an event's record; its UTF-8 bytes are the leaf of the audit log.
 * Members: `action`, `actor`, `data`, `object`, `outcome`, `policyVersion` (where one decided), `time` (RFC 3339,
 * milliseconds, UTC).
 */
export function recordText(event: Event): string {
  const { timeMs, policyVersion, ...rest } = event;
  const record: JsonObject = {
    ...rest,
    actor: { ...event.actor },
    object: { ...event.object },
    time: new Date(timeMs).toISOString(),
    ...(policyVersion === undefined ? {} : { policyVersion }),
  };
  return canonicalJson(record);
}

/** The canonical bytes of an event: what the tree hashes and the entry bundle holds. */
export function recordOf(event: Event): Uint8Array {
  return toUtf8(recordText(event));
}

/** One spelling per actor, so that a search by actor is an equality: `system`, or `<id> <issuer>`. */
export function actorText(actor: Actor): string {
  return actor.kind === 'system' ? 'system' : `${actor.id} ${actor.issuer}`;
}

/**
 * The leaf and the row of an event, as parts of the change that it tells of.
 * @param leafNumber the position that the leaf will have among the change's leaves
 */
export function eventParts(event: Event, leafNumber: number): { leaf: Leaf; put: Put } {
  const bytes = recordOf(event);
  const put: Put = {
    table: EVENTS,
    mode: 'insert',
    row: {
      log_index: { leafIndexOf: leafNumber },
      time_ms: event.timeMs,
      action: event.action,
      actor: actorText(event.actor),
      object_type: event.object.type,
      object_id: event.object.id,
      outcome: event.outcome,
      policy_version: event.policyVersion ?? null,
    },
  };
  return { leaf: { log: 'audit', hashed: bytes, stored: bytes }, put };
}

/** A row of `events` with the record read again. */
export interface RecordedEvent {
  readonly logIndex: number;
  readonly timeMs: number;
  readonly action: string;
  readonly actor: string;
  readonly object: { readonly type: string; readonly id: string };
  readonly outcome: string;
  readonly policyVersion: string | undefined;
  /** The whole record; its canonical JSON is the leaf. */
  readonly record: JsonObject;
}

/** @throws TypeError for a row that is none of `events` */
export function eventOfRow(row: Row): RecordedEvent {
  const record = parseJson(text(row, 'record'));
  if (!isObject(record)) throw new TypeError('an event record is an object');
  return {
    logIndex: integer(row, 'log_index'),
    timeMs: integer(row, 'time_ms'),
    action: text(row, 'action'),
    actor: text(row, 'actor'),
    object: { type: text(row, 'object_type'), id: text(row, 'object_id') },
    outcome: text(row, 'outcome'),
    policyVersion: typeof row['policy_version'] === 'string' ? row['policy_version'] : undefined,
    record,
  };
}

/** The member of a record's `data`, where it has one. */
export function dataOf(event: RecordedEvent, name: string): Json | undefined {
  const data = event.record['data'];
  return isObject(data) ? data[name] : undefined;
}

function text(row: Row, column: string): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw new TypeError(`events.${column} is no text`);
  return cell;
}

function integer(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw new TypeError(`events.${column} is no integer`);
  return cell;
}
