// DER: one spelling for each value, both ways.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  decodeAlgorithm,
  encodeAlgorithm,
  readSpki,
  type SignatureAlgorithm,
} from '../../src/formats/algorithms.ts';
import { children, DerCursor, der, readDer } from '../../src/formats/der.ts';
import { decodeOid } from '../../src/formats/der-oid.ts';
import {
  readBoolean,
  readGeneralizedTime,
  readInteger,
  readNamedBits,
  readOid,
  readSmallInteger,
  readText,
  readTime,
} from '../../src/formats/der-values.ts';
import { toHex } from '../../src/ground/bytes.ts';
import { makeKey } from './x509-factory.ts';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const malformed = { code: 'SY-DER-MALFORMED' };
const refuses = (text: string, read: (node: ReturnType<typeof readDer>) => unknown = (node) => node): void =>
  assert.throws(() => read(readDer(hex(text))), malformed, text);

describe('lengths', () => {
  test('round trip at every boundary', () => {
    for (const size of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
      const bytes = der.octetString(new Uint8Array(size));
      assert.equal(readDer(bytes).content.length, size);
    }
  });
  test('that are longer than needed, indefinite or beyond the input are refused', () => {
    for (const text of [
      '04 81 01 00',
      `04 82 00 81${'00'.repeat(129)}`,
      '24 80 00 00',
      '04 02 00',
      '04 85 00 00 00 00 01 00',
      '04',
      '04 81',
    ])
      refuses(text);
    assert.equal(readDer(hex(`04 81 80${'00'.repeat(128)}`)).content.length, 128);
  });
  test('that leave bytes behind are refused', () => refuses('05 00 00'));
});

describe('integers', () => {
  test('round trip', () => {
    for (const value of [
      0n,
      1n,
      -1n,
      127n,
      128n,
      -128n,
      -129n,
      255n,
      256n,
      2n ** 64n,
      -(2n ** 64n),
      2n ** 160n - 1n,
    ])
      assert.equal(readInteger(readDer(der.integer(value))), value);
    assert.equal(toHex(der.integer(new Uint8Array([0, 0, 0x80]))), '02020080');
    assert.equal(toHex(der.integer(65_537)), '0203010001');
  });
  test('that are padded or empty are refused', () => {
    for (const text of ['02 00', '02 02 00 01', '02 02 ff 80', '02 02 00 7f']) refuses(text, readInteger);
  });
  test('out of range are refused', () => {
    refuses('02 01 05', (node) => readSmallInteger(node, 4));
    refuses('02 01 ff', (node) => readSmallInteger(node, 4));
    refuses(`02 41 01${'00'.repeat(64)}`, readInteger);
  });
});

describe('object identifiers', () => {
  test('round trip', () => {
    for (const oid of [
      '0.0',
      '1.2.840.113549.1.1.1',
      '2.5.4.3',
      '2.999.1',
      '2.25.329800735698586629295641978511506172918',
    ])
      assert.equal(readOid(readDer(der.oid(oid))), oid);
  });
  test('that are padded, cut, empty or too long are refused', () => {
    for (const text of ['', '80 01', '2a 80 01', '2a 81', '01'.repeat(65)])
      assert.throws(() => decodeOid(hex(text)), malformed, text);
    for (const text of ['', '1', '3.1', '1.40', '1.2.', '1.02', '1.2.-3', `1.2.${'1'.repeat(300)}`])
      assert.throws(() => der.oid(text), TypeError, text);
  });
});

