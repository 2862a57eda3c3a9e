// Merkle tree hashes and proofs (RFC 6962 §2.1, verified as RFC 9162 §2.1.3.2 and §2.1.4.2 write down).
import { createHash, hash } from 'node:crypto';
import { equalBytes } from '../ground/bytes.ts';

const LEAF = Uint8Array.of(0);
/** 0x01 and room for two hashes: an appended leaf costs up to twenty of these, so nothing is allocated for them. */
const NODE = new Uint8Array(65).fill(1, 0, 1);

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(LEAF).update(entry).digest());
}

/** SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // A proof may hold anything.
  if (left.length !== 32 || right.length !== 32) return sha256(Uint8Array.of(1), left, right);
  NODE.set(left, 1);
  NODE.set(right, 33);
  return new Uint8Array(hash('sha256', NODE, 'buffer'));
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return new Uint8Array(sum.digest());
}

/** The root of the empty tree: SHA-256 of nothing. A fresh copy each time, since callers may keep it. */
export function emptyRoot(): Uint8Array {
  return new Uint8Array(createHash('sha256').digest());
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether the leaf is at `index` of the tree of `size` leaves with this root (RFC 9162 §2.1.3.2). Never throws. */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, proof } = claim;
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let fn = BigInt(index);
  let sn = BigInt(size - 1);
  let hash = claim.leafHash;
  for (const sibling of proof) {
    if (sn === 0n || sibling.length !== 32) return false;
    if (fn % 2n === 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else hash = nodeHash(hash, sibling);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && equalBytes(hash, claim.root);
}

export interface ConsistencyClaim {
  readonly firstSize: number;
  readonly secondSize: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether the second tree only appends to the first (RFC 9162 §2.1.4.2). Never throws. */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { firstSize, secondSize, firstRoot, secondRoot, proof } = claim;
  if (!isCount(firstSize) || !isCount(secondSize) || firstSize > secondSize) return false;
  if (firstSize === secondSize) return proof.length === 0 && equalBytes(firstRoot, secondRoot);
  if (firstSize === 0) return proof.length === 0 && equalBytes(firstRoot, emptyRoot());
  if (proof.some((hash) => hash.length !== 32)) return false;
  // Where the first tree is a full subtree its root is not repeated in the proof.
  const path = isPowerOfTwo(firstSize) ? [firstRoot, ...proof] : proof;
  return walkConsistency(path, claim);
}

function walkConsistency(path: readonly Uint8Array[], claim: ConsistencyClaim): boolean {
  const [start, ...rest] = path;
  if (start === undefined || rest.length === 0) return false;
  let fn = BigInt(claim.firstSize - 1);
  let sn = BigInt(claim.secondSize - 1);
  while (fn % 2n === 1n) {
    fn >>= 1n;
    sn >>= 1n;
  }
  let first = start;
  let second = start;
  for (const hash of rest) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      first = nodeHash(hash, first);
      second = nodeHash(hash, second);
      while (fn % 2n === 0n && fn !== 0n) {
        fn >>= 1n;
        sn >>= 1n;
      }
    } else second = nodeHash(second, hash);
    fn >>= 1n;
    sn >>= 1n;
  }
  return sn === 0n && equalBytes(first, claim.firstRoot) && equalBytes(second, claim.secondRoot);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isPowerOfTwo(value: number): boolean {
  const big = BigInt(value);
  return (big & (big - 1n)) === 0n;
}
