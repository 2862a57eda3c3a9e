// Accounts (RFC 8555 §7.3): one key, one account; found, made, changed, ended.
import type { Precondition, Put } from '../ground/change.ts';
import type { Event } from '../ground/events.ts';
import {
  type AccountState,
  accountEvent,
  accountState,
  liveAccount,
  putOf,
  spkiSha256OfJwk,
  stateOf,
  unchanged,
} from './account-record.ts';
import type { Bindings } from './bindings.ts';
import { type Turns, whileMoving } from './concurrency.ts';
import { checkContacts } from './contacts.ts';
import type { EnrolDeps } from './deps.ts';
import type { Account, AccountBinding, Accounts, NewAccount, Together } from './enrolment.ts';
import { newAccountId } from './ids.ts';
import { type Pausing, versionOf } from './pausing.ts';
import { EnrolError } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { textOf } from './row.ts';
import { ACCOUNT_KEYS, ACCOUNTS } from './tables.ts';
import { joined } from './together.ts';

export interface AccountsDeps extends EnrolDeps {
  readonly turns: Turns;
  readonly limits: RateLimits;
  readonly bindings: Bindings;
  readonly pausing: Pausing;
  readonly ordersOf: Accounts['orders'];
}

const MOST_LISTED = 500;

export function createAccounts(deps: AccountsDeps): Accounts {
  const { records, pausing } = deps;
  return {
    findByKey: (thumbprint) => findByKey(deps, thumbprint),
    create: (request, together) => create(deps, request, together),
    get: (id) => accountState(records, id)?.account,
    update: (id, { contacts, termsAgreed }, together) => {
      if (contacts !== undefined) checkContacts(contacts);
      return change(deps, id, together, (account) => ({
        action: 'account.updated',
        account: {
          ...account,
          contacts: contacts ?? account.contacts,
          // What was agreed to stays agreed to.
          termsAgreed: account.termsAgreed || termsAgreed === true,
        },
      }));
    },
    deactivate: (id, together) =>
      change(deps, id, together, (account) => ({
        action: 'account.deactivated',
        account: { ...account, status: 'deactivated' },
      })),
    changeKey: (id, key, together) => changeKey(deps, id, key, together),
    orders: deps.ordersOf,
    list: ({ after, limit }) => {
      const most = Math.min(limit, MOST_LISTED);
      const rows = records.find(ACCOUNTS, {
        where: {},
        limit: most + 1,
        ...(after === undefined ? {} : { after: { id: after } }),
      });
      const items = rows.slice(0, most).map((row) => stateOf(row).account);
      const last = items.at(-1);
      return { items, ...(rows.length > most && last !== undefined ? { next: last.id } : {}) };
    },
    unpause: (id, actor) => pausing.unpause(id, actor),
  };
}

function findByKey({ records }: AccountsDeps, thumbprint: string): Account | undefined {
  const row = records.get(ACCOUNT_KEYS, { thumbprint });
  return row === undefined ? undefined : accountState(records, textOf(row, 'account'))?.account;
}

async function create(
  deps: AccountsDeps,
  request: NewAccount,
  together: Together | undefined,
): Promise<{ account: Account; created: boolean }> {
  const existing = findByKey(deps, request.thumbprint);
  if (existing !== undefined) return { account: existing, created: false };
  checkNew(deps, request, together);
  const { thumbprint, binding } = request;
  // A binding that may be used n times is counted: its users take turns instead of conflicting.
  const turn = binding === undefined ? `key ${thumbprint}` : `binding ${binding.keyId}`;
  const seen = (): string =>
    `${findByKey(deps, thumbprint)?.id} ${binding === undefined ? '' : deps.bindings.used(binding.keyId)}`;
  return await deps.turns.take(turn, () =>
    whileMoving(seen, async (saw) => {
      saw(seen());
      const made = findByKey(deps, thumbprint);
      if (made !== undefined) return { account: made, created: false };
      return { account: await insert(deps, request, together), created: true };
    }),
  );
}

function checkNew(deps: AccountsDeps, request: NewAccount, together: Together | undefined): void {
  checkContacts(request.contacts);
  if (deps.config.termsRequired && !request.termsAgreed) throw new EnrolError('SY-ENROL-TERMS');
  if (deps.config.bindingRequired && request.binding === undefined)
    throw new EnrolError('SY-ENROL-BINDING-REQUIRED');
  if (together?.address !== undefined) deps.limits.take({ kind: 'accountsByAddress', key: together.address });
}

