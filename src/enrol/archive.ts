// Orders that ended leave the small table that all orders go through, many in one commit.
import type { Put, Row } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { EnrolDeps } from './deps.ts';
import { type OrderState, orderOfRow, orderPut, orderState, orderUnchanged } from './order-record.ts';
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
  /** Ended since the last move. */
  #ended: { readonly accountId: string; readonly id: string }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #moving: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(deps: EnrolDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#sweeper ??= setInterval(() => this.#run(() => this.#pages()), SWEEP_MS).unref();
    this.#run(() => this.#pages());
  }

  /** An order has ended. */
  ended(accountId: string, id: string): void {
    const { most, afterMs } = this.#deps.config.archive;
    this.#ended.push({ accountId, id });
    if (this.#ended.length >= most) this.#moveEnded();
    else this.#timer ??= setTimeout(() => this.#moveEnded(), afterMs).unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#sweeper);
    await this.#moving;
  }

  /** Moves all that has ended by now, whoever ended it. */
  async sweep(): Promise<void> {
    this.#run(() => this.#pages());
    await this.#moving;
  }

  #moveEnded(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const ended = this.#ended;
    this.#ended = [];
    this.#run(async () => {
      const moves = ended.flatMap(({ accountId, id }) => {
        const order = orderState(this.#deps.records, accountId, id);
        return order === undefined || order.archived ? [] : (this.#endedOf(order) ?? []);
      });
      if (moves.length > 0) await this.#moveAll(moves);
    });
  }

  /** One move at a time. */
  #run(move: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#moving = this.#moving.then(async () => {
      try {
        await move();
      } catch (error) {
        // Refused, or changed meanwhile: they stay where they are, and are found there until the next sweep.
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
