// A store in memory that keeps every promise of the port but durability, and can be told to fail, for tests of rooms.
import type { Cell, Change, LeafReceipt, LogName, Receipt, Row, Table } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { keyText, MemoryRows, type RowsByKey, sameCell } from './memory-rows.ts';
import { MemoryTree } from './memory-tree.ts';
import { isLeafIndex, type Plan, type PlannedCondition, type PlannedPut, planChange } from './plan.ts';
import { LOG_NAMES, Schema, TABLES, type TableShape } from './schema.ts';
import type { Store } from './store.ts';

/** `lost`: the commit fails and nothing is there; `persisted`: it fails, and everything is there all the same. */
export type Fault = 'none' | 'lost' | 'persisted';

export interface MemoryOptions {
  readonly tables?: readonly Table[];
  /** Asked once per change. */
  readonly faults?: () => Fault;
  readonly state?: 'normal' | 'restored';
}

export function createMemoryStore(options: MemoryOptions = {}): Store {
  const memory = new Memory(options);
  const { trees } = memory;
  return {
    commit: (change) => memory.commit(change),
    records: memory.rows,
    tiles: {
      head: (log) => trees[log].head(),
      recentRoot: () => undefined,
      tile: (log, level, index, width) => trees[log].tile(level, index, width),
      entries: (log, index, width) => trees[log].entries(index, width),
      entry: (log, index) => trees[log].entry(index),
    },
    state: options.state ?? 'normal',
    restoredFrom:
      options.state === 'restored'
        ? { takenAtMs: 0, restoredAtMs: 0, sizes: { certificate: 0, signature: 0, audit: 0 } }
        : undefined,
    counters: () => ({ ...memory.counters, waiting: 0 }),
    dropPartitions: async (table, below) => memory.rows.dropPartitions(table, below),
    backup: async () => {
      throw new SealyardError('SY-STORE-UNAVAILABLE', 'a store in memory has no backup');
    },
    close: async () => memory.close(),
  };
}

class Memory {
  readonly trees: Readonly<Record<LogName, MemoryTree>> = {
    certificate: new MemoryTree(),
    signature: new MemoryTree(),
    audit: new MemoryTree(),
  };
  readonly rows: MemoryRows;
  readonly counters = { commits: 0, failedCommits: 0, changes: 0, refusedChanges: 0 };
  readonly #schema: Schema;
  readonly #options: MemoryOptions;
  #closed = false;

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.#schema = new Schema(options.tables ?? TABLES);
    this.rows = new MemoryRows(this.#schema, (log, index) => this.trees[log].entry(index));
  }

  close(): void {
    this.#closed = true;
  }

  async commit(change: Change): Promise<Receipt> {
    if (this.#closed) throw new SealyardError('SY-STORE-CLOSED');
    if (this.#options.state === 'restored') throw new SealyardError('SY-STORE-READ-ONLY');
    const plan = planChange(this.#schema, change);
    // As with the real one, nobody is answered within the call.
    await undefined;
    const fault = this.#options.faults?.() ?? 'none';
    if (fault === 'lost') this.#fail();
    const receipt = this.#apply(plan);
    if (fault === 'persisted') this.#fail();
    this.counters.commits++;
    this.counters.changes++;
    return receipt;
  }

  #apply(plan: Plan): Receipt {
    for (const condition of plan.conditions) this.#check(condition);
    const indexes = this.#indexesOf(plan);
    const changed = new Map<string, Map<string, Row>>();
    for (const put of plan.puts) this.#put(put, indexes, changed);
    this.rows.swap(changed);
    const appended = plan.leaves.map((leaf) => ({ log: leaf.log, ...this.trees[leaf.log].append(leaf) }));
    const heads = Object.fromEntries(LOG_NAMES.map((log) => [log, this.trees[log].head()]));
    const leaves = appended.slice(0, plan.ownLeaves).map(({ log, index, leafHash }): LeafReceipt => {
      const { size: treeSize = 0, rootHash = leafHash } = heads[log] ?? {};
      return { log, index, leafHash, treeSize, rootHash, proof: this.trees[log].prove(index) };
    });
    return { leaves, eventIndexes: appended.slice(plan.ownLeaves).map(({ index }) => index) };
  }

  #check({ shape, key, expect }: PlannedCondition): void {
    const row = this.rows.of(shape).get(keyText(key));
    const holds =
      expect === undefined
        ? row === undefined
        : row !== undefined && expect.every(([column, cell]) => sameCell(row[column], cell));
    if (!holds) this.#refuse(shape);
  }

  #put(
    { shape, mode, cells }: PlannedPut,
    indexes: readonly number[],
    changed: Map<string, Map<string, Row>>,
  ): void {
    const { name } = shape.table;
    const rows: Map<string, Row> =
      changed.get(name) ?? new Map<string, Row>(this.rows.of(shape) satisfies RowsByKey);
    changed.set(name, rows);
    const values = cells.map(
      (cell): Cell => (isLeafIndex(cell) ? (indexes[cell.leafIndexOf] ?? null) : kept(cell)),
    );
    if (mode === 'delete') {
      rows.delete(keyText(values));
      return;
    }
    const row: Row = Object.fromEntries(shape.columns.map((column, i) => [column, values[i] ?? null]));
    const key = keyText(shape.primaryKey.map((column) => row[column] ?? null));
    if (mode === 'insert' && rows.has(key)) this.#refuse(shape);
    rows.set(key, row);
  }

  /** The index that each leaf of the plan will get. */
  #indexesOf(plan: Plan): number[] {
    const next = new Map(LOG_NAMES.map((log) => [log, this.trees[log].size]));
    return plan.leaves.map(({ log }) => {
      const index = next.get(log) ?? 0;
      next.set(log, index + 1);
      return index;
    });
  }

  #refuse(shape: TableShape): never {
    this.counters.refusedChanges++;
    throw new SealyardError('SY-STORE-CONFLICT', shape.table.name);
  }

  #fail(): never {
    this.counters.failedCommits++;
    throw new SealyardError('SY-STORE-UNAVAILABLE', 'injected', { retryAfterSeconds: 1 });
  }
}

/** What is stored is ours: the caller may change its bytes afterwards, and text is stored as UTF-8. */
function kept(cell: Cell): Cell {
  if (cell instanceof Uint8Array) return cell.slice();
  return typeof cell === 'string' ? cell.toWellFormed() : cell;
}
