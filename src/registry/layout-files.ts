// Files of an OCI layout folder: bounded reads, writes that are whole or absent, and a lock against lost updates.
import { constants } from 'node:fs';
import { type FileHandle, link, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SealyardError } from '../ground/errors.ts';

const LOCK_NAME = 'index.json.lock';
const LOCK_WAIT_MS = 25;
const LOCK_ATTEMPTS = 400;
// A writer holds the lock for milliseconds; one this old died with it.
const STALE_LOCK_MS = 10_000;

let temporaries = 0;

/** A regular file of at most `maxBytes`; `undefined` where there is none. @throws SealyardError `SY-REGISTRY-TOO-LARGE`, `SY-REGISTRY-LAYOUT` */
export async function readBounded(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  let file: FileHandle;
  try {
    // Without O_NONBLOCK a pipe planted in the folder would block a thread for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw new SealyardError('SY-REGISTRY-LAYOUT', codeOf(error), { cause: error });
  }
  try {
    const info = await file.stat();
    if (!info.isFile()) throw new SealyardError('SY-REGISTRY-LAYOUT', 'not a regular file');
    if (info.size > maxBytes)
      throw new SealyardError('SY-REGISTRY-TOO-LARGE', `a file of ${info.size} bytes`);
    const bytes = new Uint8Array(info.size);
    const { bytesRead } = await file.read(bytes, 0, info.size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

export async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/** Writes beside, syncs, and renames: a crash leaves the old file or the new one. @throws SealyardError `SY-REGISTRY-LAYOUT` */
export async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const temporary = `${path}.${process.pid}.${temporaries++}.tmp`;
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw new SealyardError('SY-REGISTRY-LAYOUT', codeOf(error), { cause: error });
  }
}

/** Runs `work` while no other process changes the folder's index. @throws SealyardError `SY-REGISTRY-LAYOUT` */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, LOCK_NAME);
  await mkdir(folder, { recursive: true });
  await takeLock(path);
  try {
    return await work();
  } finally {
    await unlink(path).catch(() => {});
  }
}

async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    try {
      await (await open(path, 'wx', 0o644)).close();
      return;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw new SealyardError('SY-REGISTRY-LAYOUT', codeOf(error));
    }
    if (attempt % 40 === 39) await breakStaleLock(path);
    await sleep(LOCK_WAIT_MS);
  }
  throw new SealyardError('SY-REGISTRY-LAYOUT', `${LOCK_NAME} is held by another program`);
}

/** Ages are compared on the folder's own clock, by a file made now. Two breakers cannot both win: rename is once. */
async function breakStaleLock(path: string): Promise<void> {
  const mark = `${path}.${process.pid}.${temporaries++}`;
  try {
    await (await open(mark, 'wx', 0o644)).close();
    const [held, present] = await Promise.all([stat(path), stat(mark)]);
    if (present.mtimeMs - held.mtimeMs < STALE_LOCK_MS) return;
    await rename(path, mark);
    const taken = await stat(mark);
    // Between the look and the rename its owner may have changed: put a fresh lock back.
    if (taken.mtimeMs !== held.mtimeMs) await link(mark, path).catch(() => {});
  } catch {
    // The lock went away meanwhile, which is all that we want.
  } finally {
    await unlink(mark).catch(() => {});
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'cannot be used';
}
