// The appender and the proofs, against the published vectors and against RFC 6962 §2.1 word for word.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leafHash, verifyConsistency, verifyInclusion } from '../../src/formats/merkle.ts';
import { concat, fromHex, toHex, toUtf8 } from '../../src/ground/bytes.ts';
import { consistencyPath, inclusionPath, Ranges } from '../../src/log/path.ts';
import { type RightEdge, TreeAppender } from '../../src/log/tree.ts';
import { treeHash } from '../oracle/log.ts';

const EMPTY: RightEdge = { size: 0, partial: [] };
const leafAt = (index: number) => leafHash(toUtf8(`leaf ${index}`));
const leavesTo = (size: number) => Array.from({ length: size }, (_, i) => leafAt(i));

test('roots are those of the reference implementation of Certificate Transparency', () => {
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];
  const tree = new TreeAppender(EMPTY);
  assert.equal(
    toHex(tree.head().rootHash),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  for (const [i, input] of inputs.entries()) {
    tree.append(leafHash(fromHex(input) ?? new Uint8Array()));
    assert.equal(toHex(tree.head().rootHash), roots[i]);
  }
});

test('at each size up to 520 the root is right and the proof of the newest leaf verifies', () => {
  const tree = new TreeAppender(EMPTY);
  const leaves = leavesTo(520);
  for (const [index, leaf] of leaves.entries()) {
    assert.equal(tree.append(leaf), index);
    const { size, rootHash: root } = tree.head();
    if (index % 37 === 0 || index % 256 < 3 || index % 256 > 253)
      assert.deepEqual(root, treeHash(leaves.slice(0, size)));
    assert.ok(verifyInclusion({ index, size, leafHash: leaf, proof: tree.prove(index), root }));
    tree.settle();
  }
});

test('a batch over several tiles proves each of its leaves at the size of the batch', () => {
  for (const [before, batch] of [
    [0, 700],
    [255, 2],
    [256, 256],
    [300, 1000],
    [65_530, 300],
    [65_536, 1],
  ] as const) {
    const tree = new TreeAppender(EMPTY);
    const leaves = leavesTo(before + batch);
    for (const leaf of leaves.slice(0, before)) tree.append(leaf);
    tree.settle();
    for (const leaf of leaves.slice(before)) tree.append(leaf);
    const { size, rootHash: root } = tree.head();
    assert.deepEqual(root, treeHash(leaves));
    for (const [index, leaf] of leaves.entries())
      if (index >= before)
        assert.ok(verifyInclusion({ index, size, leafHash: leaf, proof: tree.prove(index), root }));
  }
});

test('an appender that starts from the right edge goes on as the one that never stopped', () => {
  for (const size of [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000]) {
    const tree = new TreeAppender(EMPTY);
    const kept: Uint8Array[][] = [[], [], []];
    for (const leaf of leavesTo(size)) {
      tree.append(leaf);
      kept[0]?.push(leaf);
      for (const { level, root } of tree.filledTiles()) kept[level + 1]?.push(root);
      tree.settle();
    }
    const partial = kept.map((hashes) => concat(...hashes.slice(hashes.length - (hashes.length % 256))));
    const recovered = new TreeAppender({ size, partial });
    assert.deepEqual(recovered.head(), tree.head());
    for (let i = 0; i < 300; i++) {
      tree.append(leafAt(size + i));
      recovered.append(leafAt(size + i));
    }
    assert.deepEqual(recovered.head(), tree.head());
    assert.deepEqual(recovered.filledTiles(), tree.filledTiles());
    assert.deepEqual(recovered.prove(size), tree.prove(size));
  }
});

test('a right edge that is not that of the size is refused', () => {
  assert.throws(() => new TreeAppender({ size: 3, partial: [new Uint8Array(64)] }), TypeError);
  assert.throws(() => new TreeAppender({ size: 256, partial: [new Uint8Array(0)] }), TypeError);
});

test('every proof between any two sizes up to 40 verifies, and no other does', () => {
  const leaves = leavesTo(40);
  const node = (level: number, index: number) => treeHash(leaves.slice(index << level, (index + 1) << level));
  const root = (size: number) => treeHash(leaves.slice(0, size));
  for (let second = 1; second <= 40; second++) {
    for (let first = 1; first <= second; first++) {
      const proof = consistencyPath(first, second, new Ranges(node));
      const claim = {
        firstSize: first,
        secondSize: second,
        firstRoot: root(first),
        secondRoot: root(second),
        proof,
      };
      assert.ok(verifyConsistency(claim), `${first} ${second}`);
      if (first < second) assert.ok(!verifyConsistency({ ...claim, firstRoot: root(first - 1) }));
      const inclusion = inclusionPath(first - 1, second, new Ranges(node));
      const leaf = {
        index: first - 1,
        size: second,
        leafHash: leafAt(first - 1),
        proof: inclusion,
        root: root(second),
      };
      assert.ok(verifyInclusion(leaf));
      assert.ok(!verifyInclusion({ ...leaf, leafHash: leafAt(first) }));
    }
  }
});
