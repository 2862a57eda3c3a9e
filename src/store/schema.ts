// Every table that the rooms declare, and what the store needs to know of a table to check and order its cells.
import { ADMIT_TABLES } from '../admit/tables.ts';
import { AUDIT_TABLES } from '../audit/tables.ts';
import { AUTHORITY_TABLES } from '../authority/tables.ts';
import { ACME_NONCES } from '../enrol/nonce-table.ts';
import { ENROL_TABLES } from '../enrol/tables.ts';
import type { Cell, LogName, Row, Table } from '../ground/change.ts';
import { IDENTITY_TABLES } from '../identity/tables.ts';
import { ISSUE_TABLES } from '../issue/tables.ts';
import { KEYS_TABLES } from '../keys/tables.ts';
import { LOG_TABLES } from '../log/tables.ts';
import { REVOKE_TABLES } from '../revoke/tables.ts';

/** The tables of the product, in the order of the rooms. */
export const TABLES: readonly Table[] = [
  ...KEYS_TABLES,
  ...IDENTITY_TABLES,
  ...LOG_TABLES,
  ...AUDIT_TABLES,
  ...AUTHORITY_TABLES,
  ...ISSUE_TABLES,
  ...ENROL_TABLES,
  ACME_NONCES,
  ...REVOKE_TABLES,
  ...ADMIT_TABLES,
];

/** The three logs; the position is the number that crosses the thread boundary. */
export const LOG_NAMES: readonly LogName[] = ['certificate', 'signature', 'audit'];

const IDENTIFIER = /^[a-z][a-z0-9_]{0,62}$/;
/** Names that the store's own tables have. */
const RESERVED = /^(sqlite_|log_|store_)/;

/** One table with its columns in a fixed order; a partition has the name of its own table, and all else of the whole. */
export interface TableShape {
  readonly table: Table;
  /** As the database knows it. */
  readonly name: string;
  readonly number: number;
  /** Those that are kept. */
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
}

/** The tables of a store, found by name. */
export class Schema {
  readonly shapes: readonly TableShape[];
  readonly #byName = new Map<string, TableShape>();

  /** @throws TypeError for a table that is no table: names, keys or indexes of columns that it has not */
  constructor(tables: readonly Table[]) {
    this.shapes = tables.map((table, number) => {
      checkTable(table);
      if (this.#byName.has(table.name)) throw new TypeError(`two tables are called ${table.name}`);
      const { name, primaryKey, entryText } = table;
      const columns = Object.keys(table.columns).filter((column) => column !== entryText?.column);
      const shape = { table, name, number, columns, primaryKey };
      this.#byName.set(table.name, shape);
      return shape;
    });
  }

  /** @throws TypeError for a table that was not declared to this store */
  shape(table: Table): TableShape {
    const shape = this.#byName.get(table.name);
    if (shape === undefined) throw new TypeError(`the store has no table ${table.name}`);
    return shape;
  }

  at(number: number): TableShape {
    const shape = this.shapes[number];
    if (shape === undefined) throw new TypeError(`the store has no table number ${number}`);
    return shape;
  }
}

/**
 * The cell of a column, checked: what the column holds, `null` only where it may be.
 * @throws TypeError
 */
export function checkedCell(shape: TableShape, column: string, cell: Cell | undefined): Cell {
  const type = shape.table.columns[column];
  const where = `${shape.table.name}.${column}`;
  if (type === undefined) throw new TypeError(`there is no column ${where}`);
  if (cell === undefined || cell === null) {
    if (shape.table.nullable?.includes(column) === true) return null;
    throw new TypeError(`${where} must not be null`);
  }
  const fits =
    type === 'text'
      ? typeof cell === 'string'
      : type === 'integer'
        ? Number.isSafeInteger(cell)
        : cell instanceof Uint8Array;
  if (!fits) throw new TypeError(`${where} holds ${type}`);
  return cell;
}

/** The cells of a whole primary key, in its order. @throws TypeError */
export function keyCells(shape: TableShape, row: Row): Cell[] {
  return shape.primaryKey.map((column) => checkedCell(shape, column, row[column]));
}

/** Refuses columns that the table does not keep: a misspelt condition would otherwise hold silently. @throws TypeError */
export function checkColumns(shape: TableShape, columns: readonly string[]): void {
  for (const column of columns)
    if (!shape.columns.includes(column))
      throw new TypeError(`there is no column ${shape.table.name}.${column}`);
}

function checkTable(table: Table): void {
  const columns = Object.keys(table.columns);
  if (RESERVED.test(table.name) || table.name.includes('__'))
    throw new TypeError(`the name ${table.name} is the store's own`);
  for (const name of [table.name, ...columns])
    if (!IDENTIFIER.test(name)) throw new TypeError(`${name} is no name for a table or column`);
  if (table.primaryKey.length === 0) throw new TypeError(`${table.name} has no primary key`);
  const known = new Set(columns);
  for (const column of [...table.primaryKey, ...(table.nullable ?? []), ...(table.indexes ?? []).flat()])
    if (!known.has(column)) throw new TypeError(`${table.name} has no column ${column}`);
  if (table.primaryKey.some((column) => table.nullable?.includes(column) === true))
    throw new TypeError(`a key column of ${table.name} is nullable`);
  checkEntryText(table);
  checkPartition(table);
}

function checkEntryText({ name, columns, primaryKey, indexes, entryText }: Table): void {
  if (entryText === undefined) return;
  const { column, index } = entryText;
  const used = [...primaryKey, ...(indexes ?? []).flat()].includes(column);
  if (columns[column] !== 'text' || columns[index] !== 'integer' || used)
    throw new TypeError(`${name}.${column} is not the text of an entry`);
}

function checkPartition({ name, columns, primaryKey, partition }: Table): void {
  if (partition === undefined) return;
  const { column, characters } = partition;
  if (columns[column] !== 'text' || primaryKey[0] !== column || !(characters >= 1 && characters <= 8))
    throw new TypeError(`${name} cannot be parted by ${column}`);
}
