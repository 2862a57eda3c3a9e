// Validations under way: attempts with back-off behind the answer, results committed together, taken up after a restart.
import { isSealyardError } from '../ground/errors.ts';
import type { ChallengeType } from '../policy/issuance.ts';
import { accountState } from './account-record.ts';
import { advanceOfRow } from './advance-record.ts';
import { bodyAt, holderAt, isOpen, type Place } from './holder.ts';
import { Lanes } from './lanes.ts';
import { type AuthorizationBody, isProcessing, nameOfText, orderOfRow } from './order-record.ts';
import type { Room } from './room.ts';
import { textOf } from './row.ts';
import { AUTHORIZATIONS, OPEN_ORDERS } from './tables.ts';
import { type Outcome, type Verdict, Verdicts } from './verdicts.ts';

export interface Validation {
  readonly place: Place;
  readonly type: ChallengeType;
  /** Of the account's key as it was when the challenge was answered (RFC 8555 §8.1). */
  readonly thumbprint: string;
}

interface Running extends Validation {
  readonly key: string;
  timer: NodeJS.Timeout | undefined;
  attempts: number;
}

const PAGE = 500;

/** Owns the timers and the requests that are out. One of these a process. */
export class Validations {
  readonly #room: Room;
  readonly #lanes: Lanes;
  readonly #verdicts: Verdicts;
  readonly #running = new Map<string, Running>();
  readonly #abort = new AbortController();
  readonly #out = new Set<Promise<void>>();

  constructor(room: Room) {
    this.#room = room;
    this.#lanes = new Lanes(room.config.validations);
    this.#verdicts = new Verdicts(room, (verdict, again) => this.#decided(verdict, again));
  }

  /**
   * Begins to validate what is on record as answered, after so many attempts; where it waits for its next attempt, that comes now (RFC 8555
   * §8.2: a client may ask for it).
   */
  start(validation: Validation, attempts: number): void {
    const { place, type } = validation;
    const key = `${place.holderId} ${place.index} ${type}`;
    const known = this.#running.get(key);
    if (known !== undefined) {
      if (known.timer !== undefined && known.attempts > 0) this.#now(known);
      return;
    }
    if (this.#abort.signal.aborted) return;
    const running: Running = { ...validation, key, attempts, timer: undefined };
    this.#running.set(key, running);
    this.#later(running);
  }

  /** Takes up all that is on record as being validated. */
  recover(): number {
    const { records } = this.#room;
    let found = 0;
    for (const table of [OPEN_ORDERS, AUTHORIZATIONS]) {
      let after: { account: string; id: string } | undefined;
      for (;;) {
        const where = { processing: 1 };
        const rows = records.find(table, { where, limit: PAGE, ...(after === undefined ? {} : { after }) });
        for (const row of rows) {
          after = { account: textOf(row, 'account'), id: textOf(row, 'id') };
          const bodies =
            table === OPEN_ORDERS ? orderOfRow(row, false).body.authorizations : [advanceOfRow(row).body];
          found += this.#recoverAll(after, bodies, table === OPEN_ORDERS);
        }
        if (rows.length < PAGE) break;
      }
    }
    return found;
  }

  /** Ends all that waits; what is out is aborted and stays `processing` on record. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#lanes.clear();
    for (const { timer } of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
    await Promise.all(this.#out);
    await this.#verdicts.stop();
  }

  #recoverAll(
    { account, id }: { account: string; id: string },
    bodies: readonly AuthorizationBody[],
    ofOrder: boolean,
  ): number {
    const thumbprint = accountState(this.#room.records, account)?.account.keyThumbprint;
    if (thumbprint === undefined) return 0;
    let found = 0;
    for (const [i, body] of bodies.entries()) {
      if (!isProcessing(body)) continue;
      for (const type of body.types ?? []) {
        const attempted = body.attempted?.[type];
        if (attempted?.status !== 'processing') continue;
        const place = { accountId: account, holderId: id, index: ofOrder ? i : -1 };
        this.start({ place, type, thumbprint }, attempted.attempts);
        found++;
      }
    }
    return found;
  }

  #later(running: Running): void {
    const { attemptDelaysMs } = this.#room.config;
    const delayMs = attemptDelaysMs[running.attempts] ?? attemptDelaysMs.at(-1) ?? 0;
    if (delayMs === 0) {
      this.#now(running);
      return;
    }
    running.timer = setTimeout(() => this.#now(running), delayMs);
  }

  #now(running: Running): void {
    clearTimeout(running.timer);
    running.timer = undefined;
    this.#lanes.enter(running.place.accountId, () => {
      const attempt = this.#attempt(running);
      this.#out.add(attempt);
      return attempt.finally(() => this.#out.delete(attempt));
    });
  }

  /** Never rejects. */
  async #attempt(running: Running): Promise<void> {
    const body = this.#pending(running);
    if (body === undefined) {
      this.#running.delete(running.key);
      return;
    }
    const result = await this.#validate(running, body);
    if (result === undefined || this.#abort.signal.aborted) return;
    const { place, type } = running;
    const mayRepeat = running.attempts + 1 < this.#room.config.attemptDelaysMs.length;
    this.#verdicts.add({ key: running.key, place, type, result, mayRepeat });
  }

  /** @returns `undefined` when it was aborted */
  async #validate(
    { type, place, thumbprint }: Running,
    body: AuthorizationBody,
  ): Promise<Outcome | undefined> {
    const token = body.token ?? '';
    const { signal } = this.#abort;
    try {
      return await this.#room.validator.validate(
        {
          type,
          identifier: nameOfText(body.name),
          wildcard: body.wildcard === true,
          token,
          keyAuthorization: `${token}.${thumbprint}`,
          accountUri: this.#room.accountUrl(place.accountId),
        },
        signal,
      );
    } catch (error) {
      if (signal.aborted) return undefined;
      this.#room.onError?.(error);
      const code = isSealyardError(error) ? error.code : 'SY-ENROL-VALIDATION-BROKEN';
      return { valid: false, code, detail: 'the validation broke off', retry: true };
    }
  }

  /** The authorization while there is something to validate. */
  #pending({ place, type }: Validation): AuthorizationBody | undefined {
    const { records, clock } = this.#room;
    const holder = holderAt(records, place);
    if (holder === undefined || !isOpen(holder, clock.now().getTime())) return undefined;
    if (accountState(records, place.accountId)?.account.status !== 'valid') return undefined;
    const body = bodyAt(holder, place.index);
    const waits = body?.status === 'pending' && body.attempted?.[type]?.status === 'processing';
    return waits ? body : undefined;
  }

  /** The verdict is on record. */
  #decided({ key }: Verdict, again: boolean): void {
    const running = this.#running.get(key);
    if (running === undefined) return;
    if (!again) {
      this.#running.delete(key);
      return;
    }
    running.attempts++;
    this.#later(running);
  }
}
