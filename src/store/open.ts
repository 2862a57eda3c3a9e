// Opens a data directory: lock, migrations, writer thread, reader.
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Commit, Records, Table } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import { backupTo } from './backup.ts';
import { DATABASE_FILE, openReading, openWriting, Statements } from './database.ts';
import { storeFailure } from './failure.ts';
import { makeDirectory, syncFile } from './files.ts';
import { lockDirectory } from './lock.ts';
import { checkShape, migrate, migrationsFor, refuseNewer, versionOf } from './migrations.ts';
import { rowsOf } from './rows.ts';
import { Schema, TABLES } from './schema.ts';
import { readRestoredFrom } from './state.ts';
import type { RestoredFrom, Store, StoreCounters } from './store.ts';
import { DurableTiles } from './tiles.ts';
import { Writer } from './writer.ts';

export interface OpenOptions {
  /** The data directory; made with mode 0700 where absent. */
  readonly directory: string;
  readonly clock: Clock;
  /** Reads beside a running yard, takes no lock, commits nothing. */
  readonly readOnly?: boolean;
  /** In place of the product's tables: tests bring their own, which must include `events`. */
  readonly tables?: readonly Table[];
}

/**
 * Opens the store; a new directory becomes an empty one.
 * @throws SealyardError `SY-STORE-LOCKED`, `SY-STORE-NEWER`, `SY-STORE-SHAPE`, `SY-STORE-CORRUPT`, `SY-STORE-UNAVAILABLE`
 */
export async function openStore(options: OpenOptions): Promise<Store> {
  try {
    return options.readOnly === true ? openReader(options) : await openWriter(options);
  } catch (error) {
    throw storeFailure(error);
  }
}

async function openWriter({ directory, clock, tables = TABLES }: OpenOptions): Promise<Store> {
  makeDirectory(directory);
  const file = join(directory, DATABASE_FILE);
  const unlock = lockDirectory(directory);
  try {
    prepareDatabase(file, tables);
    const reader = readerOf(file, tables);
    try {
      // A restored yard has no writer at all: nothing in it can append.
      const writer =
        reader.restoredFrom === undefined
          ? await Writer.start({
              file,
              schema: reader.schema,
              onHeads: (heads) => {
                for (const [log, head] of heads) reader.tiles.remember(log, head);
              },
            })
          : undefined;
      return storeOf({ file, clock, reader, writer, unlock });
    } catch (error) {
      reader.db.close();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

function openReader({ directory, clock, tables = TABLES }: OpenOptions): Store {
  const file = join(directory, DATABASE_FILE);
  const reader = readerOf(file, tables);
  return storeOf({ file, clock, reader, writer: undefined, unlock: () => undefined });
}

function prepareDatabase(file: string, tables: readonly Table[]): void {
  const isNew = !existsSync(file);
  const db = openWriting(file);
  try {
    migrate(db, migrationsFor(tables));
  } finally {
    db.close();
  }
  if (!isNew) return;
  chmodSync(file, 0o600);
  syncFile(file);
}

interface Reader {
  readonly db: DatabaseSync;
  readonly schema: Schema;
  readonly records: Records;
  readonly tiles: DurableTiles;
  readonly restoredFrom: RestoredFrom | undefined;
}

function readerOf(file: string, tables: readonly Table[]): Reader {
  const db = openReading(file);
  try {
    refuseNewer(versionOf(db), migrationsFor(tables));
    const schema = new Schema(tables);
    checkShape(db, schema);
    const statements = new Statements(db);
    return {
      db,
      schema,
      records: rowsOf(statements, schema),
      tiles: new DurableTiles(statements),
      restoredFrom: readRestoredFrom(statements),
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

const NO_WRITES: StoreCounters = { commits: 0, failedCommits: 0, changes: 0, refusedChanges: 0, waiting: 0 };

const refuseCommit: Commit = async () => {
  throw new SealyardError('SY-STORE-READ-ONLY');
};

interface Parts {
  readonly file: string;
  readonly clock: Clock;
  readonly reader: Reader;
  readonly writer: Writer | undefined;
  readonly unlock: () => void;
}

function storeOf({ file, clock, reader, writer, unlock }: Parts): Store {
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // The reader first: the last connection to close folds the WAL into the database, and a reader cannot.
    const ended = writer?.drain() ?? Promise.resolve();
    await ended;
    reader.db.close();
    await writer?.close();
    unlock();
  };
  return {
    commit: writer?.commit ?? refuseCommit,
    records: reader.records,
    tiles: reader.tiles,
    state: reader.restoredFrom === undefined ? 'normal' : 'restored',
    restoredFrom: reader.restoredFrom,
    counters: () => writer?.counters() ?? NO_WRITES,
    dropPartitions: async (table, below) => {
      if (writer === undefined) throw new SealyardError('SY-STORE-READ-ONLY');
      return writer.drop(table, below);
    },
    backup: (toFile) => backupTo({ fromFile: file, toFile, takenAtMs: clock.now().getTime() }),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
