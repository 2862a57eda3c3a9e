// Tiles: the paths of C2SP tlog-tiles, both ways, and entry bundles.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  decodeEntryBundle,
  decodeTile,
  encodeEntryBundle,
  parseTilePath,
  tilePath,
  tileWidth,
} from '../../src/formats/tile.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { refused } from './refused.ts';

suite('tile paths', () => {
  test('the examples of the specification', () => {
    assert.equal(tilePath(0, 1_234_067, 256), 'tile/0/x001/x234/067');
    assert.equal(tilePath(1, 0, 17), 'tile/1/000.p/17');
    assert.equal(tilePath('entries', 273, 112), 'tile/entries/273.p/112');
    assert.equal(tilePath('data', 1000, 256), 'tile/data/x001/000');
  });

  test('a path is read as it was written', () => {
    for (const level of [0, 5, 63, 'entries'] as const)
      for (const index of [0, 1, 999, 1000, 999_999, 1_000_000, Number.MAX_SAFE_INTEGER])
        for (const width of [1, 255, 256])
          assert.deepEqual(parseTilePath(tilePath(level, index, width)), { level, index, width });
  });

  test('any other spelling is refused, so that a cache holds each tile once', () => {
    const bad = [
      '',
      '0',
      '0/',
      '0/0',
      '0/00',
      '0/0000',
      '00/000',
      '64/000',
      '-1/000',
      'x/000',
      '0/x000/001',
      '0/001/000',
    ];
    const more = [
      '0/000.p/0',
      '0/000.p/256',
      '0/000.p/01',
      '0/000.p/',
      '0/000.p',
      '0/x001',
      '0/000/',
      '/0/000',
      '0/000?x',
      '0/x001/x234',
    ];
    for (const path of [
      ...bad,
      ...more,
      `0/${'x001/'.repeat(20)}000`,
      '0/x999/x999/x999/x999/x999/999',
      '../000',
      '0/%30%30%30',
    ])
      refused('SY-TILE-MALFORMED', () => parseTilePath(path), path);
  });

  test('the widths of a tree of 70,000 leaves', () => {
    assert.equal(tileWidth(0, 272, 70_000), 256);
    assert.equal(tileWidth(0, 273, 70_000), 112);
    assert.equal(tileWidth(1, 1, 70_000), 17);
    assert.equal(tileWidth(2, 0, 70_000), 1);
    assert.equal(tileWidth(3, 0, 70_000), 0);
    assert.equal(tileWidth(0, 274, 70_000), 0);
  });
});

suite('tiles and entry bundles', () => {
  test('entries are read as they were written', () => {
    const entries = [toUtf8('one'), new Uint8Array(0), new Uint8Array(65_535)];
    assert.deepEqual(decodeEntryBundle(encodeEntryBundle(entries), 3), entries);
    assert.throws(() => encodeEntryBundle([new Uint8Array(65_536)]), TypeError);
  });

  test('cut, overlong and wrongly counted bundles are refused', () => {
    const bytes = encodeEntryBundle([toUtf8('one'), toUtf8('two')]);
    for (const bad of [
      bytes.slice(0, -1),
      bytes.slice(0, 6),
      Uint8Array.of(...bytes, 0),
      Uint8Array.of(0),
      Uint8Array.of(255, 255),
    ])
      refused('SY-TILE-MALFORMED', () => decodeEntryBundle(bad, 2));
    for (const width of [0, 1, 3]) refused('SY-TILE-MALFORMED', () => decodeEntryBundle(bytes, width));
  });

  test('a tile has exactly its hashes', () => {
    assert.equal(decodeTile(new Uint8Array(96), 3).length, 3);
    for (const size of [95, 97, 64, 0])
      refused('SY-TILE-MALFORMED', () => decodeTile(new Uint8Array(size), 3));
  });
});
