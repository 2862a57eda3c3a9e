// Merkle trees: the known answers of RFC 6962's reference tree, and every proof of every small tree.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  emptyRoot,
  leafHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/formats/merkle.ts';
import { fromHex, toHex } from '../../src/ground/bytes.ts';
import { treeOf } from '../verify/world-tree.ts';

// The leaves and roots that the reference implementations of RFC 6962 test with.
const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const hashes = LEAVES.map((hex) => leafHash(fromHex(hex) ?? new Uint8Array()));
const many = Array.from({ length: 20 }, (_, i) => leafHash(Uint8Array.of(i)));

/** RFC 6962 §2.1.2, literally: PROOF(m, D[n]) = SUBPROOF(m, D[n], true). */
function consistency(m: number, leaves: readonly Uint8Array[], whole = true): Uint8Array[] {
  const n = leaves.length;
  if (m === n) return whole ? [] : [treeOf(leaves, 0).root];
  let k = 1;
  while (k * 2 < n) k *= 2;
  if (m <= k) return [...consistency(m, leaves.slice(0, k), whole), treeOf(leaves.slice(k), 0).root];
  return [...consistency(m - k, leaves.slice(k), false), treeOf(leaves.slice(0, k), 0).root];
}

suite('Merkle trees', () => {
  test('the known roots of the reference tree', () => {
    assert.equal(toHex(emptyRoot()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [i, root] of ROOTS.entries())
      assert.equal(toHex(treeOf(hashes.slice(0, i + 1), 0).root), root);
  });

  test('every leaf of every small tree is proved, at its index and no other', () => {
    for (let size = 1; size <= many.length; size++)
      for (let index = 0; index < size; index++) {
        const { root, proof } = treeOf(many.slice(0, size), index);
        const leaf = many[index] ?? new Uint8Array();
        const claim = { index, size, leafHash: leaf, proof, root };
        assert.ok(verifyInclusion(claim), `${index} of ${size}`);
        assert.ok(!verifyInclusion({ ...claim, index: index + 1 }));
        assert.ok(!verifyInclusion({ ...claim, leafHash: nodeHash(leaf, leaf) }));
        assert.ok(!verifyInclusion({ ...claim, proof: [...proof, root] }));
        if (proof.length > 0) assert.ok(!verifyInclusion({ ...claim, proof: proof.slice(1) }));
        if (proof.length > 0) assert.ok(!verifyInclusion({ ...claim, proof: proof.with(0, root) }));
      }
  });

  test('every pair of small trees is consistent, and no other claim of them is', () => {
    const root = (size: number): Uint8Array =>
      size === 0 ? emptyRoot() : treeOf(many.slice(0, size), 0).root;
    for (let secondSize = 1; secondSize <= many.length; secondSize++)
      for (let firstSize = 1; firstSize <= secondSize; firstSize++) {
        const proof = consistency(firstSize, many.slice(0, secondSize));
        const claim = {
          firstSize,
          secondSize,
          firstRoot: root(firstSize),
          secondRoot: root(secondSize),
          proof,
        };
        assert.ok(verifyConsistency(claim), `${firstSize} to ${secondSize}`);
        assert.ok(!verifyConsistency({ ...claim, firstRoot: emptyRoot() }));
        assert.ok(!verifyConsistency({ ...claim, secondRoot: emptyRoot() }));
        assert.ok(!verifyConsistency({ ...claim, proof: [...proof, emptyRoot()] }));
        if (proof.length > 0) assert.ok(!verifyConsistency({ ...claim, proof: proof.slice(0, -1) }));
      }
    assert.ok(
      verifyConsistency({
        firstSize: 0,
        secondSize: 5,
        firstRoot: emptyRoot(),
        secondRoot: root(5),
        proof: [],
      }),
    );
  });

  test('impossible sizes and hashes are no proof, and no exception', () => {
    const hash = many[0] ?? new Uint8Array();
    for (const [index, size] of [
      [0, 0],
      [-1, 1],
      [1, 1],
      [0.5, 1],
      [Number.NaN, 2],
      [0, 2 ** 60],
      [2 ** 53, 2 ** 54],
    ] as const)
      assert.equal(verifyInclusion({ index, size, leafHash: hash, proof: [], root: hash }), false);
    assert.ok(
      !verifyInclusion({ index: 0, size: 2, leafHash: hash, proof: [new Uint8Array(31)], root: hash }),
    );
    for (const [firstSize, secondSize] of [
      [2, 1],
      [-1, 1],
      [0, -1],
      [1.5, 2],
    ] as const)
      assert.equal(
        verifyConsistency({ firstSize, secondSize, firstRoot: hash, secondRoot: hash, proof: [] }),
        false,
      );
  });

  test('a proof that stops below the root of the size claimed is none, though the hashes fit', () => {
    const [a, b, c] = many;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    assert.ok(!verifyInclusion({ index: 0, size: 2, leafHash: a, proof: [], root: a }));
    const firstRoot = nodeHash(a, b);
    const claim = { firstSize: 2, firstRoot, secondRoot: nodeHash(firstRoot, c), proof: [c] };
    assert.ok(verifyConsistency({ ...claim, secondSize: 3 }));
    assert.ok(!verifyConsistency({ ...claim, secondSize: 5 }));
  });

  test('an endless proof ends with the tree', () => {
    const proof = Array.from({ length: 100_000 }, () => many[0] ?? new Uint8Array());
    const root = many[1] ?? new Uint8Array();
    const started = performance.now();
    assert.ok(!verifyInclusion({ index: 0, size: 2 ** 50, leafHash: root, proof, root }));
    assert.ok(performance.now() - started < 1_000);
  });
});
