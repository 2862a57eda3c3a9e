// Takes old parts of a table out, a little at a time: dropping a table of a gigabyte at once would stall every commit.
import type { Statements } from './database.ts';
import { failureCode, failureDetail } from './failure.ts';
import { charactersOf, type Partitions } from './partitions.ts';
import type { TableShape } from './schema.ts';
import { deleteSome, dropTable } from './sql.ts';
import type { RefusalCode } from './wire.ts';

/** Rows of a step: about as many as a large batch of commits writes. */
const ROWS_PER_STEP = 500;

/** What the writer is asked: the parts of table number `drop` before `below`. */
export interface DropRequest {
  readonly drop: number;
  readonly below: string;
}

/** What the writer answers: which parts are gone, or why it stopped. */
export type DropAnswer =
  | { readonly dropped: readonly string[] }
  | { readonly dropped: readonly string[]; readonly code: RefusalCode; readonly detail: string };

/** One request under way. Owned by the writer thread. */
export class Dropping {
  readonly #statements: Statements;
  readonly #partitions: Partitions;
  readonly #shape: TableShape;
  readonly #left: TableShape[];
  readonly #gone: string[] = [];

  constructor(statements: Statements, partitions: Partitions, shape: TableShape, below: string) {
    this.#statements = statements;
    this.#partitions = partitions;
    this.#shape = shape;
    this.#left = partitions.list(shape).filter((part) => charactersOf(shape, part) < below);
  }

  /** One small transaction; the answer once there is nothing left to do. */
  step(): DropAnswer | undefined {
    const [part] = this.#left;
    if (part === undefined) return { dropped: this.#gone };
    const { db } = this.#statements;
    try {
      db.exec('BEGIN IMMEDIATE');
      const { changes } = this.#statements.of(deleteSome(part)).run(ROWS_PER_STEP);
      if (Number(changes) < ROWS_PER_STEP) db.exec(dropTable(part));
      db.exec('COMMIT');
      if (Number(changes) === ROWS_PER_STEP) return undefined;
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      return { dropped: this.#gone, code: failureCode(error), detail: failureDetail(error) };
    }
    this.#partitions.forget();
    this.#left.shift();
    this.#gone.push(charactersOf(this.#shape, part));
    return undefined;
  }
}
