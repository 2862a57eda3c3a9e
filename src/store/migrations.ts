// Numbered migrations, forward only, and the check that what they left is what this release works on.
import type { DatabaseSync } from 'node:sqlite';
import type { Table } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { OWN_TABLES, Statements } from './database.ts';
import { Partitions } from './partitions.ts';
import { Schema, type TableShape } from './schema.ts';
import { createTable } from './sql.ts';

/** One step. `number` is what the database's `user_version` says once it is done. */
export interface Migration {
  readonly number: number;
  readonly statements: readonly string[];
}

/**
 * The steps to today's tables. Until the first release there is one, made from the declarations; a release freezes it
 * as text, and later changes of a declaration come with a step of their own (the check below notices one without).
 */
export function migrationsFor(tables: readonly Table[]): readonly Migration[] {
  return [{ number: 1, statements: [...OWN_TABLES, ...new Schema(tables).shapes.flatMap(tablesOf)] }];
}

/**
 * Brings the database forward, each step in a transaction of its own.
 * @throws SealyardError `SY-STORE-NEWER`
 */
export function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  const current = versionOf(db);
  refuseNewer(current, migrations);
  for (const { number, statements } of migrations) {
    if (number <= current) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      for (const statement of statements) db.exec(statement);
      db.exec(`PRAGMA user_version = ${number}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** @throws SealyardError `SY-STORE-NEWER` */
export function refuseNewer(version: number, migrations: readonly Migration[]): void {
  const latest = Math.max(0, ...migrations.map(({ number }) => number));
  if (version > latest)
    throw new SealyardError('SY-STORE-NEWER', `schema ${version}, this release knows ${latest}`);
}

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** @throws SealyardError `SY-STORE-SHAPE` where a declared table or column is not there, or an undeclared one is */
export function checkShape(db: DatabaseSync, schema: Schema): void {
  const partitions = new Partitions(new Statements(db));
  for (const shape of schema.shapes) {
    const declared = shape.columns.map((name) => `${name} ${shape.table.columns[name]}`).sort();
    const kept = shape.table.partition === undefined ? [shape] : partitions.list(shape);
    for (const { name } of kept) {
      const found = db.prepare('SELECT name, lower(type) AS type FROM pragma_table_info(?)').all(name);
      const actual = found.map((row) => `${row['name']} ${row['type']}`).sort();
      if (actual.join() !== declared.join()) throw new SealyardError('SY-STORE-SHAPE', `table ${name}`);
    }
  }
}

/** A table that is kept in parts comes to be part by part, with the first row of each. */
function tablesOf(shape: TableShape): string[] {
  return shape.table.partition === undefined ? createTable(shape) : [];
}
