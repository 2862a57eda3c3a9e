// Leaves of the certificate log: the hashed and the stored bytes, where the index goes, and reading them back.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  certificateLeaf,
  decodeDataTile,
  decodeTileLeaf,
  decodeTreeHeadSignature,
  encodeTreeHeadSignature,
  merkleTreeLeaf,
  precertificateLeaf,
  treeHeadBytes,
} from '../../src/formats/static-ct.ts';
import { concat, toHex } from '../../src/ground/bytes.ts';
import type { Leaf } from '../../src/ground/change.ts';
import { refused } from './refused.ts';

const precertificate = {
  timestampMs: 0x0102030405,
  issuerKeyHash: new Uint8Array(32).fill(0xaa),
  tbs: Uint8Array.of(0x30, 1, 0x05),
  precertificate: Uint8Array.of(0x30, 2, 0x05, 0),
  chain: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
};
const certificate = { timestampMs: 7, certificate: Uint8Array.of(0x30, 0), chain: [] };

/** What the writer does with `indexAt`. */
function sequenced(leaf: Leaf, index: number): { hashed: Uint8Array; stored: Uint8Array } {
  assert.ok(leaf.indexAt !== undefined);
  const place = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = bytes.slice();
    for (let i = 0; i < 5; i++) copy[at + i] = Math.floor(index / 256 ** (4 - i)) % 256;
    return copy;
  };
  return { hashed: place(leaf.hashed, leaf.indexAt.hashed), stored: place(leaf.stored, leaf.indexAt.stored) };
}

suite('certificate log entries', () => {
  test('the hashed bytes of a precertificate, octet by octet', () => {
    const { hashed } = sequenced(precertificateLeaf(precertificate), 0x0a0b0c0d0e);
    const expected = `0000${'0000000102030405'}0001${'aa'.repeat(32)}000003300105${'0008'}000005${'0a0b0c0d0e'}`;
    assert.equal(toHex(hashed), expected);
  });

  test('stored bytes read back to the entry, its index and the hashed bytes', () => {
    for (const index of [0, 255, 2 ** 40 - 1]) {
      const { hashed, stored } = sequenced(precertificateLeaf(precertificate), index);
      const entry = decodeTileLeaf(stored);
      const { extensions, leafIndex, type, ...rest } = entry;
      assert.deepEqual(rest, precertificate);
      assert.equal(type, 'precertificate');
      assert.equal(leafIndex, index);
      assert.equal(extensions.length, 8);
      assert.deepEqual(merkleTreeLeaf(entry), hashed);
    }
    const { hashed, stored } = sequenced(certificateLeaf(certificate), 3);
    const entry = decodeTileLeaf(stored);
    assert.equal(entry.type, 'certificate');
    assert.deepEqual(merkleTreeLeaf(entry), hashed);
  });

  test('a data tile is its entries one after another, exactly as many', () => {
    const tile = concat(
      sequenced(precertificateLeaf(precertificate), 0).stored,
      sequenced(certificateLeaf(certificate), 1).stored,
    );
    assert.deepEqual(
      decodeDataTile(tile, 2).map(({ leafIndex }) => leafIndex),
      [0, 1],
    );
    for (const width of [0, 1, 3]) refused('SY-STATIC-CT-MALFORMED', () => decodeDataTile(tile, width));
  });

  test('every cut, and every changed length, is refused or reads as something else', () => {
    const { stored } = sequenced(precertificateLeaf(precertificate), 1);
    for (let i = 0; i < stored.length; i++)
      refused('SY-STATIC-CT-MALFORMED', () => decodeTileLeaf(stored.slice(0, i)));
    refused('SY-STATIC-CT-MALFORMED', () => decodeTileLeaf(concat(stored, Uint8Array.of(0))));
    for (let i = 0; i < stored.length; i++) {
      const changed = stored.slice();
      changed[i] = 0xff;
      try {
        decodeTileLeaf(changed);
      } catch {
        refused('SY-STATIC-CT-MALFORMED', () => decodeTileLeaf(changed), `octet ${i}`);
      }
    }
  });

  test('what cannot be written is our caller’s mistake', () => {
    assert.throws(
      () => precertificateLeaf({ ...precertificate, issuerKeyHash: new Uint8Array(31) }),
      TypeError,
    );
    assert.throws(() => precertificateLeaf({ ...precertificate, chain: [new Uint8Array(31)] }), TypeError);
    assert.throws(() => certificateLeaf({ ...certificate, timestampMs: -1 }), TypeError);
  });

  test('tree heads are signed as RFC 6962 §3.5 writes them down', () => {
    const head = treeHeadBytes({ timestampMs: 1, size: 2, rootHash: new Uint8Array(32).fill(3) });
    assert.equal(toHex(head), `0001${'0000000000000001'}${'0000000000000002'}${'03'.repeat(32)}`);
    const signed = encodeTreeHeadSignature(9, Uint8Array.of(1, 2));
    assert.deepEqual(decodeTreeHeadSignature(signed), {
      timestampMs: 9,
      algorithm: 'ecdsa-sha256',
      signature: Uint8Array.of(1, 2),
    });
    for (const bad of [
      signed.slice(0, -1),
      concat(signed, Uint8Array.of(0)),
      signed.with(8, 2),
      new Uint8Array(0),
    ])
      refused('SY-STATIC-CT-MALFORMED', () => decodeTreeHeadSignature(bad));
  });
});
