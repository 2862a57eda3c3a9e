// Writing tar archives (POSIX ustar) whose bytes depend on nothing but their content.
import { concat, toUtf8 } from '../ground/bytes.ts';

export interface LayerFile {
  /** Relative, with forward slashes, no `.` or `..`; at most 255 octets as ustar can split them. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Permission bits; default 0o644. */
  readonly mode?: number;
}

const BLOCK = 512;

/** Files in the order of their paths, each preceded by its directories. @throws TypeError for a path that cannot be written */
export function tarOf(files: readonly LayerFile[]): Uint8Array {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const parts: Uint8Array[] = [];
  const directories = new Set<string>();
  for (const file of sorted) {
    checkPath(file.path);
    for (const directory of parents(file.path)) {
      if (directories.has(directory)) continue;
      directories.add(directory);
      parts.push(header({ path: `${directory}/`, size: 0, mode: 0o755, type: '5' }));
    }
    parts.push(header({ path: file.path, size: file.bytes.length, mode: file.mode ?? 0o644, type: '0' }));
    parts.push(file.bytes, new Uint8Array((BLOCK - (file.bytes.length % BLOCK)) % BLOCK));
  }
  return concat(...parts, new Uint8Array(2 * BLOCK));
}

function parents(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}

function checkPath(path: string): void {
  const names = path.split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..') || path.includes('\0'))
    throw new TypeError(`not a path within a layer: ${JSON.stringify(path)}`);
}

interface Entry {
  readonly path: string;
  readonly size: number;
  readonly mode: number;
  /** `0` file, `5` directory. */
  readonly type: '0' | '5';
}

/** Owner root, time zero: what varies between machines stays out, so that equal files give an equal digest. */
function header(entry: Entry): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const { name, prefix } = splitPath(entry.path);
  const put = (at: number, bytes: Uint8Array): void => block.set(bytes, at);
  put(0, name);
  put(100, octal(entry.mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(entry.size, 11));
  put(136, octal(0, 11));
  put(148, toUtf8('        '));
  put(156, toUtf8(entry.type));
  put(257, toUtf8('ustar\u000000'));
  put(345, prefix);
  const sum = block.reduce((total, octet) => total + octet, 0);
  put(148, toUtf8(`${sum.toString(8).padStart(6, '0')}\u0000 `));
  return block;
}

/** ustar keeps 100 octets of name and 155 of directory, split at a slash. */
function splitPath(path: string): { name: Uint8Array; prefix: Uint8Array } {
  for (let at = 0; at !== -1; at = path.indexOf('/', at + 1)) {
    const prefix = toUtf8(path.slice(0, at));
    const name = toUtf8(at === 0 ? path : path.slice(at + 1));
    if (name.length > 0 && name.length <= 100 && prefix.length <= 155) return { name, prefix };
  }
  throw new TypeError(`a path too long for a layer: ${JSON.stringify(path)}`);
}

function octal(value: number, digits: number): Uint8Array {
  const text = value.toString(8).padStart(digits, '0');
  if (text.length > digits) throw new TypeError('a number too large for a tar header');
  return toUtf8(text);
}
