// A Merkle tree by its definition, and the witnesses that cosign its checkpoints.
import { nodeHash } from '../../src/formats/merkle.ts';
import { type NoteSignature, noteKeyId } from '../../src/formats/note.ts';
import { concat, toBase64, toHex, toUtf8 } from '../../src/ground/bytes.ts';
import { type Key, signWith } from './world-keys.ts';

/** When everything in a test's world was signed. */
export const SIGNED_AT = new Date('2026-03-01T12:00:00Z');

export function witnessKey(witness: { readonly name: string; readonly key: Key }): string {
  const key = witness.key.spki.slice(-32);
  const hint = toHex(noteKeyId(witness.name, 4, key).slice(0, 4));
  return `${witness.name}+${hint}+${toBase64(concat(Uint8Array.of(4), key))}`;
}

export function cosign(witness: { readonly name: string; readonly key: Key }, text: string): NoteSignature {
  const time = BigInt(SIGNED_AT.getTime() / 1000);
  const timeBytes = new Uint8Array(8);
  new DataView(timeBytes.buffer).setBigUint64(0, time);
  const signature = signWith(witness.key, toUtf8(`cosignature/v1\ntime ${time}\n${text}`));
  return {
    name: witness.name,
    keyHint: noteKeyId(witness.name, 4, witness.key.spki.slice(-32)).slice(0, 4),
    signature: concat(timeBytes, signature),
  };
}

/** RFC 6962 §2.1 written down literally: the definition, not the algorithm under test. */
export function treeOf(
  leaves: readonly Uint8Array[],
  index: number,
): { root: Uint8Array; proof: Uint8Array[] } {
  const [only] = leaves;
  if (only === undefined) throw new TypeError('an empty tree');
  if (leaves.length === 1) return { root: only, proof: [] };
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const left = treeOf(leaves.slice(0, k), Math.min(index, k - 1));
  const right = treeOf(leaves.slice(k), Math.max(0, index - k));
  const root = nodeHash(left.root, right.root);
  return { root, proof: index < k ? [...left.proof, right.root] : [...right.proof, left.root] };
}
