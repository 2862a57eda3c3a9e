// Searching the audit log: equality on what is indexed, a time window, newest first unless asked otherwise.
import type { Cell, Records } from '../ground/change.ts';
import type { Action } from '../ground/events.ts';
import { eventOfRow, type RecordedEvent } from './record.ts';
import { EVENTS } from './tables.ts';

export interface EventQuery {
  readonly action?: Action;
  /** As `actorText` spells it. */
  readonly actor?: string;
  readonly objectType?: string;
  readonly objectId?: string;
  readonly outcome?: 'done' | 'refused' | 'failed';
  readonly policyVersion?: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly fromMs?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly untilMs?: number;
  readonly oldestFirst?: boolean;
  /** Goes on behind this audit log index, in the direction of the search. */
  readonly after?: number;
  /** At most so many events, 1 to 1000. */
  readonly limit: number;
}

const MOST = 1000;

/** The events that match everything in `query`. */
export function searchEvents(records: Records, query: EventQuery): readonly RecordedEvent[] {
  const { fromMs, untilMs, after } = query;
  const range =
    fromMs === undefined && untilMs === undefined
      ? {}
      : {
          range: {
            column: 'time_ms',
            ...(fromMs === undefined ? {} : { atLeast: fromMs }),
            ...(untilMs === undefined ? {} : { below: untilMs }),
          },
        };
  const rows = records.find(EVENTS, {
    where: conditions(query),
    ...range,
    limit: Math.min(Math.max(1, Math.trunc(query.limit)), MOST),
    reverse: query.oldestFirst !== true,
    ...(after === undefined ? {} : { after: { log_index: after } }),
  });
  return rows.map(eventOfRow);
}

function conditions(query: EventQuery): Record<string, Cell> {
  const columns = {
    action: query.action,
    actor: query.actor,
    object_type: query.objectType,
    object_id: query.objectId,
    outcome: query.outcome,
    policy_version: query.policyVersion,
  };
  const where: Record<string, Cell> = {};
  for (const [column, value] of Object.entries(columns)) if (value !== undefined) where[column] = value;
  return where;
}
