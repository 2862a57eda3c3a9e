// Committed rows, read on the caller's thread (the `Records` port).
import type { SQLOutputValue } from 'node:sqlite';
import type { Cell, Records, Row } from '../ground/change.ts';
import type { Statements } from './database.ts';
import { charactersOf, Partitions } from './partitions.ts';
import { checkColumns, checkedCell, keyCells, type Schema, type TableShape } from './schema.ts';
import { countRows, selectRow, selectRows } from './sql.ts';

type Query = Parameters<Records['find']>[1];

export function rowsOf(statements: Statements, schema: Schema): Records {
  const rows = new Rows(statements);
  return {
    get: (table, key) => {
      const shape = schema.shape(table);
      return rows.get(shape, keyCells(shape, key));
    },
    find: (table, query) => rows.find(schema.shape(table), query),
    count: (table) => rows.count(schema.shape(table)),
  };
}

class Rows {
  readonly #statements: Statements;
  readonly #partitions: Partitions;

  constructor(statements: Statements) {
    this.#statements = statements;
    this.#partitions = new Partitions(statements);
  }

  get(shape: TableShape, key: readonly Cell[]): Row | undefined {
    const table = this.#partOf(shape, key[0]);
    if (table === undefined) return undefined;
    const row = this.#unlessDropped(shape, () => this.#statements.of(selectRow(table)).get(...key));
    return row === undefined ? undefined : asRow(row);
  }

  find(shape: TableShape, query: Query): readonly Row[] {
    const { where, range } = query;
    checkColumns(shape, range === undefined ? Object.keys(where) : [...Object.keys(where), range.column]);
    if (shape.table.partition === undefined) return this.#findIn(shape, query);
    const found: Row[] = [];
    const parts = this.#partsOf(shape, query);
    for (const part of query.reverse === true ? parts.reverse() : parts) {
      if (found.length >= query.limit) break;
      const rest = { ...query, limit: query.limit - found.length };
      found.push(...(this.#unlessDropped(shape, () => this.#findIn(part, rest)) ?? []));
    }
    return found;
  }

  count(shape: TableShape): number {
    const tables = shape.table.partition === undefined ? [shape] : this.#partitions.list(shape);
    return tables.reduce((sum, table) => {
      const n = this.#unlessDropped(shape, () => this.#statements.of(countRows(table)).get())?.['n'];
      return sum + (typeof n === 'number' ? n : 0);
    }, 0);
  }

  #findIn(shape: TableShape, { where, range, limit, reverse = false, after }: Query): readonly Row[] {
    const sql = selectRows(shape, {
      where,
      range: range && {
        column: range.column,
        atLeast: range.atLeast !== undefined,
        below: range.below !== undefined,
      },
      after: after !== undefined,
      reverse,
    });
    const cells: Cell[] = Object.entries(where).map(([column, cell]) => checkedCell(shape, column, cell));
    if (range?.atLeast !== undefined) cells.push(range.atLeast);
    if (range?.below !== undefined) cells.push(range.below);
    if (after !== undefined) cells.push(...keyCells(shape, after));
    return this.#statements
      .of(sql)
      .all(...cells, limit)
      .map(asRow);
  }

  /** The table that a key's row would be in; `undefined` where there is none. */
  #partOf(shape: TableShape, key: unknown): TableShape | undefined {
    if (shape.table.partition === undefined) return shape;
    const part = this.#partitions.of(shape, key);
    return part !== undefined && this.#partitions.exists(part) ? part : undefined;
  }

  /** The parts that can hold an answer, in the order of their rows. */
  #partsOf(shape: TableShape, { where, range, after, reverse }: Query): TableShape[] {
    const column = shape.table.partition?.column ?? '';
    const only = where[column];
    if (only !== undefined) {
      const part = this.#partOf(shape, only);
      return part === undefined ? [] : [part];
    }
    const { atLeast = '', below = undefined } = range?.column === column ? range : {};
    return this.#partitions.list(shape).filter((part) => {
      const characters = charactersOf(shape, part);
      const from = String(atLeast).slice(0, characters.length);
      const start = after === undefined ? undefined : String(after[column]).slice(0, characters.length);
      return (
        characters >= from &&
        (below === undefined || characters <= String(below)) &&
        (start === undefined || (reverse === true ? characters <= start : characters >= start))
      );
    });
  }

  /** A part may be dropped between a look at the list and the statement: then it holds nothing. */
  #unlessDropped<T>(shape: TableShape, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      const dropped = error instanceof Error && error.message.startsWith(`no such table: ${shape.name}__`);
      if (shape.table.partition === undefined || !dropped) throw error;
      this.#partitions.forget();
      return undefined;
    }
  }
}

/** A plain object: what SQLite's binding gives has no prototype, which surprises comparisons. */
function asRow(values: Record<string, SQLOutputValue>): Row {
  const row: Record<string, Cell> = {};
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (value === undefined || typeof value === 'bigint') throw new TypeError(`${name} is no safe integer`);
    row[name] = value;
  }
  return row;
}
