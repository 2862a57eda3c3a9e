// Merkle paths over any source of complete nodes (RFC 6962 §2.1): roots, inclusion and consistency proofs.
import { emptyRoot, nodeHash } from '../formats/merkle.ts';

/**
 * The hash of the complete subtree over leaves `index << level` to `(index + 1) << level`.
 * Asked only for subtrees that lie within the tree.
 */
export type NodeSource = (level: number, index: number) => Uint8Array;

/**
 * Hashes of leaf ranges in a tree of a fixed size. Complete ranges come from the source; the ragged ones at the right
 * edge are worked out once, so that a batch of proofs at one size shares them.
 */
export class Ranges {
  readonly #node: NodeSource;
  /** By their start, since all of them end where the tree does. */
  readonly #ragged = new Map<number, Uint8Array>();

  constructor(node: NodeSource) {
    this.#node = node;
  }

  /** The root of leaves `start` to `end`, where `start` is a multiple of the width rounded up to a power of two. */
  hash(start: number, end: number): Uint8Array {
    const width = end - start;
    const left = splitOf(width);
    if (width === left * 2 || width === 1) return this.#node(Math.log2(width), start / width);
    const known = this.#ragged.get(start);
    if (known !== undefined) return known;
    const hash = nodeHash(this.hash(start, start + left), this.hash(start + left, end));
    this.#ragged.set(start, hash);
    return hash;
  }
}

/** The root of the first `size` leaves. */
export function rootHash(size: number, node: NodeSource): Uint8Array {
  return size === 0 ? emptyRoot() : new Ranges(node).hash(0, size);
}

/** RFC 6962 §2.1.1 PATH(index, D[size]), from the leaf upwards. `0 <= index < size`. */
export function inclusionPath(index: number, size: number, ranges: Ranges): Uint8Array[] {
  const path: Uint8Array[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitOf(end - start);
    if (index < middle) {
      path.push(ranges.hash(middle, end));
      end = middle;
    } else {
      path.push(ranges.hash(start, middle));
      start = middle;
    }
  }
  return path.reverse();
}

/** RFC 6962 §2.1.2 PROOF(first, D[second]). `0 < first <= second`; empty for `first === second`. */
export function consistencyPath(first: number, second: number, ranges: Ranges): Uint8Array[] {
  const path: Uint8Array[] = [];
  let start = 0;
  let end = second;
  // SUBPROOF's flag is true as long as the range began at 0: then the verifier knows the old root itself.
  while (first !== end) {
    const middle = start + splitOf(end - start);
    if (first <= middle) {
      path.push(ranges.hash(middle, end));
      end = middle;
    } else {
      path.push(ranges.hash(start, middle));
      start = middle;
    }
  }
  if (start !== 0) path.push(ranges.hash(start, end));
  return path.reverse();
}

/** The largest power of two smaller than `width`; 0 for a width of one. */
function splitOf(width: number): number {
  // Not bit shifts: a tree may pass 2^31 leaves.
  return width <= 1 ? 0 : 2 ** Math.floor(Math.log2(width - 1));
}
