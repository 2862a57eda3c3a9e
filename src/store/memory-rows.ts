// Rows held in memory, ordered and compared as SQLite does it (the `Records` port).
import { Buffer } from 'node:buffer';
import { fromUtf8, toUtf8 } from '../ground/bytes.ts';
import type { Cell, LogName, Records, Row, Table } from '../ground/change.ts';
import { checkColumns, checkedCell, keyCells, type Schema, type TableShape } from './schema.ts';

/** The rows of one table by the text of their key. */
export type RowsByKey = ReadonlyMap<string, Row>;

/** What a log holds at an index. */
export type EntryReader = (log: LogName, index: number) => Uint8Array | undefined;

/** Committed rows; a change works on a copy of the tables that it touches and swaps them in. */
export class MemoryRows implements Records {
  readonly #schema: Schema;
  readonly #entry: EntryReader;
  #tables: ReadonlyMap<string, RowsByKey> = new Map();

  constructor(schema: Schema, entry: EntryReader) {
    this.#schema = schema;
    this.#entry = entry;
  }

  get(table: Table, key: Row): Row | undefined {
    const shape = this.#schema.shape(table);
    const row = this.of(shape).get(keyText(keyCells(shape, key)));
    return row === undefined ? undefined : this.#whole(shape, row);
  }

  find(table: Table, query: Parameters<Records['find']>[1]): readonly Row[] {
    const shape = this.#schema.shape(table);
    const { where, range, limit, reverse = false, after } = query;
    checkColumns(shape, range === undefined ? Object.keys(where) : [...Object.keys(where), range.column]);
    for (const [column, cell] of Object.entries(where)) checkedCell(shape, column, cell);
    const direction = reverse ? -1 : 1;
    const start = after === undefined ? undefined : keyCells(shape, after);
    return [...this.of(shape).values()]
      .filter((row) => Object.entries(where).every(([column, cell]) => sameCell(row[column], cell)))
      .filter((row) => range === undefined || within(row[range.column], range.atLeast, range.below))
      .filter((row) => start === undefined || compareCells(keyCells(shape, row), start) * direction > 0)
      .sort((a, b) => compareCells(keyCells(shape, a), keyCells(shape, b)) * direction)
      .slice(0, limit)
      .map((row) => this.#whole(shape, row));
  }

  /** The row with the text of its entry, where the table has one. */
  #whole({ table: { entryText } }: TableShape, row: Row): Row {
    if (entryText === undefined) return copyOf(row);
    const entry = this.#entry(entryText.log, Number(row[entryText.index]));
    return { ...copyOf(row), [entryText.column]: entry === undefined ? null : (fromUtf8(entry) ?? null) };
  }

  count(table: Table): number {
    return this.of(this.#schema.shape(table)).size;
  }

  dropPartitions(table: Table, below: string): readonly string[] {
    const shape = this.#schema.shape(table);
    if (table.partition === undefined) throw new TypeError(`${table.name} is not kept in parts`);
    const { column, characters } = table.partition;
    const partOf = (row: Row) => String(row[column]).slice(0, characters);
    const rows = [...this.of(shape)];
    this.swap(new Map([[table.name, new Map(rows.filter(([, row]) => partOf(row) >= below))]]));
    return [...new Set(rows.map(([, row]) => partOf(row)).filter((part) => part < below))].sort();
  }

  of(shape: TableShape): RowsByKey {
    return this.#tables.get(shape.table.name) ?? new Map();
  }

  /** Puts changed tables in the place of the old ones, all at once. */
  swap(changed: ReadonlyMap<string, RowsByKey>): void {
    this.#tables = new Map([...this.#tables, ...changed]);
  }
}

/** One text per key; cells of different types never share one. */
export function keyText(cells: readonly Cell[]): string {
  return JSON.stringify(cells.map((cell) => (cell instanceof Uint8Array ? { blob: [...cell] } : cell)));
}

export function sameCell(a: Cell | undefined, b: Cell): boolean {
  return a !== undefined && compareCell(a, b) === 0;
}

function within(cell: Cell | undefined, atLeast: Cell | undefined, below: Cell | undefined): boolean {
  // SQL: a comparison with null is not true.
  if (cell === undefined || cell === null) return false;
  return (
    (atLeast === undefined || compareCell(cell, atLeast) >= 0) &&
    (below === undefined || compareCell(cell, below) < 0)
  );
}

function compareCells(a: readonly Cell[], b: readonly Cell[]): number {
  for (let i = 0; i < a.length; i++) {
    const order = compareCell(a[i] ?? null, b[i] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** SQLite's order: null, integers, texts by their UTF-8 bytes, blobs by their bytes (sqlite.org/datatype3.html §4). */
function compareCell(a: Cell, b: Cell): number {
  const rank = rankOf(a) - rankOf(b);
  if (rank !== 0) return rank;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(toUtf8(a), toUtf8(b));
  return a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.compare(a, b) : 0;
}

function rankOf(cell: Cell): number {
  if (cell === null) return 0;
  return typeof cell === 'number' ? 1 : typeof cell === 'string' ? 2 : 3;
}

/** Callers may keep and change what they get. */
function copyOf(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, cell]) => [column, cell instanceof Uint8Array ? cell.slice() : cell]),
  );
}
