// Hostile and malformed certificates: each is refused with our code, quickly, whatever is wrong with it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { children, contextTag, der, explicit, readDer } from '../../src/formats/der.ts';
import { decodePem, encodePem } from '../../src/formats/pem.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { parseCertificate, parseCertificatesPem } from '../../src/formats/x509/certificate.ts';
import { parseCsr } from '../../src/formats/x509/csr.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { makeParty } from './x509-factory.ts';

const good = makeParty({
  name: 'a',
  with: [extensions.subjectAltName([{ type: 'dns', value: 'a.example' }], { critical: false })],
}).certificate;

const refusal = (error: unknown): boolean =>
  error instanceof SealyardError && /^SY-(X509-MALFORMED|ALGORITHM-UNKNOWN)$/.test(error.code);

/** The good certificate with one field of its TBS replaced. */
function withField(index: number, replacement: Uint8Array): Uint8Array {
  const [tbs, ...rest] = children(readDer(good.der)).map(({ bytes }) => bytes);
  const fields = children(readDer(tbs ?? new Uint8Array())).map(({ bytes }) => bytes);
  fields[index] = replacement;
  return der.sequence(der.sequence(...fields), ...rest);
}

function withExtensions(...list: readonly Uint8Array[]): Uint8Array {
  return withField(7, der.context(3, der.sequence(...list)));
}

function extensionDer(oid: string, value: Uint8Array): Uint8Array {
  return der.sequence(der.oid(oid), der.octetString(value));
}

const attribute = (value: Uint8Array): Uint8Array =>
  der.sequence(der.set(der.sequence(der.oid(OID.commonName), value)));
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const san = (name: Uint8Array): Uint8Array =>
  withExtensions(extensionDer(OID.subjectAltName, der.sequence(name)));

