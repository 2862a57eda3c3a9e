// An account that only ever fails is paused: it would otherwise have us knock at the same closed doors for years.
import type { Records } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { Actor } from '../ground/events.ts';
import { type AccountState, accountEvent, accountState, putOf, unchanged } from './account-record.ts';
import { type Saw, type Turns, whileMoving } from './concurrency.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account } from './enrolment.ts';
import { EnrolError } from './problem.ts';

type Needs = Pick<EnrolDeps, 'records' | 'commit' | 'clock' | 'config' | 'onError'>;

/** @throws EnrolError `SY-ENROL-PAUSED` with the seconds until it may try again by itself */
export function refusePaused({ account, pausedMs }: AccountState, { clock, config }: Needs): void {
  if (pausedMs === undefined) return;
  const leftMs = pausedMs + config.pause.seconds * 1000 - clock.now().getTime();
  if (leftMs <= 0) return;
  throw new EnrolError(
    'SY-ENROL-PAUSED',
    `to resume: sealyard account unpause ${account.id}, or POST /admin/v1/accounts/${account.id}/unpause`,
    { retryAfterSeconds: Math.ceil(leftMs / 1000) },
  );
}

/** Counts the failures of each account in its row, so that a restart forgets none. */
export class Pausing {
  readonly #deps: Needs;
  readonly #turns: Turns;

  constructor(deps: Needs, turns: Turns) {
    this.#deps = deps;
    this.#turns = turns;
  }

  /** An order of the account failed. Never throws for the world's fault: the order's own answer matters more. */
  async failed(accountId: string): Promise<void> {
    await this.#count(accountId, (failures) => failures + 1);
  }

  /** Something worked. Writes only where failures were counted before. */
  async succeeded(accountId: string): Promise<void> {
    if ((accountState(this.#deps.records, accountId)?.failures ?? 0) > 0)
      await this.#count(accountId, () => 0);
  }

  /** @throws SealyardError `SY-ENROL-NOT-FOUND` */
  async unpause(accountId: string, actor: Actor): Promise<Account> {
    const { records, commit, clock } = this.#deps;
    return await this.#changing(accountId, async (saw) => {
      const state = accountState(records, accountId);
      saw(state?.version);
      if (state === undefined) throw new EnrolError('SY-ENROL-NOT-FOUND', 'account');
      if (state.pausedMs === undefined && state.failures === 0) return state.account;
      const next = counted(state, 0, undefined);
      const event = accountEvent('account.unpaused', next.account, clock.now(), {}, actor);
      await commit({
        puts: [putOf(next, 'replace')],
        preconditions: [unchanged(state)],
        events: [event],
      });
      return next.account;
    });
  }

  async #count(accountId: string, next: (failures: number) => number): Promise<void> {
    const { records, commit, clock, config, onError } = this.#deps;
    try {
      await this.#changing(accountId, async (saw) => {
        const state = accountState(records, accountId);
        saw(state?.version);
        if (state === undefined) return;
        const now = clock.now();
        const failures = next(state.failures);
        // The pause begins anew with each failure beyond the last allowed one: one try a pause.
        const pauses = failures >= config.pause.afterFailures;
        const changed = counted(state, failures, pauses ? now.getTime() : undefined);
        const event = accountEvent('account.paused', changed.account, now, { failures }, { kind: 'system' });
        await commit({
          puts: [putOf(changed, 'replace')],
          preconditions: [unchanged(state)],
          events: pauses ? [event] : [],
        });
      });
    } catch (error) {
      if (!isSealyardError(error)) throw error;
      onError?.(error);
    }
  }

  async #changing<T>(accountId: string, attempt: (saw: Saw) => Promise<T>): Promise<T> {
    const { records } = this.#deps;
    return await this.#turns.take(`account ${accountId}`, () =>
      whileMoving(() => versionOf(records, accountId), attempt),
    );
  }
}

export function versionOf(records: Records, accountId: string): number | undefined {
  return accountState(records, accountId)?.version;
}

function counted(state: AccountState, failures: number, pausedMs: number | undefined): AccountState {
  const { paused, ...account } = state.account;
  const now = pausedMs === undefined ? {} : { paused: { since: new Date(pausedMs), failures } };
  return { ...state, account: { ...account, ...now }, version: state.version + 1, failures, pausedMs };
}
