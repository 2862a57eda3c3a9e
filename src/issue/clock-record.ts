// What the record says about the clock: the latest time on it, and the event of its refusal.
import { EVENTS } from '../audit/tables.ts';
import type { Records } from '../ground/change.ts';
import type { Event } from '../ground/events.ts';
import { type ClockJudgement, latestBelievableMs } from './clock-guard.ts';

/** Refusals carry the time that was not believed: they must not become the measure. */
const REFUSAL = 'clock.refused';
const LOOKED_AT = 1000;

/**
 * The latest time of a recorded event, `undefined` in a new yard. Looks at the newest thousand. What a yard recorded
 * while its clock was absurd does not count: the right time would never reach it.
 */
export function lastRecordedMs(records: Records, buildDate: Date): number | undefined {
  const limitMs = latestBelievableMs(buildDate);
  const rows = records.find(EVENTS, { where: {}, limit: LOOKED_AT, reverse: true });
  let latest: number | undefined;
  for (const { action, time_ms: timeMs } of rows) {
    if (action === REFUSAL || typeof timeMs !== 'number' || timeMs > limitMs) continue;
    if (latest === undefined || timeMs > latest) latest = timeMs;
  }
  return latest;
}

/** The event that tells that issuing stopped, and why. */
export function clockRefusedEvent(judgement: Exclude<ClockJudgement, { ok: true }>, now: Date): Event {
  return {
    timeMs: now.getTime(),
    action: REFUSAL,
    actor: { kind: 'system' },
    object: { type: 'clock', id: 'wall-clock' },
    outcome: 'refused',
    data: { reason: judgement.reason, detail: judgement.detail },
  };
}
