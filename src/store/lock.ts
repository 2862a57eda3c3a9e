// One process per data directory: a lock that the kernel lets go of when the process dies, however it dies.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SealyardError } from '../ground/errors.ts';
import { sqliteCode, storeFailure } from './failure.ts';

const BUSY = 5;

/**
 * Holds the directory until the answer is called. The lock is SQLite's exclusive lock on an empty database of its own
 * (a POSIX record lock, released with the process), so that readers of the yard's database are not kept out.
 * @throws SealyardError `SY-STORE-LOCKED`, `SY-STORE-UNAVAILABLE`
 */
export function lockDirectory(directory: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(directory, 'yard.lock'), { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock?.close();
    if (sqliteCode(error) === BUSY) throw new SealyardError('SY-STORE-LOCKED', directory);
    throw storeFailure(error);
  }
  const held = lock;
  return () => held.close();
}