const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  'nothing at all': new Uint8Array(0),
  'trailing bytes': new Uint8Array([...good.der, 0]),
  'an indefinite length': hex('30 80 00 00'),
  'a length that is not minimal': hex('30 81 05 02 01 01 02 00'),
  'a length of four gigabytes': hex('30 84 ff ff ff ff 00'),
  'a length of lengths': hex('30 ff ff ff ff'),
  'a high tag number': hex('3f 81 00 00'),
  'version 1 written out': withField(0, der.context(0, der.integer(0))),
  'version 4': withField(0, der.context(0, der.integer(3))),
  'version 2 with extensions': withField(0, der.context(0, der.integer(1))),
  'serial zero': withField(1, der.integer(0)),
  'a negative serial': withField(1, der.integer(-5)),
  'a serial of 21 octets': withField(1, der.integer(new Uint8Array(21).fill(0x11))),
  'a serial whose sign octet is the 21st': withField(1, der.integer(new Uint8Array(20).fill(0x88))),
  'a padded serial': withField(1, hex('02 02 00 01')),
  'an inner algorithm that differs': withField(2, der.sequence(der.oid('1.2.840.10045.4.3.3'))),
  'an empty issuer': withField(3, der.sequence()),
  'a validity that ends first': withField(
    4,
    der.sequence(der.time(new Date('2026-02-01T00:00:00Z')), der.time(new Date('2026-01-01T00:00:00Z'))),
  ),
  'a GeneralizedTime before 2050': withField(
    4,
    der.sequence(
      der.generalizedTime(new Date('2026-01-01T00:00:00Z')),
      der.time(new Date('2027-01-01T00:00:00Z')),
    ),
  ),
  'the 30th of February': withField(4, der.sequence(utc('260230000000Z'), utc('270101000000Z'))),
  'a time without seconds': withField(4, der.sequence(utc('2601010000Z'), utc('270101000000Z'))),
  'a time with a zone': withField(4, der.sequence(utc('260101000000+0100'), utc('270101000000Z'))),
  'the leap second': withField(4, der.sequence(utc('260101000060Z'), utc('270101000000Z'))),
  'a NUL in a name': withField(5, attribute(der.utf8String('good\0evil'))),
  'a line feed in a name': withField(5, attribute(der.utf8String('good\nevil'))),
  'UTF-8 that is none in a name': withField(5, attribute(hex('0c 02 c3 28'))),
  'an at sign in a PrintableString': withField(5, attribute(hex('13 01 40'))),
  'an octet beyond ASCII in an IA5String': withField(5, attribute(hex('16 01 e4'))),
  'a surrogate in a BMPString': withField(5, attribute(hex('1e 02 d8 00'))),
  'a number where a string belongs': withField(5, attribute(der.integer(1))),
  'a SET OF out of order': withField(
    5,
    der.sequence(hex('31 1a 30 0b 06 03 55 04 04 13 04 61 61 61 61 30 0b 06 03 55 04 03 13 04 61 61 61 61')),
  ),
  'an empty RDN': withField(5, der.sequence(der.set())),
  'a thousand attributes': withField(
    5,
    der.sequence(
      ...new Array<Uint8Array>(1000).fill(
        der.set(der.sequence(der.oid(OID.commonName), der.utf8String('a'))),
      ),
    ),
  ),
  'no extensions in the list': withField(7, der.context(3, der.sequence())),
  'the same extension twice': withExtensions(
    extensionDer(OID.subjectKeyIdentifier, der.octetString(new Uint8Array(1))),
    extensionDer(OID.subjectKeyIdentifier, der.octetString(new Uint8Array(1))),
  ),
  'a thousand extensions': withExtensions(
    ...Array.from({ length: 1000 }, (_, i) => extensionDer(`1.3.6.1.4.1.${i}`, der.null())),
  ),
  'criticality FALSE written out': withExtensions(
    der.sequence(der.oid(OID.subjectKeyIdentifier), der.boolean(false), der.octetString(hex('04 01 00'))),
  ),
  'a TRUE that is 01': withExtensions(
    der.sequence(der.oid(OID.subjectKeyIdentifier), hex('01 01 01'), der.octetString(hex('04 01 00'))),
  ),
  'cA FALSE written out': withExtensions(extensionDer(OID.basicConstraints, hex('30 03 01 01 00'))),
  'a path length without cA': withExtensions(extensionDer(OID.basicConstraints, hex('30 03 02 01 00'))),
  'a negative path length': withExtensions(
    extensionDer(OID.basicConstraints, hex('30 06 01 01 ff 02 01 ff')),
  ),
  'a keyUsage without bits': withExtensions(extensionDer(OID.keyUsage, hex('03 01 00'))),
  'a keyUsage with trailing zero bits': withExtensions(extensionDer(OID.keyUsage, hex('03 02 00 80'))),
  'a keyUsage with unused bits set': withExtensions(extensionDer(OID.keyUsage, hex('03 02 07 81'))),
  'an empty extendedKeyUsage': withExtensions(extensionDer(OID.extendedKeyUsage, der.sequence())),
  'an empty subjectAltName': withExtensions(extensionDer(OID.subjectAltName, der.sequence())),
  'a NUL in a dNSName': san(hex('82 05 61 00 62 2e 63')),
  'a blank in a dNSName': san(hex('82 03 61 20 62')),
  'UTF-8 in a dNSName': san(hex('82 02 c3 a4')),
  'an empty dNSName': san(hex('82 00')),
  'an IP address of five octets': san(hex('87 05 01 02 03 04 05')),
  'a GeneralName of an unknown kind': san(hex('89 01 00')),
  'a constructed dNSName': san(hex('a2 03 82 01 61')),
  'an object identifier that ends early': withExtensions(
    extensionDer(OID.extendedKeyUsage, hex('30 03 06 01 80')),
  ),
  'a padded object identifier': withExtensions(
    extensionDer(OID.extendedKeyUsage, hex('30 05 06 03 55 80 01')),
  ),
  'bytes after an extension value': withExtensions(
    extensionDer(OID.subjectKeyIdentifier, hex('04 01 00 00')),
  ),
  'half an authority reference': withExtensions(
    extensionDer(OID.authorityKeyIdentifier, hex('30 03 82 01 01')),
  ),
  'a megabyte of zeros': new Uint8Array(1 << 20),
};

