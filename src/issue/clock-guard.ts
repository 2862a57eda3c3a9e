// Stops issuance when the wall clock cannot be right: a certificate with a wrong date cannot be taken back.
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';

export type ClockJudgement =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly reason: 'jumped-back' | 'before-build' | 'far-future';
      readonly detail: string;
    };

/** NTP steps and leap smearing stay far below; a minute back is somebody's hand or a restored machine. */
const TOLERANCE_MS = 60_000;
const FAR_FUTURE_YEARS = 10;

/**
 * Judges the clock against the last time that was recorded and the date of this build.
 * @param o.lastRecorded the latest time of a recorded event; `undefined` in a new yard
 */
export function judgeClock(o: {
  readonly now: Date;
  readonly lastRecorded: Date | undefined;
  readonly buildDate: Date;
}): ClockJudgement {
  const now = o.now.getTime();
  if (!(now >= o.buildDate.getTime()))
    return {
      ok: false,
      reason: 'before-build',
      detail: `it reads ${text(o.now)}, before this program was built`,
    };
  if (now > latestBelievableMs(o.buildDate))
    return {
      ok: false,
      reason: 'far-future',
      detail: `it reads ${text(o.now)}, more than ${FAR_FUTURE_YEARS} years after this program was built`,
    };
  if (o.lastRecorded !== undefined && now < o.lastRecorded.getTime() - TOLERANCE_MS)
    return {
      ok: false,
      reason: 'jumped-back',
      detail: `it reads ${text(o.now)}, and ${text(o.lastRecorded)} is already on record`,
    };
  return { ok: true };
}

/** A later time is nobody's: neither the clock's nor that of a recorded event. */
export function latestBelievableMs(buildDate: Date): number {
  const limit = new Date(buildDate);
  return limit.setUTCFullYear(limit.getUTCFullYear() + FAR_FUTURE_YEARS);
}

/** Judges the clock before each issuance, remembering what was recorded since. */
export interface ClockGuard {
  /**
   * The present time, if it can be believed.
   * @throws SealyardError `SY-ISSUE-CLOCK`
   */
  now(): Date;
  /** Tells that something was recorded with this time. */
  recorded(timeMs: number): void;
  judgement(): ClockJudgement;
}

/**
 * @param o.lastRecordedMs latest recorded time at start (`lastRecordedMs` in clock-record.ts)
 * @param o.onRefusal called once each time that the clock goes from believed to not believed
 */
export function createClockGuard(o: {
  readonly clock: Clock;
  readonly buildDate: Date;
  readonly lastRecordedMs: number | undefined;
  readonly onRefusal?: (judgement: Exclude<ClockJudgement, { ok: true }>, now: Date) => void;
}): ClockGuard {
  let highest = o.lastRecordedMs;
  let refusing = false;
  const judge = (now: Date): ClockJudgement =>
    judgeClock({
      now,
      lastRecorded: highest === undefined ? undefined : new Date(highest),
      buildDate: o.buildDate,
    });
  return {
    now() {
      const now = o.clock.now();
      const judgement = judge(now);
      if (judgement.ok) {
        refusing = false;
        return now;
      }
      if (!refusing) o.onRefusal?.(judgement, now);
      refusing = true;
      throw new SealyardError('SY-ISSUE-CLOCK', judgement.detail);
    },
    recorded(timeMs) {
      if (highest === undefined || timeMs > highest) highest = timeMs;
    },
    judgement: () => judge(o.clock.now()),
  };
}

function text(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'no date at all' : date.toISOString();
}
