// What an operator should know of the authorities before it hurts: endings, missing keys, limits. Pure.
import { searchEvents } from '../audit/search.ts';
import type { Records } from '../ground/change.ts';
import type { Code } from '../ground/errors.ts';
import type { Event } from '../ground/events.ts';
import { isObject } from '../ground/json.ts';
import type { KnownAuthority } from './authority.ts';
import type { AuthorityDirectory } from './directory.ts';

const DAY_MS = 86_400_000;
/** Both: 90 days are what it takes to renew a CA, and a fifth of its life is when its leaves get shorter. */
const LEAST_REMAINING_MS = 90 * DAY_MS;
const LEAST_REMAINING_PART = 0.2;
/** A request that nobody answered for so long was forgotten. */
const PENDING_MS = 14 * DAY_MS;

export type WarningCode = Extract<
  Code,
  | 'SY-AUTHORITY-ENDED'
  | 'SY-AUTHORITY-ENDING'
  | 'SY-AUTHORITY-KEY-MISSING'
  | 'SY-AUTHORITY-CONSTRAINED'
  | 'SY-AUTHORITY-AWAITED'
>;

export interface AuthorityWarning {
  readonly authority: string;
  readonly code: WarningCode;
  readonly message: string;
  /** `notice`: to be known, nothing to be done. */
  readonly severity: 'problem' | 'notice';
}

/**
 * Everything that is to be said, in the order of the directory. Authorities that no longer issue are left out, since
 * their ending is meant.
 */
export function authorityWarnings(
  directory: Pick<AuthorityDirectory, 'known' | 'pending'>,
  now: Date,
): readonly AuthorityWarning[] {
  const inUse = directory.known().filter(({ state }) => state === 'active' || state === 'offline');
  const awaited = directory
    .pending()
    .filter(({ createdAt }) => now.getTime() - createdAt.getTime() > PENDING_MS)
    .map(({ id, createdAt }): AuthorityWarning => {
      const message = `${id} waits for its certificate since ${createdAt.toISOString()}`;
      return { authority: id, code: 'SY-AUTHORITY-AWAITED', message, severity: 'notice' };
    });
  return [
    ...inUse.flatMap((authority) => WARNINGS.flatMap((warning) => warning(authority, now) ?? [])),
    ...awaited,
  ];
}

type Warning = (authority: KnownAuthority, now: Date) => AuthorityWarning | undefined;

const WARNINGS: readonly Warning[] = [
  function ends({ id, certificate: { notBefore, notAfter } }, now) {
    const left = notAfter.getTime() - now.getTime();
    const life = notAfter.getTime() - notBefore.getTime();
    if (left >= LEAST_REMAINING_MS && left >= life * LEAST_REMAINING_PART) return undefined;
    const [code, verb] =
      left < 0 ? (['SY-AUTHORITY-ENDED', 'ended'] as const) : (['SY-AUTHORITY-ENDING', 'ends'] as const);
    return { authority: id, code, message: `${id} ${verb} ${notAfter.toISOString()}`, severity: 'problem' };
  },
  function missesItsKey({ id, key }) {
    if (key !== 'missing') return undefined;
    const message = `the key of ${id} is not in the key store: it signs nothing, no revocation lists either`;
    return { authority: id, code: 'SY-AUTHORITY-KEY-MISSING', message, severity: 'problem' };
  },
  function isConstrained({ id, chain }) {
    const constrained = chain.filter(({ nameConstraints }) => nameConstraints !== undefined);
    if (constrained.length === 0) return undefined;
    const by = constrained.map(({ subject }) => subject.text).join(' and ');
    const message = `${id} may certify only the names that ${by} permits`.slice(0, 500);
    return { authority: id, code: 'SY-AUTHORITY-CONSTRAINED', message, severity: 'notice' };
  },
];

/**
 * The events that tell of the warnings, where none were written within a day: whoever looks hourly writes once a day,
 * also across restarts.
 * @returns empty where there is nothing to say, or where it was said
 */
export function authorityWarningEvents(
  records: Records,
  warnings: readonly AuthorityWarning[],
  now: Date,
): readonly Event[] {
  const timeMs = now.getTime();
  return warnings
    .filter(({ authority, code }) => {
      const said = searchEvents(records, {
        action: 'authority.warned',
        objectType: 'authority',
        objectId: authority,
        fromMs: timeMs - DAY_MS + 1,
        limit: 100,
      });
      return !said.some(({ record: { data } }) => isObject(data) && data['code'] === code);
    })
    .map(({ authority, code, message, severity }) => ({
      timeMs,
      action: 'authority.warned',
      actor: { kind: 'system' },
      object: { type: 'authority', id: authority },
      outcome: 'done',
      data: { code, message, severity },
    }));
}
