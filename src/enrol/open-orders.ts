// How many orders an account has under way: bounded, so that nobody fills the table that all orders go through.
import type { Records } from '../ground/change.ts';
import type { Clock } from '../ground/ports.ts';
import type { EnrolConfig } from './config.ts';
import { EnrolError } from './problem.ts';
import { integerOf, textOf } from './row.ts';
import { OPEN_ORDERS } from './tables.ts';

/** Accounts whose orders are held in memory; those of others are read again. */
const MOST_ACCOUNTS = 10_000;

/** The ids are read once an account and then kept up; each replica keeps its own, and reads again at the bound. */
export class OpenOrders {
  readonly #records: Records;
  readonly #clock: Clock;
  readonly #config: Pick<EnrolConfig, 'mostOpenOrders'>;
  readonly #ids = new Map<string, Set<string>>();

  constructor(o: { records: Records; clock: Clock; config: Pick<EnrolConfig, 'mostOpenOrders'> }) {
    this.#records = o.records;
    this.#clock = o.clock;
    this.#config = o.config;
  }

  /** Counts an order that is about to be made. @throws EnrolError `SY-ENROL-TOO-MANY-ORDERS` */
  add(accountId: string, orderId: string): void {
    const most = this.#config.mostOpenOrders;
    let ids = this.#ids.get(accountId) ?? this.#read(accountId);
    if (ids.size >= most) ids = this.#read(accountId);
    if (ids.size >= most)
      throw new EnrolError('SY-ENROL-TOO-MANY-ORDERS', `${ids.size} orders are under way`, {
        retryAfterSeconds: 3600,
      });
    ids.add(orderId);
  }

  /** The order ended, or was not made after all. */
  remove(accountId: string, orderId: string): void {
    this.#ids.get(accountId)?.delete(orderId);
  }

  #read(accountId: string): Set<string> {
    const nowMs = this.#clock.now().getTime();
    const rows = this.#records.find(OPEN_ORDERS, {
      where: { account: accountId, state: 'open' },
      limit: this.#config.mostOpenOrders * 2,
    });
    const alive = rows.filter((row) => integerOf(row, 'expires_ms') > nowMs);
    const ids = new Set(alive.map((row) => textOf(row, 'id')));
    this.#ids.delete(accountId);
    this.#ids.set(accountId, ids);
    for (const oldest of this.#ids.keys()) {
      if (this.#ids.size <= MOST_ACCOUNTS) break;
      this.#ids.delete(oldest);
    }
    return ids;
  }
}
