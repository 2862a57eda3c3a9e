// Committed rows, read on the caller's thread (the `Records` port).
import type { SQLOutputValue } from 'node:sqlite';
import type { Cell, Records, Row } from '../ground/change.ts';
import type { Statements } from './database.ts';
import { checkColumns, checkedCell, keyCells, type Schema } from './schema.ts';
import { countRows, selectRow, selectRows } from './sql.ts';

export function rowsOf(statements: Statements, schema: Schema): Records {
  return {
    get(table, key) {
      const shape = schema.shape(table);
      const row = statements.of(selectRow(shape)).get(...keyCells(shape, key));
      return row === undefined ? undefined : asRow(row);
    },
    find(table, { where, range, limit, reverse = false, after }) {
      const shape = schema.shape(table);
      checkColumns(shape, range === undefined ? Object.keys(where) : [...Object.keys(where), range.column]);
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
      return statements
        .of(sql)
        .all(...cells, limit)
        .map(asRow);
    },
    count(table) {
      const n = statements.of(countRows(schema.shape(table).table)).get()?.['n'];
      return typeof n === 'number' ? n : 0;
    },
  };
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
