// Tables as SQL: the only file that writes statements over the rooms' tables. Names were checked by `Schema`.
import type { Row, Table } from '../ground/change.ts';
import { entryTable } from './database.ts';
import type { TableShape } from './schema.ts';

/** The statement of a shape, written once: one text is also found faster among the prepared ones. */
function once(write: (shape: TableShape) => string): (shape: TableShape) => string {
  const texts = new WeakMap<TableShape, string>();
  return (shape) => {
    let text = texts.get(shape);
    if (text === undefined) {
      text = write(shape);
      texts.set(shape, text);
    }
    return text;
  };
}

/** The statements that make a table and its indexes. */
export function createTable({ table, name: tableName, columns: kept }: TableShape): string[] {
  const key = table.primaryKey;
  const rowid = key.length === 1 && key[0] !== undefined && table.columns[key[0]] === 'integer';
  const columns = kept.map((name) => {
    const primary = rowid && name === key[0] ? ' PRIMARY KEY' : '';
    const type = table.columns[name]?.toUpperCase();
    return `${name} ${type}${table.nullable?.includes(name) === true ? '' : ' NOT NULL'}${primary}`;
  });
  if (!rowid) columns.push(`PRIMARY KEY (${key.join(', ')})`);
  const indexes = (table.indexes ?? []).map(
    (index) => `CREATE INDEX ${tableName}_by_${index.join('_')} ON ${tableName} (${index.join(', ')})`,
  );
  return [`CREATE TABLE ${tableName} (${columns.join(', ')}) STRICT`, ...indexes];
}

/** Inserts unless the key exists: then it changes no row, which is cheaper to see than an exception. */
export const insertRow = once(
  ({ name, columns }) =>
    `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${marks(columns)}) ON CONFLICT DO NOTHING`,
);

/** Overwrites the row in its place: `INSERT OR REPLACE` would delete it and write the row and its index entries anew. */
export const replaceRow = once(({ name, columns, primaryKey }) => {
  const others = columns.filter((column) => !primaryKey.includes(column));
  const change =
    others.length === 0
      ? 'NOTHING'
      : `UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${marks(columns)}) ON CONFLICT (${primaryKey.join(', ')}) DO ${change}`;
});

export const deleteRow = once(
  ({ table, name, primaryKey }) => `DELETE FROM ${name} WHERE ${equal(table, primaryKey)}`,
);

export const selectRow = once(
  (shape) => `SELECT ${selected(shape)} FROM ${shape.name} WHERE ${equal(shape.table, shape.primaryKey)}`,
);

export const countRows = once(({ name }) => `SELECT count(*) AS n FROM ${name}`);

/** Takes the oldest rows out of a table, as many as it is given. */
export const deleteSome = once(
  ({ name }) => `DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} LIMIT ?)`,
);

export const dropTable = once(({ name }) => `DROP TABLE ${name}`);

/** What a `find` binds, in this order: `where`, `atLeast`, `below`, the key of `after`, the limit. */
export interface Selection {
  readonly where: Row;
  readonly range?:
    | { readonly column: string; readonly atLeast: boolean; readonly below: boolean }
    | undefined;
  readonly after: boolean;
  readonly reverse: boolean;
}

export function selectRows(shape: TableShape, selection: Selection): string {
  const { table, name, primaryKey } = shape;
  const { where, range, after, reverse } = selection;
  const conditions = Object.keys(where).map((column) => equal(table, [column]));
  if (range?.atLeast === true) conditions.push(`${range.column} >= ?`);
  if (range?.below === true) conditions.push(`${range.column} < ?`);
  if (after) conditions.push(`(${primaryKey.join(', ')}) ${reverse ? '<' : '>'} (${marks(primaryKey)})`);
  const filter = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const order = primaryKey.map((column) => `${column} ${reverse ? 'DESC' : 'ASC'}`).join(', ');
  return `SELECT ${selected(shape)} FROM ${name}${filter} ORDER BY ${order} LIMIT ?`;
}

/** Each column of the declaration; the text of an entry comes from where the log keeps it. */
function selected({ table, name }: TableShape): string {
  const { entryText } = table;
  return Object.keys(table.columns)
    .map((column) =>
      column === entryText?.column
        ? `(SELECT CAST(stored AS TEXT) FROM ${entryTable(entryText.log)} WHERE idx = ${name}.${entryText.index}) AS ${column}`
        : column,
    )
    .join(', ');
}

// `IS`, so that null finds null; only where null can be, since `=` says more to the planner.
function equal(table: Table, columns: readonly string[]): string {
  return columns
    .map((column) => `${column} ${table.nullable?.includes(column) === true ? 'IS' : '='} ?`)
    .join(' AND ');
}

function marks(columns: readonly string[]): string {
  return columns.map(() => '?').join(', ');
}
