// One transaction over many changes: each in its own savepoint, rows before leaves, one commit, then the answers.
import { Buffer } from 'node:buffer';
import type { Cell } from '../ground/change.ts';
import type { Statements } from './database.ts';
import { Dropping } from './dropping.ts';
import { failureCode, failureDetail } from './failure.ts';
import { Partitions } from './partitions.ts';
import { isLeafIndex, type Plan, type PlannedCondition, type PlannedPut } from './plan.ts';
import type { TableShape } from './schema.ts';
import { deleteRow, insertRow, replaceRow, selectRow } from './sql.ts';
import { Trees } from './trees.ts';
import type { Heads, LeafOutcome, Outcome } from './wire.ts';

export interface Committed {
  readonly heads: Heads;
  /** In the order of the plans. */
  readonly outcomes: readonly Outcome[];
}

/** A change that its preconditions or keys refuse; it spoils no other. */
class Refusal extends Error {}

interface Appended {
  readonly plan: Plan;
  readonly leaves: readonly { readonly index: number; readonly leafHash: Uint8Array }[];
}

/**
 * Owned by the writer thread; synchronous from BEGIN to the answers.
 * Crash windows: before COMMIT returns nothing of the batch exists and nobody was answered; after it everything does,
 * and an answer that was not sent is found again by reading.
 */
export class Batches {
  readonly #statements: Statements;
  readonly #trees: Trees;
  readonly #partitions: Partitions;
  /** Set by a failed commit, until memory was made equal to disk again. */
  #stale = false;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#trees = new Trees(statements);
    this.#partitions = new Partitions(statements);
  }

  /** Starts to take old parts of a table out. */
  dropping(shape: TableShape, below: string): Dropping {
    return new Dropping(this.#statements, this.#partitions, shape, below);
  }

  /** Runs the plans; never throws. A failure of the disk is the outcome of each of them, and the next batch may do. */
  run(plans: readonly Plan[]): Committed {
    try {
      if (this.#stale) this.#recover();
      this.#stale = false;
      return this.#commit(plans);
    } catch (error) {
      this.#stale = true;
      this.#rollback();
      const failure: Outcome = { done: false, code: failureCode(error), detail: failureDetail(error) };
      return { heads: new Map(), outcomes: plans.map(() => failure) };
    }
  }

  #recover(): void {
    this.#partitions.forget();
    this.#trees.recover();
  }

  #commit(plans: readonly Plan[]): Committed {
    this.#run('BEGIN IMMEDIATE');
    const steps = plans.map((plan) => this.#apply(plan));
    const heads = this.#trees.flush();
    this.#run('COMMIT');
    const outcomes = steps.map((step) => ('code' in step ? step : this.#receipt(step)));
    this.#trees.settle();
    return { heads, outcomes };
  }

  #apply(plan: Plan): Appended | Extract<Outcome, { done: false }> {
    // Before the savepoint, which would take a new part back.
    for (const put of plan.puts) this.#ensurePart(put);
    // What refuses at its only put has changed nothing that would have to be taken back.
    if (plan.puts.length > 1) this.#run('SAVEPOINT change');
    try {
      for (const condition of plan.conditions) this.#check(condition);
      for (const put of plan.puts) this.#put(put, plan);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (plan.puts.length > 1) {
        this.#run('ROLLBACK TO change');
        this.#run('RELEASE change');
      }
      return { done: false, code: 'SY-STORE-CONFLICT', detail: error.message };
    }
    if (plan.puts.length > 1) this.#run('RELEASE change');
    // Only now, when nothing can refuse the change any more, do its leaves reach a tree.
    return { plan, leaves: plan.leaves.map((leaf) => this.#trees.append(leaf)) };
  }

  #ensurePart({ shape, cells, mode }: PlannedPut): void {
    if (shape.table.partition === undefined || mode === 'delete') return;
    const part = this.#partitions.of(shape, cells[shape.columns.indexOf(shape.table.partition.column)]);
    if (part === undefined) throw new TypeError(`the row belongs to no part of ${shape.name}`);
    this.#partitions.ensure(part);
  }

  /** The table that holds a row: its part, where the table has parts; `undefined` where that is not there. */
  #tableOf(shape: TableShape, key: unknown): TableShape | undefined {
    if (shape.table.partition === undefined) return shape;
    const part = this.#partitions.of(shape, key);
    return part !== undefined && this.#partitions.exists(part) ? part : undefined;
  }

  #check({ shape, key, expect }: PlannedCondition): void {
    const table = this.#tableOf(shape, key[0]);
    const row = table === undefined ? undefined : this.#statements.of(selectRow(table)).get(...key);
    if ((row === undefined) !== (expect === undefined)) throw new Refusal(shape.table.name);
    if (row === undefined || expect === undefined) return;
    for (const [column, cell] of expect)
      if (!sameCell(row[column], cell)) throw new Refusal(`${shape.table.name}.${column}`);
  }

  #put({ shape, mode, cells }: PlannedPut, plan: Plan): void {
    const values = cells.map((cell) => (isLeafIndex(cell) ? this.#indexOf(plan, cell.leafIndexOf) : cell));
    // A key stands first among the cells of a deletion, and where its column stands among the others.
    const key = mode === 'delete' ? 0 : shape.columns.indexOf(shape.primaryKey[0] ?? '');
    const table = this.#tableOf(shape, values[key]);
    if (table === undefined) return;
    if (mode === 'delete') this.#statements.of(deleteRow(table)).run(...values);
    else if (mode === 'replace') this.#statements.of(replaceRow(table)).run(...values);
    else if (this.#statements.of(insertRow(table)).run(...values).changes === 0)
      throw new Refusal(shape.table.name);
  }

  /** The index that a leaf of this change will get: its log's next one, and one more for each before it. */
  #indexOf(plan: Plan, leafNumber: number): number {
    const log = plan.leaves[leafNumber]?.log;
    if (log === undefined) throw new TypeError('the change has no such leaf');
    let before = 0;
    for (let i = 0; i < leafNumber; i++) if (plan.leaves[i]?.log === log) before++;
    return this.#trees.next(log) + before;
  }

  #receipt({ plan, leaves }: Appended): Outcome {
    const own: LeafOutcome[] = [];
    const eventIndexes: number[] = [];
    leaves.forEach(({ index, leafHash }, number) => {
      const log = plan.leaves[number]?.log;
      if (number >= plan.ownLeaves) eventIndexes.push(index);
      else if (log !== undefined) own.push({ log, index, leafHash, proof: this.#trees.prove(log, index) });
    });
    return { done: true, leaves: own, eventIndexes };
  }

  #rollback(): void {
    try {
      // SQLite ends the transaction itself on some failures (full disk, I/O).
      if (this.#statements.db.isTransaction) this.#statements.db.exec('ROLLBACK');
    } catch {
      // The next BEGIN tells.
    }
  }

  #run(sql: string): void {
    this.#statements.of(sql).run();
  }
}

function sameCell(stored: unknown, expected: Cell): boolean {
  if (!(expected instanceof Uint8Array)) return stored === expected;
  return stored instanceof Uint8Array && Buffer.compare(stored, expected) === 0;
}
