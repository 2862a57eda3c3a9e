// The tree that the writer appends to: the right edge of an RFC 6962 tree in memory, tile by tile.
import { nodeHash } from '../formats/merkle.ts';
import { HASH_BYTES, TILE_WIDTH } from '../formats/tile.ts';
import { inclusionPath, Ranges, rootHash } from './path.ts';
import type { TreeHead } from './ports.ts';

/** Rows of nodes that a tile of 256 hashes implies below its root. */
const TILE_HEIGHT = 8;

/** A full tile: its 256 hashes, and its root, which is the hash that the level above holds for it. */
export interface FullTile {
  readonly level: number;
  readonly index: number;
  readonly hashes: Uint8Array;
  readonly root: Uint8Array;
}

/** What is needed to go on appending: the size, and the hashes of the partial tile of each level. */
export interface RightEdge {
  readonly size: number;
  /** Tile level → concatenated hashes of its last, partial tile; a level whose last tile is full has none. */
  readonly partial: readonly Uint8Array[];
}

/**
 * Appends leaf hashes and proves what it appended. Pure: the caller stores leaves and tiles, and after a failed
 * commit throws the appender away and makes another from what the disk holds.
 * A proof needs only tiles that the batch touched, which are at the right edge, so nothing is read back.
 */
export class TreeAppender {
  #size: number;
  readonly #edge: Tile[] = [];
  /** Tiles filled since the last `settle`, still needed for proofs of this batch. */
  #filled: Tile[] = [];
  #ranges: Ranges | undefined;

  constructor(edge: RightEdge) {
    this.#size = edge.size;
    let hashesAtLevel = edge.size;
    for (let level = 0; hashesAtLevel > 0; level++) {
      const tile = new Tile(level, Math.floor(hashesAtLevel / TILE_WIDTH));
      const partial = edge.partial[level] ?? new Uint8Array();
      if (partial.length !== (hashesAtLevel % TILE_WIDTH) * HASH_BYTES)
        throw new TypeError('the right edge is not that of a tree of this size');
      for (let at = 0; at < partial.length; at += HASH_BYTES)
        tile.push(partial.subarray(at, at + HASH_BYTES));
      this.#edge.push(tile);
      hashesAtLevel = Math.floor(hashesAtLevel / TILE_WIDTH);
    }
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf hash and answers its index. */
  append(leafHash: Uint8Array): number {
    this.#ranges = undefined;
    this.#push(0, leafHash);
    return this.#size++;
  }

  head(): TreeHead {
    return { size: this.#size, rootHash: rootHash(this.#size, this.#node) };
  }

  /** The inclusion proof at the present size of a leaf appended since the last `settle`. */
  prove(index: number): Uint8Array[] {
    this.#ranges ??= new Ranges(this.#node);
    return inclusionPath(index, this.#size, this.#ranges);
  }

  /** The tiles filled since the last `settle`. */
  filledTiles(): readonly FullTile[] {
    return this.#filled.map((tile) => tile.full());
  }

  /** Ends a batch: forgets what only its proofs needed. */
  settle(): void {
    this.#filled = [];
    this.#ranges = undefined;
  }

  #push(level: number, hash: Uint8Array): void {
    let tile = this.#edge[level];
    if (tile === undefined) {
      tile = new Tile(level, 0);
      this.#edge[level] = tile;
    }
    tile.push(hash);
    if (tile.width < TILE_WIDTH) return;
    this.#filled.push(tile);
    this.#edge[level] = new Tile(level, tile.index + 1);
    this.#push(level + 1, tile.root());
  }

  readonly #node = (level: number, index: number): Uint8Array => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const row = level % TILE_HEIGHT;
    const nodesInRow = TILE_WIDTH >> row;
    const tileIndex = Math.floor(index / nodesInRow);
    return this.#tile(tileLevel, tileIndex).node(row, index % nodesInRow);
  };

  #tile(level: number, index: number): Tile {
    const edge = this.#edge[level];
    if (edge?.index === index) return edge;
    const filled = this.#filled.find((tile) => tile.level === level && tile.index === index);
    if (filled === undefined) throw new TypeError('only leaves of the present batch can be proved here');
    return filled;
  }
}

/** One tile with its inner nodes, which are hashed as soon as both children are there. */
class Tile {
  readonly level: number;
  readonly index: number;
  /** Row 0 holds the tile's hashes, row 7 its last two nodes. */
  readonly #rows: Uint8Array[][] = Array.from({ length: TILE_HEIGHT }, () => []);

  constructor(level: number, index: number) {
    this.level = level;
    this.index = index;
  }

  get width(): number {
    return this.#row(0).length;
  }

  push(hash: Uint8Array): void {
    let node = hash;
    for (const row of this.#rows) {
      row.push(node);
      const left = row.at(-2);
      if (row.length % 2 !== 0 || left === undefined) return;
      node = nodeHash(left, node);
    }
  }

  node(row: number, at: number): Uint8Array {
    const hash = this.#row(row)[at];
    if (hash === undefined) throw new TypeError('the subtree is not complete');
    return hash;
  }

  /** The root of a full tile. */
  root(): Uint8Array {
    return nodeHash(this.node(TILE_HEIGHT - 1, 0), this.node(TILE_HEIGHT - 1, 1));
  }

  full(): FullTile {
    const hashes = new Uint8Array(TILE_WIDTH * HASH_BYTES);
    this.#row(0).forEach((hash, at) => {
      hashes.set(hash, at * HASH_BYTES);
    });
    return { level: this.level, index: this.index, hashes, root: this.root() };
  }

  #row(row: number): Uint8Array[] {
    const hashes = this.#rows[row];
    if (hashes === undefined) throw new TypeError('a tile has eight rows');
    return hashes;
  }
}
