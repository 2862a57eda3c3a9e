// A log held in memory, by the book: every hash from the leaves up, no appender, so that it checks the other one.
import { emptyRoot, leafHash, nodeHash } from '../formats/merkle.ts';
import { TILE_WIDTH, tileWidth } from '../formats/tile.ts';
import { concat } from '../ground/bytes.ts';
import type { Leaf } from '../ground/change.ts';
import { inclusionPath, Ranges, rootHash } from '../log/path.ts';
import type { TreeHead } from '../log/ports.ts';
import { withIndex } from './plan.ts';

const TILE_HEIGHT = 8;

export class MemoryTree {
  readonly #hashes: Uint8Array[] = [];
  readonly #stored: Uint8Array[] = [];
  readonly #nodes = new Map<string, Uint8Array>();

  get size(): number {
    return this.#hashes.length;
  }

  append(leaf: Leaf): { index: number; leafHash: Uint8Array } {
    const index = this.size;
    const { hashed, stored } = withIndex(leaf, index);
    const hash = leafHash(hashed);
    this.#hashes.push(hash);
    this.#stored.push(stored.slice());
    return { index, leafHash: hash };
  }

  head(): TreeHead {
    const size = this.size;
    return { size, rootHash: size === 0 ? emptyRoot() : rootHash(size, this.#node) };
  }

  prove(index: number): Uint8Array[] {
    return inclusionPath(index, this.size, new Ranges(this.#node));
  }

  entry(index: number): Uint8Array | undefined {
    return this.#stored[index];
  }

  entries(index: number, width: number): Uint8Array[] | undefined {
    if (!this.#exists(0, index, width)) return undefined;
    return this.#stored.slice(index * TILE_WIDTH, index * TILE_WIDTH + width);
  }

  tile(level: number, index: number, width: number): Uint8Array | undefined {
    if (!this.#exists(level, index, width)) return undefined;
    const first = index * TILE_WIDTH;
    return concat(...Array.from({ length: width }, (_, i) => this.#node(level * TILE_HEIGHT, first + i)));
  }

  #exists(level: number, index: number, width: number): boolean {
    const counts = [level, index, width].every((n) => Number.isSafeInteger(n) && n >= 0);
    return counts && width >= 1 && width <= tileWidth(level, index, this.size);
  }

  /** RFC 6962 §2.1, complete subtrees only; each is hashed once. */
  readonly #node = (level: number, index: number): Uint8Array => {
    if (level === 0) {
      const hash = this.#hashes[index];
      if (hash === undefined) throw new TypeError(`no leaf ${index}`);
      return hash;
    }
    const key = `${level}/${index}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const hash = nodeHash(this.#node(level - 1, index * 2), this.#node(level - 1, index * 2 + 1));
    this.#nodes.set(key, hash);
    return hash;
  };
}