function utc(text: string): Uint8Array {
  return new Uint8Array([0x17, text.length, ...Buffer.from(text)]);
}

describe('parseCertificate refuses', () => {
  test('nothing that is good: the base of these cases parses', () => {
    assert.deepEqual(parseCertificate(withField(0, der.context(0, der.integer(2)))).der, good.der);
    const harmless = [
      withField(1, der.integer(new Uint8Array(20).fill(0x11))),
      withField(4, der.sequence(utc('260228000000Z'), utc('270101000000Z'))),
      withField(5, attribute(der.utf8String('good'))),
      withExtensions(extensionDer(OID.subjectKeyIdentifier, der.octetString(new Uint8Array(1)))),
      withExtensions(extensionDer(OID.keyUsage, hex('03 02 07 80'))),
      withExtensions(extensionDer(OID.basicConstraints, hex('30 06 01 01 ff 02 01 00'))),
      san(hex('82 01 61')),
    ];
    for (const bytes of harmless) assert.deepEqual(parseCertificate(bytes).der, bytes);
  });
  for (const [name, bytes] of Object.entries(HOSTILE))
    test(name, () => assert.throws(() => parseCertificate(bytes), refusal));

  test('every prefix of a certificate', () => {
    for (let length = 0; length < good.der.length; length++)
      assert.throws(() => parseCertificate(good.der.subarray(0, length)), refusal);
  });

  test('or survives every single flipped bit, without any error but ours', () => {
    for (let bit = 0; bit < good.der.length * 8; bit++) {
      const bytes = good.der.slice();
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        assert.deepEqual(parseCertificate(bytes).der, bytes);
      } catch (error) {
        assert.ok(refusal(error), String(error));
      }
    }
  });

  test('two thousand nested sequences in linear time', () => {
    let bytes: Uint8Array = der.null();
    for (let i = 0; i < 2000; i++) bytes = der.sequence(bytes);
    const started = performance.now();
    assert.throws(() => parseCertificate(bytes), refusal);
    assert.throws(() => parseCsr(bytes), refusal);
    assert.ok(performance.now() - started < 2_000);
  });
});

describe('PEM', () => {
  test('round trip, CRLF and text around the block', () => {
    const pem = encodePem('CERTIFICATE', good.der);
    assert.deepEqual(decodePem(`a note\r\n${pem.replaceAll('\n', '\r\n')}`)[0]?.der, good.der);
    assert.equal(parseCertificatesPem(pem + pem).length, 2);
  });

  for (const [name, text] of Object.entries({
    'an empty text': '',
    'no END': '-----BEGIN CERTIFICATE-----\nAAAA\n',
    'another END': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CRL-----\n',
    'an END alone': '-----END CERTIFICATE-----\n',
    'a BEGIN within': '-----BEGIN A-----\n-----BEGIN A-----\nAAAA\n-----END A-----\n',
    'bad base64': '-----BEGIN A-----\nA*AA\n-----END A-----\n',
    'base64 that is not canonical': '-----BEGIN A-----\nAB==\n-----END A-----\n',
    'an empty body': '-----BEGIN A-----\n-----END A-----\n',
    'a header': '-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END A-----\n',
    'five megabytes': '-'.repeat(5 << 20),
  }))
    test(`${name} is refused`, () => assert.throws(() => decodePem(text), { code: 'SY-PEM-MALFORMED' }));

  test('a private key among certificates is refused, and not shown', () => {
    const text = encodePem('CERTIFICATE', good.der) + encodePem('PRIVATE KEY', new Uint8Array([1, 2, 3]));
    assert.throws(() => parseCertificatesPem(text), { code: 'SY-PEM-MALFORMED' });
  });
});

test('an extension list that is explicit twice over is refused', () => {
  const field = children(readDer(good.tbs))[7];
  assert.equal(field?.tag, contextTag(3));
  if (field !== undefined)
    assert.throws(
      () => parseCertificate(withField(7, der.context(3, der.context(3, explicit(field).bytes)))),
      refusal,
    );
});
