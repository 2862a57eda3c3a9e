// Results of validations on their way into the records: all of one order that come in one turn are one commit.
import type { Code } from '../ground/errors.ts';
import type { Event } from '../ground/events.ts';
import type { JsonObject } from '../ground/json.ts';
import type { ChallengeType } from '../policy/issuance.ts';
import { type Saw, whileMoving } from './concurrency.ts';
import {
  bodyAt,
  type Holder,
  holderAt,
  holderPut,
  holderUnchanged,
  isOpen,
  type Place,
  withBody,
} from './holder.ts';
import { type AuthorizationBody, nameOfText } from './order-record.ts';
import type { EnrolProblem } from './problem.ts';
import { failureKey } from './rate-limits.ts';
import { orderEnded, type Room, turnOf } from './room.ts';

/** What a validation came to (`challenge/`), or how it broke off. */
export type Outcome =
  | { readonly valid: true; readonly evidence: JsonObject; readonly usableUntil?: Date }
  | { readonly valid: false; readonly code: Code; readonly detail: string; readonly retry: boolean };

export interface Verdict {
  readonly key: string;
  readonly place: Place;
  readonly type: ChallengeType;
  readonly result: Outcome;
  readonly mayRepeat: boolean;
}

/** Called when a verdict is on record, or had nothing to say any more. */
export type Decided = (verdict: Verdict, again: boolean) => void;

const MOST_EVIDENCE = 1024;
/** Pauses before a result is offered to a store that refused it. It is not lost meanwhile: it would be looked up again. */
const COMMIT_AGAIN_MS = [200, 1000, 5000] as const;

export class Verdicts {
  readonly #room: Room;
  readonly #decided: Decided;
  /** By holder. */
  readonly #waiting = new Map<string, Verdict[]>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #flushes = new Set<Promise<void>>();
  #stopped = false;

  constructor(room: Room, decided: Decided) {
    this.#room = room;
    this.#decided = decided;
  }

  add(verdict: Verdict): void {
    const { holderId } = verdict.place;
    const waiting = this.#waiting.get(holderId);
    if (waiting !== undefined) {
      waiting.push(verdict);
      return;
    }
    this.#waiting.set(holderId, [verdict]);
    // Behind whatever else has arrived in this turn of the event loop.
    setImmediate(() => this.#flush(holderId, 0));
  }

  /** Waits for the commits that are under way and gives up those that wait to be tried again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#flushes);
  }

  #flush(holderId: string, tries: number): void {
    const verdicts = this.#waiting.get(holderId) ?? [];
    if (verdicts.length === 0 || this.#stopped) return;
    const flush = this.#commit(holderId, verdicts, tries).finally(() => this.#flushes.delete(flush));
    this.#flushes.add(flush);
  }

  /** Never rejects. */
  async #commit(holderId: string, verdicts: readonly Verdict[], tries: number): Promise<void> {
    const { turns, records, onError } = this.#room;
    try {
      const [first] = verdicts;
      if (first === undefined) return;
      const ended = await turns.take(turnOf(holderId), () => {
        this.#waiting.delete(holderId);
        return whileMoving(
          () => holderAt(records, first.place)?.state.version,
          (saw) => this.#apply(first.place, verdicts, saw),
        );
      });
      for (const verdict of verdicts) this.#decided(verdict, repeats(verdict) && !ended);
    } catch (error) {
      onError?.(error);
      this.#again(holderId, verdicts, tries);
    }
  }

  #again(holderId: string, verdicts: readonly Verdict[], tries: number): void {
    this.#waiting.set(holderId, [...verdicts, ...(this.#waiting.get(holderId) ?? [])]);
    const delayMs = COMMIT_AGAIN_MS[Math.min(tries, COMMIT_AGAIN_MS.length - 1)];
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#flush(holderId, tries + 1);
    }, delayMs);
    this.#timers.add(timer);
  }

  /** @returns whether the holder has ended, so that nothing of it is tried again */
  async #apply(place: Place, verdicts: readonly Verdict[], saw: Saw): Promise<boolean> {
    const { records, clock, commit } = this.#room;
    const before = holderAt(records, place);
    saw(before?.state.version);
    const now = clock.now();
    if (before === undefined || !isOpen(before, now.getTime())) return true;
    const after = verdicts.reduce((holder, verdict) => applied(holder, verdict, now), before);
    if (after === before) return false;
    const failed = failureOf(after);
    const closed = failed === undefined ? after : invalidated(after, failed);
    // Several steps are one change of the row.
    const written: Holder = restamped(closed, before.state.version + 1);
    await commit({
      puts: [holderPut(written)],
      preconditions: [holderUnchanged(before)],
      events: eventsOf(written, failed, now),
    });
    const { accountId, holderId } = place;
    if (failed !== undefined && after.kind === 'order') orderEnded(this.#room, accountId, holderId);
    this.#count(accountId, after, verdicts, failed !== undefined);
    return failed !== undefined;
  }

  #count(accountId: string, holder: Holder, verdicts: readonly Verdict[], failed: boolean): void {
    const { limits, pausing } = this.#room;
    for (const { place, result } of verdicts) {
      const body = bodyAt(holder, place.index);
      if (!result.valid && body !== undefined)
        limits.spend({ kind: 'failuresByName', key: failureKey(accountId, body.name) });
    }
    void (failed ? pausing.failed(accountId) : this.#succeeded(accountId, verdicts));
  }

  async #succeeded(accountId: string, verdicts: readonly Verdict[]): Promise<void> {
    if (verdicts.some(({ result }) => result.valid)) await this.#room.pausing.succeeded(accountId);
  }
}

