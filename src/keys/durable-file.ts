// Files that are whole or absent after a crash: written aside, synced, renamed, and the directory synced.
import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';

/** Makes the directory, or narrows it, to mode 0700. */
export async function privateDirectory(directory: string): Promise<void> {
  await available(async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // An existing directory keeps its mode, and the umask may have cut ours.
    await chmod(directory, 0o700);
  });
}

/** Writes a file of mode 0600. A crash leaves the old content, the new one, or a temporary file that nobody reads. */
export async function writeDurably(path: string, bytes: Uint8Array, random: Random): Promise<void> {
  await available(async () => {
    const aside = `${path}.${toHex(random.bytes(6))}.tmp`;
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, path);
    await syncDirectory(dirname(path));
  });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The file's bytes, `undefined` where there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return available(async () => {
    try {
      return await readFile(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  });
}

/** Runs file work; what the system refuses becomes a coded error that names the reason and no path's content. */
export async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new SealyardError('SY-KEYS-UNAVAILABLE', code, { cause: error });
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    /^E[A-Z]+$/.test(error.code)
    ? error.code
    : undefined;
}
