// Orders that ended leave the small table that all orders go through, many in one commit.
import type { Put, Row } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { EnrolDeps } from './deps.ts';
import { type OrderState, orderOfRow, orderPut, orderUnchanged } from './order-record.ts';
import { textOf } from './row.ts';
import { OPEN_ORDERS } from './tables.ts';

const PAGE = 500;
/** How often expired orders are looked for. */
const SWEEP_MS = 600_000;

/**
 * Moves what has ended: until then it is found in the first table, afterwards in the second, and in no moment in neither.
 * A crash before the move loses nothing: `sweep` finds what is left.
 */
export class Archive {
  readonly #deps: EnrolDeps;
  #ended = 0;
  #timer: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #moving: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: EnrolDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#sweeper ??= setInterval(() => this.#move(), SWEEP_MS).unref();
    this.#move();
  }

  /** An order has ended. */
  ended(): void {
    const { most, afterMs } = this.#deps.config.archive;
    this.#ended++;
    if (this.#ended >= most) this.#move();
    else this.#timer ??= setTimeout(() => this.#move(), afterMs).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sweeper);
    await this.#moving;
  }

  /** Moves all that has ended by now. One at a time. */
  async sweep(): Promise<void> {
    this.#move();
    await this.#moving;
  }

  #move(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ended = 0;
    if (this.#stopped) return;
    this.#moving = this.#moving.then(async () => {
      try {
        await this.#pages();
      } catch (error) {
        // Refused, or changed meanwhile: they stay where they are, and are found there until the next move.
        if (!isSealyardError(error)) throw error;
        this.#deps.onError?.(error);
      }
    });
  }

  async #pages(): Promise<void> {
    const { records, config } = this.#deps;
    let after: Row | undefined;
    for (;;) {
      const rows = records.find(OPEN_ORDERS, {
        where: {},
        limit: PAGE,
        ...(after === undefined ? {} : { after }),
      });
      const ended = rows.flatMap((row) => this.#endedOf(orderOfRow(row, false)) ?? []);
      for (let i = 0; i < ended.length; i += config.archive.most)
        await this.#moveAll(ended.slice(i, i + config.archive.most));
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined || this.#stopped) return;
      after = { account: textOf(last, 'account'), id: textOf(last, 'id') };
    }
  }

  /** The order as it ended; `undefined` while it can go on. */
  #endedOf(order: OrderState): Move | undefined {
    if (order.state !== 'open') return { from: order, to: { ...order, archived: true } };
    if (order.expiresMs > this.#deps.clock.now().getTime()) return undefined;
    const error = { code: 'SY-ENROL-EXPIRED', detail: 'the order was not finished in time' } as const;
    const body = { ...order.body, error };
    const to: OrderState = { ...order, version: order.version + 1, state: 'invalid', archived: true, body };
    return { from: order, to };
  }

  async #moveAll(moves: readonly Move[]): Promise<void> {
    const puts = moves.flatMap(({ from, to }): Put[] => [
      { table: OPEN_ORDERS, mode: 'delete', row: { account: from.accountId, id: from.id } },
      orderPut(to, 'replace'),
    ]);
    // Another replica may move them at the same time: the slower one finds nothing to do at its next look.
    await this.#deps.commit({
      puts,
      preconditions: moves.map(({ from }) => orderUnchanged(from)),
      events: [],
    });
  }
}

interface Move {
  readonly from: OrderState;
  readonly to: OrderState;
}