function repeats({ result, mayRepeat }: Verdict): boolean {
  return !result.valid && result.retry && mayRepeat;
}

function applied(holder: Holder, verdict: Verdict, now: Date): Holder {
  const { place, type, result } = verdict;
  const body = bodyAt(holder, place.index);
  const attempted = body?.attempted?.[type];
  // Deactivated meanwhile, or decided by another challenge.
  if (body?.status !== 'pending' || attempted?.status !== 'processing') return holder;
  const attempts = attempted.attempts + 1;
  const next = (status: AuthorizationBody['status'], more: object): Holder =>
    withBody(holder, place.index, {
      ...body,
      status,
      ...(result.valid ? provenBody(result) : {}),
      attempted: { ...body.attempted, [type]: { attempts, ...more } },
    });
  if (result.valid) return next('valid', { status: 'valid', atMs: now.getTime() });
  const error: EnrolProblem = {
    code: result.code,
    detail: result.detail.slice(0, 500),
    identifier: nameOfText(body.name),
  };
  return repeats(verdict)
    ? next('pending', { status: 'processing', error })
    : next('invalid', { status: 'invalid', error });
}

function provenBody({ evidence, usableUntil }: Outcome & { valid: true }): Partial<AuthorizationBody> {
  return {
    evidence: bounded(evidence),
    ...(usableUntil === undefined ? {} : { untilMs: usableUntil.getTime() }),
  };
}

function bounded(evidence: JsonObject): JsonObject {
  return JSON.stringify(evidence).length <= MOST_EVIDENCE ? evidence : { omitted: 'too long' };
}

/** Why the holder has failed: the errors of the authorizations that did. */
function failureOf(holder: Holder): readonly EnrolProblem[] | undefined {
  const bodies = holder.kind === 'order' ? holder.state.body.authorizations : [holder.state.body];
  const errors = bodies
    .filter(({ status }) => status === 'invalid')
    .flatMap(({ attempted = {} }) => Object.values(attempted).flatMap(({ error }) => error ?? []));
  return errors.length > 0 ? errors : undefined;
}

function invalidated(holder: Holder, problems: readonly EnrolProblem[]): Holder {
  if (holder.kind === 'advance') return holder;
  const [first] = problems;
  const error: EnrolProblem | undefined =
    problems.length === 1 || first === undefined
      ? first
      : { code: first.code, detail: `${problems.length} names failed`, subproblems: problems };
  const body = { ...holder.state.body, ...(error === undefined ? {} : { error }) };
  return { kind: 'order', state: { ...holder.state, state: 'invalid', body } };
}

function restamped(holder: Holder, version: number): Holder {
  return holder.kind === 'order'
    ? { kind: 'order', state: { ...holder.state, version } }
    : { kind: 'advance', state: { ...holder.state, version } };
}

/** A success is told by the event of finalization, with its evidence; an advance one has no other place. */
function eventsOf(holder: Holder, failed: readonly EnrolProblem[] | undefined, now: Date): readonly Event[] {
  const { accountId, id } = holder.state;
  const common = {
    timeMs: now.getTime(),
    actor: { kind: 'identity', id: accountId, issuer: 'acme' } as const,
  };
  if (failed !== undefined)
    return [
      {
        ...common,
        action: 'order.failed',
        object: { type: holder.kind === 'order' ? 'order' : 'authorization', id },
        outcome: 'failed',
        data: {
          errors: failed.slice(0, 20).map(({ code, detail, identifier }) => ({
            code,
            detail: detail.slice(0, 300),
            ...(identifier === undefined ? {} : { name: identifier.value }),
          })),
        },
      },
    ];
  if (holder.kind === 'order' || holder.state.body.status !== 'valid') return [];
  const { name, evidence = {} } = holder.state.body;
  return [
    {
      ...common,
      action: 'authorization.validated',
      object: { type: 'authorization', id },
      outcome: 'done',
      data: { name, evidence },
    },
  ];
}