describe('other values', () => {
  test('booleans are 00 or ff', () => {
    assert.equal(readBoolean(readDer(der.boolean(true))), true);
    for (const text of ['01 01 01', '01 02 ff ff', '01 00']) refuses(text, readBoolean);
  });
  test('named bits lose their trailing zeros', () => {
    for (const bits of [[0], [7], [8], [0, 5, 8], []])
      assert.deepEqual(readNamedBits(readDer(der.namedBits(bits))), bits);
    for (const text of ['03 00', '03 02 00 80', '03 02 08 80', '03 02 07 81', '03 01 01'])
      refuses(text, readNamedBits);
  });
  test('times round trip, UTCTime to 2049 and GeneralizedTime from 2050', () => {
    for (const text of [
      '1950-01-01T00:00:00Z',
      '2049-12-31T23:59:59Z',
      '2050-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '2028-02-29T12:00:00Z',
    ]) {
      const bytes = der.time(new Date(text));
      assert.equal(readTime(readDer(bytes)).getTime(), Date.parse(text), text);
    }
    assert.equal(readDer(der.time(new Date('2049-12-31T23:59:59Z'))).tag, 0x17);
  });
  test('fractions of a second have no trailing zeros', () => {
    const at = new Date('2026-01-01T00:00:00.120Z');
    const bytes = der.generalizedTime(at, 'milliseconds');
    assert.equal(new TextDecoder().decode(readDer(bytes).content), '20260101000000.12Z');
    assert.deepEqual(readGeneralizedTime(readDer(bytes), 'fraction'), at);
    assert.throws(() => readGeneralizedTime(readDer(bytes), 'seconds'), malformed);
    const padded = new Uint8Array([0x18, 18, ...new TextEncoder().encode('20260101000000.10Z')]);
    assert.throws(() => readGeneralizedTime(readDer(padded), 'fraction'), malformed);
  });
  test('strings of every type hold what they may', () => {
    assert.equal(readText(readDer(der.utf8String('Ä🦭'))), 'Ä🦭');
    assert.equal(readText(readDer(hex('1e 04 00 41 20 ac'))), 'A€');
    assert.equal(readText(readDer(hex('14 01 e4'))), 'ä');
    for (const text of [
      '0c 01 00',
      '0c 01 7f',
      '0c 02 c0 80',
      '13 01 2a',
      '12 01 41',
      '1e 01 41',
      '1c 04 00 11 00 00',
    ])
      refuses(text, readText);
  });
  test('SET OF is sorted', () => {
    assert.equal(toHex(der.set(der.integer(2), der.integer(1))), '3106020101020102');
  });
  test('primitive values have no elements, and lists are bounded', () => {
    refuses('04 02 05 00', (node) => children(node));
    refuses('30 06 05 00 05 00 05 00', (node) => children(node, 2));
    refuses('30 02 05 00', (node) => new DerCursor(node).end());
    refuses('30 00', (node) => new DerCursor(node).next());
  });
});

describe('algorithms', () => {
  test('every identifier decodes to the algorithm that it was made from', () => {
    const all: readonly SignatureAlgorithm[] = [
      'ecdsa-sha256',
      'ecdsa-sha384',
      'ecdsa-sha512',
      'ed25519',
      'rsa-pkcs1-sha256',
      'rsa-pkcs1-sha384',
      'rsa-pkcs1-sha512',
      'rsa-pss-sha256',
      'rsa-pss-sha384',
      'rsa-pss-sha512',
      'ml-dsa-44',
      'ml-dsa-65',
      'ml-dsa-87',
    ];
    for (const algorithm of all)
      assert.equal(decodeAlgorithm(readDer(encodeAlgorithm(algorithm))), algorithm);
  });
  test('parameters that do not belong make it another, unknown algorithm', () => {
    const unknown = { code: 'SY-ALGORITHM-UNKNOWN' };
    for (const identifier of [
      der.sequence(der.oid('1.2.840.10045.4.3.2'), der.null()),
      der.sequence(der.oid('1.3.101.112'), der.null()),
      der.sequence(der.oid('1.2.840.113549.1.1.11')),
      der.sequence(der.oid('1.2.840.113549.1.1.10'), der.sequence()),
      der.sequence(der.oid('1.2.840.113549.1.1.5'), der.null()),
    ])
      assert.throws(() => decodeAlgorithm(readDer(identifier)), unknown);
  });
  test('keys tell their kind and size', () => {
    for (const [kind, algorithm, bits] of [
      ['P-256', 'ec-p256', 256],
      ['P-384', 'ec-p384', 384],
      ['P-521', 'ec-p521', 521],
      ['ed25519', 'ed25519', 255],
      ['rsa', 'rsa', 2048],
    ] as const) {
      const info = readSpki(makeKey(kind).spki);
      assert.deepEqual([info.algorithm, info.bits], [algorithm, bits]);
    }
    assert.equal(readSpki(makeKey('rsa').spki).exponent, 65_537n);
  });
  test('compressed points are refused', () => {
    const spki = makeKey().spki;
    const compressed = der.sequence(
      children(readDer(spki))[0]?.bytes ?? new Uint8Array(),
      der.bitString(new Uint8Array([2, ...spki.subarray(-64, -32)])),
    );
    assert.throws(() => readSpki(compressed), malformed);
  });
});
