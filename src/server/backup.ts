// A backup of a running yard: records, sealed keys and policy in one new folder, complete when it has its name.
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { Store } from '../store/store.ts';
import { codeOf, DATA, inData, readIfThere, syncDirectory, writePrivateFile } from './data-directory.ts';

/** The copy of the records in a backup folder; `restoreStore` reads it. */
export const BACKUP_RECORDS = 'records.db';

/**
 * Records first, keys after: a key that a record names was made before the record. The unlock secret is not in it,
 * since a backup travels and must not hold both the sealed keys and what opens them.
 * @returns the path of the folder
 * @throws SealyardError `SY-STORE-UNAVAILABLE`
 */
export async function backupYard(o: {
  readonly directory: string;
  readonly policyFile: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<string> {
  const stamp = o.clock
    .now()
    .toISOString()
    .replaceAll(/[-:]|\.\d+/g, '');
  const folder = join(inData(o.directory, 'backups'), `${stamp}-${toHex(o.random.bytes(4))}`);
  const part = `${folder}.part`;
  try {
    mkdirSync(part, { recursive: true, mode: 0o700 });
    await o.store.backup(join(part, BACKUP_RECORDS));
    copyKeys(inData(o.directory, 'keys'), join(part, DATA.keys));
    const policy = readIfThere(o.policyFile);
    if (policy !== undefined) writePrivateFile(join(part, DATA.policy), policy);
    syncDirectory(part);
    renameSync(part, folder);
    syncDirectory(inData(o.directory, 'backups'));
    return folder;
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    if (error instanceof SealyardError) throw error;
    throw new SealyardError('SY-STORE-UNAVAILABLE', codeOf(error), { cause: error });
  }
}

function copyKeys(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  for (const name of readdirSync(from))
    if (name.endsWith('.json')) copyFileSync(join(from, name), join(to, name));
  syncDirectory(to);
}
