// What SQLite's and the system's errors mean to whoever asked: our fault, the disk's, or a refusal.
import { type Code, SealyardError } from '../ground/errors.ts';

/** SQLite result codes (sqlite.org/rescode.html), primary part. */
const SQLITE = {
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
};

const UNAVAILABLE = new Set([
  SQLITE.busy,
  SQLITE.locked,
  SQLITE.readOnly,
  SQLITE.ioError,
  SQLITE.full,
  SQLITE.cannotOpen,
]);
const CORRUPT = new Set([SQLITE.corrupt, SQLITE.notADatabase]);
/** Of the system: no space, quota, read-only file system, no permission, device error, too many files. */
const SYSTEM = new Set([
  'ENOSPC',
  'EDQUOT',
  'EROFS',
  'EACCES',
  'EPERM',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOTDIR',
]);

/** The primary SQLite result code of an error, where it is one. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}

/** Which of our codes an error of SQLite or of the file system is. */
export function failureCode(
  error: unknown,
): Extract<Code, 'SY-STORE-UNAVAILABLE' | 'SY-STORE-CORRUPT' | 'SY-INTERNAL'> {
  const code = sqliteCode(error);
  if (code !== undefined && UNAVAILABLE.has(code)) return 'SY-STORE-UNAVAILABLE';
  if (code !== undefined && CORRUPT.has(code)) return 'SY-STORE-CORRUPT';
  if (error instanceof Error && 'code' in error && SYSTEM.has(String(error.code)))
    return 'SY-STORE-UNAVAILABLE';
  if (error instanceof SealyardError && error.code === 'SY-STORE-CORRUPT') return 'SY-STORE-CORRUPT';
  return 'SY-INTERNAL';
}

/**
 * What to say of it: SQLite's own words for the code (`database or disk is full`) or the system's error name, which
 * name no row, no value and no path.
 */
export function failureDetail(error: unknown): string {
  if (error instanceof SealyardError) return error.detail ?? error.code;
  if (error instanceof Error && 'errstr' in error && typeof error.errstr === 'string') return error.errstr;
  if (error instanceof Error && 'code' in error) return String(error.code);
  return 'unexpected';
}

/** The error for whoever asked; one of our own passes as it is. */
export function storeFailure(error: unknown): SealyardError {
  if (error instanceof SealyardError) return error;
  const code = failureCode(error);
  return new SealyardError(code, failureDetail(error), { cause: error, ...retryOf(code) });
}

export function retryOf(code: Code): { retryAfterSeconds?: number } {
  return code === 'SY-STORE-UNAVAILABLE' || code === 'SY-STORE-BUSY' ? { retryAfterSeconds: 1 } : {};
}
