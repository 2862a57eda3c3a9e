// A backup becomes a yard again: one that serves and verifies, and never issues or appends.
import { chmodSync, copyFileSync, existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import { DATABASE_FILE, openWriting, Statements } from './database.ts';
import { failureCode, storeFailure } from './failure.ts';
import { makeDirectory, syncFile } from './files.ts';
import { migrate, migrationsFor } from './migrations.ts';
import { TABLES } from './schema.ts';
import { readTaken, writeRestoredFrom } from './state.ts';
import type { RestoredFrom } from './store.ts';
import { DurableTiles } from './tiles.ts';
import { Trees } from './trees.ts';

export interface RestoreOptions {
  readonly backupFile: string;
  /** Absent or empty. The caller copies the keys directory into it afterwards. */
  readonly directory: string;
  readonly clock: Clock;
  readonly tables?: typeof TABLES;
}

/**
 * Copies the backup into the directory and marks it as restored: what was issued or appended after the backup was
 * taken is unknown here, so appending would fork the logs, and issuing could repeat a serial.
 * @throws SealyardError `SY-STORE-NOT-EMPTY`, `SY-STORE-BACKUP-INVALID`, `SY-STORE-NEWER`, `SY-STORE-UNAVAILABLE`
 */
export async function restoreStore(options: RestoreOptions): Promise<RestoredFrom> {
  const { backupFile, directory } = options;
  if (!existsSync(backupFile)) throw new SealyardError('SY-STORE-BACKUP-INVALID', 'there is no such file');
  const file = join(directory, DATABASE_FILE);
  const partFile = `${file}.part`;
  try {
    makeDirectory(directory);
    if (readdirSync(directory).length > 0) throw new SealyardError('SY-STORE-NOT-EMPTY', directory);
    copyFileSync(backupFile, partFile);
    chmodSync(partFile, 0o600);
    const restored = markRestored(partFile, options);
    syncFile(partFile);
    renameSync(partFile, file);
    syncFile(file);
    return restored;
  } catch (error) {
    for (const rest of [partFile, `${partFile}-wal`, `${partFile}-shm`]) rmSync(rest, { force: true });
    if (failureCode(error) === 'SY-STORE-CORRUPT')
      throw new SealyardError('SY-STORE-BACKUP-INVALID', undefined, { cause: error });
    throw storeFailure(error);
  }
}

function markRestored(file: string, { clock, tables = TABLES }: RestoreOptions): RestoredFrom {
  const db = openWriting(file);
  try {
    const [check] = db.prepare('PRAGMA integrity_check').all();
    const isYard = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'store_state'").get() !== undefined;
    if (check?.['integrity_check'] !== 'ok' || !isYard) throw new SealyardError('SY-STORE-BACKUP-INVALID');
    migrate(db, migrationsFor(tables));
    const statements = new Statements(db);
    const takenAtMs = readTaken(statements);
    if (takenAtMs === undefined) throw new SealyardError('SY-STORE-BACKUP-INVALID', 'no backup of ours');
    // Recovers the trees, and so compares each stored root with the stored hashes.
    new Trees(statements);
    const tiles = new DurableTiles(statements);
    const size = (log: LogName): number => tiles.head(log).size;
    const restored = {
      takenAtMs,
      restoredAtMs: clock.now().getTime(),
      sizes: { certificate: size('certificate'), signature: size('signature'), audit: size('audit') },
    };
    writeRestoredFrom(statements, restored);
    db.exec('PRAGMA journal_mode = DELETE');
    return restored;
  } finally {
    db.close();
  }
}
