// Online backup: a consistent copy while the yard goes on, whole and synced before it has its name.
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { SealyardError } from '../ground/errors.ts';
import { openReading, openWriting, Statements } from './database.ts';
import { retryOf } from './failure.ts';
import { syncFile } from './files.ts';
import { writeTaken } from './state.ts';
import type { RefusalCode } from './wire.ts';

export interface CopyOrder {
  readonly fromFile: string;
  readonly toFile: string;
  readonly takenAtMs: number;
}

/**
 * Copies in a thread of its own, since it takes as long as the database is large.
 * Of the yard's secrets nothing is in the copy but what rows hold (token hashes): the keys directory is copied by the
 * caller, whose files are sealed and never change once written, so that any order will do.
 * @throws SealyardError `SY-STORE-UNAVAILABLE`, `SY-STORE-NOT-EMPTY` where the file exists, `SY-STORE-CORRUPT`
 */
export async function backupTo(order: CopyOrder): Promise<void> {
  if (existsSync(order.toFile)) throw new SealyardError('SY-STORE-NOT-EMPTY', 'the backup file exists');
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const worker = new Worker(new URL(`./backup-thread${extension}`, import.meta.url), {
    execArgv: [],
    workerData: order,
  });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', (answer: { done: true } | { done: false; code: RefusalCode; detail: string }) => {
      if (answer.done) resolve();
      else reject(new SealyardError(answer.code, answer.detail, retryOf(answer.code)));
    });
    worker.once('error', reject);
    worker.once('exit', () => reject(new SealyardError('SY-STORE-UNAVAILABLE', 'the backup ended early')));
  });
}

/** The thread's work. The file gets its name only when it is whole: a half copy is never taken for a backup. */
export function copyDatabase({ fromFile, toFile, takenAtMs }: CopyOrder): void {
  const partFile = `${toFile}.part`;
  try {
    rmSync(partFile, { force: true });
    const source = openReading(fromFile);
    try {
      // One read transaction, however much is committed meanwhile.
      source.prepare('VACUUM INTO ?').run(partFile);
    } finally {
      source.close();
    }
    markCopy(partFile, takenAtMs);
    chmodSync(partFile, 0o600);
    syncFile(partFile);
    renameSync(partFile, toFile);
    syncFile(toFile);
  } catch (error) {
    rmSync(partFile, { force: true });
    throw error;
  }
}

function markCopy(file: string, takenAtMs: number): void {
  const db = openWriting(file);
  try {
    const [check] = db.prepare('PRAGMA integrity_check').all();
    if (check?.['integrity_check'] !== 'ok')
      throw new SealyardError('SY-STORE-CORRUPT', 'integrity check of the copy');
    writeTaken(new Statements(db), takenAtMs);
    // One file, without a WAL beside it.
    db.exec('PRAGMA journal_mode = DELETE');
  } finally {
    db.close();
  }
}
