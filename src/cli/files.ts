// Reading and writing the files that a person names: bounded, `-` is a standard stream, secrets get mode 0600.
import {
  closeSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { concat, fromUtf8, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';

const CHUNK_BYTES = 64 * 1024;

/** Bytes of a file or of standard input (`-`). @throws SealyardError `SY-CLI-FILE` */
export function readBytes(path: string, maxBytes: number): Uint8Array {
  try {
    if (path === '-') return readBounded(0, maxBytes, 'standard input');
    const file = openSync(path, 'r');
    try {
      return readBounded(file, maxBytes, path);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw asFileError(error, path);
  }
}

/** UTF-8 text of a file or of standard input. @throws SealyardError `SY-CLI-FILE` */
export function readText(path: string, maxBytes: number): string {
  const text = fromUtf8(readBytes(path, maxBytes));
  if (text === undefined) throw new SealyardError('SY-CLI-FILE', `${path} is not UTF-8 text`);
  return text;
}

/** The text, or `undefined` where there is no such file. */
export function readTextIfPresent(path: string, maxBytes: number): string | undefined {
  try {
    statSync(path);
  } catch {
    return undefined;
  }
  return readText(path, maxBytes);
}

/**
 * Writes a file so that a crash leaves the old one or the new one: temporary file, fsync, rename, fsync of the folder.
 * `-` is standard output.
 */
export function writeFileDurably(path: string, data: string | Uint8Array, mode: number): void {
  const bytes = typeof data === 'string' ? toUtf8(data) : data;
  if (path === '-') {
    process.stdout.write(bytes);
    return;
  }
  const temporary = `${path}.${process.pid}.new`;
  try {
    if (isDevice(path)) {
      writeFileSync(path, bytes);
      return;
    }
    writeSynced(temporary, bytes, mode);
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw asFileError(error, path);
  }
}

/** A pipe, a terminal or /dev/null is written to; a rename would put a file in its place. */
function isDevice(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

function writeSynced(path: string, bytes: Uint8Array, mode: number): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', mode);
  try {
    let offset = 0;
    while (offset < bytes.length) offset += writeSync(file, bytes, offset);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Counts what it reads: a device or a pipe has the size 0 and no end. */
function readBounded(file: number, maxBytes: number, name: string): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const read = readSync(file, chunk);
    if (read === 0) return concat(...chunks);
    total += read;
    if (total > maxBytes) throw new SealyardError('SY-CLI-FILE', `${name} is larger than ${maxBytes} bytes`);
    chunks.push(chunk.subarray(0, read));
  }
}

function asFileError(error: unknown, path: string): SealyardError {
  if (error instanceof SealyardError) return error;
  const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return new SealyardError('SY-CLI-FILE', `${path}: ${reason}`, { cause: error });
}
