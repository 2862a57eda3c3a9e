// The durable trees, read on the caller's thread (the `TileReader` port of the log room).
import { emptyRoot } from '../formats/merkle.ts';
import { HASH_BYTES, TILE_WIDTH, tileWidth } from '../formats/tile.ts';
import { concat } from '../ground/bytes.ts';
import type { LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { TileReader, TreeHead } from '../log/ports.ts';
import { entryTable, type Statements } from './database.ts';

const REMEMBERED_ROOTS = 1024;

/** Reads tiles, and remembers the roots of recent commits as the writer reports them. */
export class DurableTiles implements TileReader {
  readonly #statements: Statements;
  readonly #recent = new Map<LogName, Map<number, Uint8Array>>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  head(log: LogName): TreeHead {
    const row = this.#statements.of('SELECT size, root FROM log_heads WHERE log = ?').get(log);
    if (row === undefined) return { size: 0, rootHash: emptyRoot() };
    return { size: integer(row['size']), rootHash: blob(row['root']) };
  }

  remember(log: LogName, head: TreeHead): void {
    const roots = this.#recent.get(log) ?? new Map<number, Uint8Array>();
    this.#recent.set(log, roots);
    roots.set(head.size, head.rootHash);
    for (const size of roots.keys()) {
      if (roots.size <= REMEMBERED_ROOTS) break;
      roots.delete(size);
    }
  }

  recentRoot(log: LogName, size: number): Uint8Array | undefined {
    return this.#recent.get(log)?.get(size);
  }

  tile(log: LogName, level: number, index: number, width: number): Uint8Array | undefined {
    if (!this.#exists(log, level, index, width)) return undefined;
    const full = this.#statements
      .of('SELECT hashes FROM log_tiles WHERE log = ? AND level = ? AND idx = ?')
      .get(log, level, index);
    if (full !== undefined) return blob(full['hashes']).subarray(0, width * HASH_BYTES);
    return concat(...this.#partial(log, level, index * TILE_WIDTH, width));
  }

  entries(log: LogName, index: number, width: number): Uint8Array[] | undefined {
    if (!this.#exists(log, 0, index, width)) return undefined;
    const first = index * TILE_WIDTH;
    const rows = this.#statements
      .of(`SELECT stored FROM ${entryTable(log)} WHERE idx >= ? AND idx < ? ORDER BY idx`)
      .all(first, first + width)
      .map((row) => blob(row['stored']));
    if (rows.length !== width)
      throw new SealyardError('SY-STORE-CORRUPT', `entries of the ${log} log are gone`);
    return rows;
  }

  entry(log: LogName, index: number): Uint8Array | undefined {
    if (!Number.isSafeInteger(index) || index < 0) return undefined;
    const row = this.#statements.of(`SELECT stored FROM ${entryTable(log)} WHERE idx = ?`).get(index);
    return row === undefined ? undefined : blob(row['stored']);
  }

  /** A partial tile is not stored: its hashes are those of the entries, or the roots of full tiles one level down. */
  #partial(log: LogName, level: number, first: number, width: number): Uint8Array[] {
    const rows =
      level === 0
        ? this.#statements
            .of(`SELECT hash AS h FROM ${entryTable(log)} WHERE idx >= ? AND idx < ? ORDER BY idx`)
            .all(first, first + width)
        : this.#statements
            .of(
              'SELECT root AS h FROM log_tiles WHERE log = ? AND level = ? AND idx >= ? AND idx < ? ORDER BY idx',
            )
            .all(log, level - 1, first, first + width);
    if (rows.length !== width)
      throw new SealyardError('SY-STORE-CORRUPT', `hashes of the ${log} log are gone`);
    return rows.map((row) => blob(row['h']));
  }

  /** Asked with numbers from a URL: anything that is no tile of the durable tree is absent. */
  #exists(log: LogName, level: number, index: number, width: number): boolean {
    if (![level, index, width].every((n) => Number.isSafeInteger(n) && n >= 0)) return false;
    if (level > 6 || width < 1) return false;
    return width <= tileWidth(level, index, this.head(log).size);
  }
}

function blob(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new SealyardError('SY-STORE-CORRUPT', 'a hash is no blob');
  return value;
}

function integer(value: unknown): number {
  if (typeof value !== 'number') throw new SealyardError('SY-STORE-CORRUPT', 'a size is no integer');
  return value;
}
