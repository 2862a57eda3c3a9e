// The data directory itself: ours alone, and the small secret files in it written whole or not at all.
import { Buffer } from 'node:buffer';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SealyardError } from '../ground/errors.ts';

/** Names in the data directory that the server owns; records and lock are the store's. */
export const DATA = {
  keys: 'keys',
  policy: 'policy.yaml',
  bootstrapToken: 'admin-token',
  unlockSecret: 'unlock-secret',
  backups: 'backups',
  /** OCI layout folders that image references may name. */
  images: 'images',
} as const;

/**
 * The absolute path of a directory that only this user can enter; made where absent.
 * @throws SealyardError `SY-SERVER-DATA-DIRECTORY`
 */
export function openDataDirectory(path: string): string {
  const directory = resolve(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const found = statSync(directory);
    if (!found.isDirectory()) throw refusal(directory, 'it is no directory');
    if (process.getuid !== undefined && found.uid !== process.getuid())
      throw refusal(directory, 'it belongs to another user');
    if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700);
    return directory;
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    throw refusal(directory, codeOf(error), error);
  }
}

/** Writes a file with mode 0600: content and name are on disk when it returns. */
export function writePrivateFile(path: string, content: string): void {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  const file = openSync(part, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  syncDirectory(dirname(path));
}

/** Makes names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The text of a file, `undefined` where there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The text of a file or pipe of at most so many bytes, `undefined` of a longer one: a device says that it is empty. */
export function readAtMost(path: string, maxBytes: number): string | undefined {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(maxBytes + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    return length > maxBytes ? undefined : bytes.toString('utf8', 0, length);
  } finally {
    closeSync(file);
  }
}

export function inData(directory: string, name: keyof typeof DATA): string {
  return join(directory, DATA[name]);
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'failed';
}

function refusal(directory: string, why: string, cause?: unknown): SealyardError {
  return new SealyardError('SY-SERVER-DATA-DIRECTORY', `${directory}: ${why}`, { cause });
}
