// SQLite connections as the store uses them, and the tables that are its own.
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { LogName } from '../ground/change.ts';

export const DATABASE_FILE = 'yard.db';

/** Statements of the store's own tables: one entry table per log (append-only, so its B-tree grows at the end). */
export const OWN_TABLES: readonly string[] = [
  'CREATE TABLE store_state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
  'CREATE TABLE log_heads (log TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL) STRICT, WITHOUT ROWID',
  // `root` stands before `hashes`: a partial tile of the level above reads the roots of 256 rows and no overflow page.
  'CREATE TABLE log_tiles (log TEXT NOT NULL, level INTEGER NOT NULL, idx INTEGER NOT NULL, root BLOB NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (log, level, idx)) STRICT, WITHOUT ROWID',
  ...(['certificate', 'signature', 'audit'] satisfies LogName[]).map(
    (log) =>
      `CREATE TABLE ${entryTable(log)} (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, stored BLOB NOT NULL) STRICT`,
  ),
];

export function entryTable(log: LogName): string {
  return `log_entries_${log}`;
}

/** The one writing connection. A commit returns only when the WAL is synced. */
export function openWriting(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 1000 });
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA cache_size = -16384');
  db.exec('PRAGMA temp_store = MEMORY');
  // Folding the WAL back happens within a commit: often and little keeps the slowest ones short.
  db.exec('PRAGMA wal_autocheckpoint = 1000');
  db.exec('PRAGMA journal_size_limit = 67108864');
  return db;
}

/** A connection that cannot write; it sees a commit as soon as that is synced, and never before. */
export function openReading(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 1000 });
  db.exec('PRAGMA cache_size = -16384');
  return db;
}

/** Prepared statements by their text; the texts are made by our code, so there are few. */
export class Statements {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.db = db;
  }

  of(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const statement = this.db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }
}
