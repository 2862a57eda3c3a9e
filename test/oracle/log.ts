// The oracle of the logs: re-verifies a whole tree from its entries, with hashes computed here and nowhere else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { verifyConsistency, verifyInclusion } from '../../src/formats/merkle.ts';
import { tileWidth } from '../../src/formats/tile.ts';
import { concat, equalBytes } from '../../src/ground/bytes.ts';
import type { LogName } from '../../src/ground/change.ts';
import type { TileReader, TreeHead } from '../../src/log/ports.ts';
import { proveConsistency, proveInclusion } from '../../src/log/proofs.ts';

export interface LogCheck {
  readonly tiles: TileReader;
  readonly log: LogName;
  /** The tree must hold at least so many entries. */
  readonly atLeast?: number;
  /** Heads seen before: in receipts and checkpoints, before and after a crash. */
  readonly seen?: readonly TreeHead[];
  /** What the tree hashes of a stored entry; by default the same bytes (the certificate log's differ). */
  readonly hashedOf?: (stored: Uint8Array, index: number) => Uint8Array;
  /** Inclusion is proved for each entry of small logs, and for about so many of large ones. */
  readonly proofs?: number;
}

/** Every entry, leaf hash, tile, the root, inclusion and consistency with each head seen. Throws on the first fault. */
export function checkLog(check: LogCheck): TreeHead {
  const { tiles, log, hashedOf = (stored: Uint8Array) => stored } = check;
  const head = tiles.head(log);
  assert.ok(
    head.size >= (check.atLeast ?? 0),
    `${log}: ${head.size} entries, ${check.atLeast} were acknowledged`,
  );
  const entries = allEntries(tiles, log, head.size);
  const leaves = entries.map((stored, index) => sha256(Uint8Array.of(0), hashedOf(stored, index)));
  checkTiles(tiles, log, leaves);
  assert.deepEqual(head.rootHash, treeHash(leaves), `${log}: root`);
  checkInclusion(check, leaves, head);
  for (const seen of check.seen ?? []) checkSeen(check, leaves, head, seen);
  return head;
}

function allEntries(tiles: TileReader, log: LogName, size: number): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let index = 0; entries.length < size; index++) {
    const bundle = tiles.entries(log, index, tileWidth(0, index, size));
    assert.ok(bundle !== undefined, `${log}: entry bundle ${index}`);
    entries.push(...bundle);
  }
  assert.equal(entries.length, size);
  assert.equal(tiles.entry(log, size), undefined, `${log}: an entry beyond the head`);
  if (size > 0) assert.deepEqual(tiles.entry(log, size - 1), entries[size - 1]);
  return entries;
}

function checkTiles(tiles: TileReader, log: LogName, leaves: readonly Uint8Array[]): void {
  let hashes = leaves;
  for (let level = 0; hashes.length > 0; level++) {
    for (let index = 0; index * 256 < hashes.length; index++) {
      const expected = hashes.slice(index * 256, index * 256 + 256);
      const tile = tiles.tile(log, level, index, expected.length);
      assert.ok(
        tile !== undefined && equalBytes(tile, concat(...expected)),
        `${log}: tile ${level}/${index}`,
      );
    }
    assert.equal(
      tiles.tile(log, level, Math.floor(hashes.length / 256), (hashes.length % 256) + 1),
      undefined,
    );
    const full = Math.floor(hashes.length / 256);
    hashes = Array.from({ length: full }, (_, i) => treeHash(hashes.slice(i * 256, i * 256 + 256)));
  }
}

function checkInclusion(
  { tiles, log, proofs = 100 }: LogCheck,
  leaves: readonly Uint8Array[],
  head: TreeHead,
): void {
  // An odd step, so that the chosen ones are not all left children.
  const step = leaves.length <= proofs ? 1 : Math.floor(leaves.length / proofs) | 1;
  leaves.forEach((leafHash, index) => {
    if (index % step !== 0 && index < leaves.length - 2) return;
    const proof = proveInclusion(tiles, log, index, head.size);
    const claim = { index, size: head.size, leafHash, proof, root: head.rootHash };
    assert.ok(verifyInclusion(claim), `${log}: inclusion of ${index} in ${head.size}`);
  });
}

function checkSeen(
  { tiles, log }: LogCheck,
  leaves: readonly Uint8Array[],
  head: TreeHead,
  seen: TreeHead,
): void {
  assert.ok(seen.size <= head.size, `${log}: the tree of ${seen.size} entries went back to ${head.size}`);
  assert.deepEqual(
    seen.rootHash,
    treeHash(leaves.slice(0, seen.size)),
    `${log}: another root at ${seen.size}`,
  );
  const claim = {
    firstSize: seen.size,
    secondSize: head.size,
    firstRoot: seen.rootHash,
    secondRoot: head.rootHash,
    proof: proveConsistency(tiles, log, seen.size, head.size),
  };
  assert.ok(verifyConsistency(claim), `${log}: consistency of ${seen.size} with ${head.size}`);
}

/** RFC 6962 §2.1 MTH, word for word. */
export function treeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return sha256();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Uint8Array.of(1), treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
