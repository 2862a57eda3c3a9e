// The writer's three trees over its connection: recovered from disk, appended to in memory, written in the transaction.
import { leafHash } from '../formats/merkle.ts';
import { TILE_WIDTH, tileWidth } from '../formats/tile.ts';
import { equalBytes } from '../ground/bytes.ts';
import type { Leaf, LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { TreeHead } from '../log/ports.ts';
import { TreeAppender } from '../log/tree.ts';
import { entryTable, type Statements } from './database.ts';
import { withIndex } from './plan.ts';
import { LOG_NAMES } from './schema.ts';
import { DurableTiles } from './tiles.ts';

/**
 * Owned by the writer thread. Between transactions memory equals disk: after a failed one, `recover` again.
 */
export class Trees {
  readonly #statements: Statements;
  readonly #appenders = new Map<LogName, TreeAppender>();
  #touched = new Set<LogName>();

  constructor(statements: Statements) {
    this.#statements = statements;
    this.recover();
  }

  /**
   * Reads the right edges again, whatever a failed commit left.
   * @throws SealyardError `SY-STORE-CORRUPT` where the stored root is not that of the stored hashes
   */
  recover(): void {
    this.#touched = new Set();
    const tiles = new DurableTiles(this.#statements);
    for (const log of LOG_NAMES) {
      const head = tiles.head(log);
      const appender = new TreeAppender({ size: head.size, partial: rightEdge(tiles, log, head.size) });
      if (!equalBytes(appender.head().rootHash, head.rootHash))
        throw new SealyardError('SY-STORE-CORRUPT', `the root of the ${log} log is not that of its entries`);
      this.#appenders.set(log, appender);
    }
  }

  /** The index that the next leaf of a log gets. */
  next(log: LogName): number {
    return this.#appender(log).size;
  }

  /** Writes the entry and adds it to the tree. */
  append(leaf: Leaf): { index: number; leafHash: Uint8Array } {
    const appender = this.#appender(leaf.log);
    const { hashed, stored } = withIndex(leaf, appender.size);
    const hash = leafHash(hashed);
    this.#statements
      .of(`INSERT INTO ${entryTable(leaf.log)} (idx, hash, stored) VALUES (?, ?, ?)`)
      .run(appender.size, hash, stored);
    this.#touched.add(leaf.log);
    return { index: appender.append(hash), leafHash: hash };
  }

  /** Writes filled tiles and new heads; the last thing before the commit. */
  flush(): Map<LogName, TreeHead> {
    const heads = new Map<LogName, TreeHead>();
    for (const log of this.#touched) {
      const appender = this.#appender(log);
      for (const tile of appender.filledTiles())
        this.#statements
          .of('INSERT INTO log_tiles (log, level, idx, root, hashes) VALUES (?, ?, ?, ?, ?)')
          .run(log, tile.level, tile.index, tile.root, tile.hashes);
      const head = appender.head();
      this.#statements
        .of('INSERT OR REPLACE INTO log_heads (log, size, root) VALUES (?, ?, ?)')
        .run(log, head.size, head.rootHash);
      heads.set(log, head);
    }
    return heads;
  }

  /** A proof at the size after `flush`, for a leaf of this transaction. */
  prove(log: LogName, index: number): Uint8Array[] {
    return this.#appender(log).prove(index);
  }

  /** Ends a transaction that was committed. */
  settle(): void {
    for (const log of this.#touched) this.#appender(log).settle();
    this.#touched = new Set();
  }

  #appender(log: LogName): TreeAppender {
    const appender = this.#appenders.get(log);
    if (appender === undefined) throw new TypeError(`no ${log} log`);
    return appender;
  }
}

/** The hashes of the last, partial tile of each level. */
function rightEdge(tiles: DurableTiles, log: LogName, size: number): Uint8Array[] {
  const partial: Uint8Array[] = [];
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const index = Math.floor(hashes / TILE_WIDTH);
    const width = tileWidth(level, index, size);
    partial.push((width === 0 ? undefined : tiles.tile(log, level, index, width)) ?? new Uint8Array());
  }
  return partial;
}