async function insert(
  deps: AccountsDeps,
  request: NewAccount,
  together: Together | undefined,
): Promise<Account> {
  const use = request.binding === undefined ? undefined : deps.bindings.use(request.binding.keyId);
  const at = deps.clock.now();
  const state = newState(deps, request, use?.binding, at);
  const { account } = state;
  const { binding } = account;
  await deps.commit(
    joined(together, {
      puts: [keyPut(account.keyThumbprint, account.id), putOf(state, 'insert'), ...(use?.puts ?? [])],
      preconditions: use?.preconditions ?? [],
      events: [
        accountEvent('account.created', account, at, {
          thumbprint: account.keyThumbprint,
          ...(binding === undefined ? {} : { binding: binding.keyId, identity: binding.identity }),
        }),
      ],
    }),
  );
  return account;
}

function newState(
  deps: AccountsDeps,
  { jwk, thumbprint, contacts, termsAgreed }: NewAccount,
  binding: AccountBinding | undefined,
  at: Date,
): AccountState {
  return {
    account: {
      id: newAccountId(deps.random),
      keyThumbprint: thumbprint,
      jwk,
      contacts,
      termsAgreed,
      status: 'valid',
      ...(binding === undefined ? {} : { binding }),
      createdAt: at,
    },
    version: 1,
    failures: 0,
    pausedMs: undefined,
    spkiSha256: spkiSha256OfJwk(jwk),
  };
}

function keyPut(thumbprint: string, account: string): Put {
  return { table: ACCOUNT_KEYS, mode: 'insert', row: { thumbprint, account } };
}

interface Step {
  readonly action: 'account.updated' | 'account.deactivated' | 'account.key-changed';
  readonly account: Account;
  readonly spkiSha256?: Uint8Array;
  readonly puts?: readonly Put[];
}

async function change(
  deps: AccountsDeps,
  id: string,
  together: Together | undefined,
  next: (account: Account) => Step,
): Promise<Account> {
  const { records, clock, commit, turns } = deps;
  return await turns.take(`account ${id}`, () =>
    whileMoving(
      () => versionOf(records, id),
      async (saw) => {
        const state = liveAccount(records, id);
        saw(state.version);
        const { action, account, puts = [], spkiSha256 = state.spkiSha256 } = next(state.account);
        const changed = { ...state, account, spkiSha256, version: state.version + 1 };
        const preconditions: Precondition[] = [unchanged(state)];
        const data = action === 'account.key-changed' ? { thumbprint: account.keyThumbprint } : {};
        const events: Event[] = [accountEvent(action, account, clock.now(), data)];
        await commit(joined(together, { puts: [putOf(changed, 'replace'), ...puts], preconditions, events }));
        return account;
      },
    ),
  );
}

/** RFC 8555 §7.3.5. The old key is free again: its holder could make a new account with it. */
async function changeKey(
  deps: AccountsDeps,
  id: string,
  key: Parameters<Accounts['changeKey']>[1],
  together: Together | undefined,
): Promise<Account> {
  refuseUsedKey(deps, key.thumbprint);
  const spkiSha256 = spkiSha256OfJwk(key.jwk);
  try {
    return await change(deps, id, together, (account) => {
      if (account.keyThumbprint !== key.oldThumbprint) throw new EnrolError('SY-ENROL-KEY-CHANGED');
      return {
        action: 'account.key-changed',
        account: { ...account, jwk: key.jwk, keyThumbprint: key.thumbprint },
        spkiSha256,
        puts: [
          { table: ACCOUNT_KEYS, mode: 'delete', row: { thumbprint: key.oldThumbprint } },
          keyPut(key.thumbprint, id),
        ],
      };
    });
  } catch (error) {
    // Another account may have taken the key while we were about to.
    refuseUsedKey(deps, key.thumbprint);
    throw error;
  }
}

function refuseUsedKey(deps: AccountsDeps, thumbprint: string): void {
  const holder = findByKey(deps, thumbprint);
  if (holder !== undefined) throw new EnrolError('SY-ENROL-KEY-IN-USE', undefined, { accountId: holder.id });
}
