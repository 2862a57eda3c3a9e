// Certification requests and names as subscribers send them: canonical, or refused.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { encodePem } from '../../src/formats/pem.ts';
import { encodeName, extensions } from '../../src/formats/x509/build.ts';
import { readName } from '../../src/formats/x509/names.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { readRequest } from '../../src/issue/csr.ts';
import { canonicalName, nameOf } from '../../src/issue/names.ts';
import { newSerial, periodOfSerial } from '../../src/issue/serial.ts';
import { KEY_KINDS } from '../../src/policy/issuance.ts';
import { formatIp, parseIp } from '../../src/verify/ip.ts';
import { hasCode } from '../contract/keystore.ts';
import { csrOf, keyOf } from './stage.ts';

const ALT = (names: Parameters<typeof extensions.subjectAltName>[0]) =>
  extensions.subjectAltName(names, { critical: false });

test('a request is read from DER and from PEM of both labels, with any kind of key', () => {
  for (const kind of KEY_KINDS) {
    const csr = csrOf({ pair: keyOf(kind) });
    assert.deepEqual(readRequest(csr).names, [{ type: 'dns', value: 'api.example.com' }], kind);
  }
  const csr = csrOf();
  for (const label of ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'])
    assert.equal(readRequest(encodePem(label, csr)).names.length, 1);
});

test('a request that another key signed, or that was changed, proves nothing', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  assert.throws(() => readRequest(csrOf({ signer: other })), hasCode('SY-ISSUE-PROOF'));
  const csr = csrOf({ names: ['api.example.com'] });
  const at = Buffer.from(csr).indexOf('api.example');
  const changed = csr.map((octet, i) => (i === at ? 'x'.charCodeAt(0) : octet));
  assert.throws(() => readRequest(changed), hasCode('SY-ISSUE-PROOF'));
});

test('what is no request is malformed, at every length', () => {
  const csr = csrOf();
  const inputs: (string | Uint8Array)[] = ['', 'x', encodePem('CERTIFICATE', csr), 'A'.repeat(200_000)];
  const doubled = encodePem('CERTIFICATE REQUEST', csr).repeat(2);
  inputs.push(doubled, new Uint8Array(0), new Uint8Array(100_000), Uint8Array.of(...csr, 0));
  for (const input of inputs)
    assert.throws(() => readRequest(input), hasCode('SY-ISSUE-CSR'), String(input).slice(0, 20));
  for (let length = 0; length < csr.length; length++)
    assert.throws(() => readRequest(csr.subarray(0, length)), hasCode('SY-ISSUE-CSR'));
});

test('a byte changed anywhere gives a coded refusal, never a crash', () => {
  const csr = csrOf();
  for (let i = 0; i < csr.length; i++)
    for (const value of [0, 0x80, 0xff]) {
      const changed = csr.with(i, value);
      if (csr[i] === value) continue;
      assert.throws(
        () => readRequest(changed),
        (error: unknown) => isSealyardError(error),
        `byte ${i}`,
      );
    }
});

test('names are the alternative names and a common name that is a name; each once', () => {
  const read = (names: readonly string[], commonName?: string) =>
    readRequest(csrOf({ names, ...(commonName === undefined ? {} : { commonName }) })).names.map(
      ({ value }) => value,
    );
  assert.deepEqual(read(['b.example.com', 'a.example.com']), ['b.example.com', 'a.example.com']);
  assert.deepEqual(read(['b.example.com'], 'B.example.com'), ['b.example.com']);
  assert.deepEqual(read([], 'a.example.com'), ['a.example.com']);
  assert.deepEqual(read(['b.example.com'], '192.0.2.1'), ['b.example.com', '192.0.2.1']);
  assert.deepEqual(read(['b.example.com'], 'The Shop, Inc.'), ['b.example.com']);
  const { commonName } = readRequest(csrOf({ commonName: 'The Shop, Inc.' }));
  assert.equal(commonName, 'The Shop, Inc.');
});

test('a request for must-staple says so', () => {
  const staple = extensions.raw(OID.tlsFeature, false, Uint8Array.of(0x30, 3, 2, 1, 5));
  assert.equal(readRequest(csrOf({ more: [staple] })).mustStaple, true);
  assert.equal(readRequest(csrOf()).mustStaple, false);
});

test('kinds of names that we do not write are refused, not left out', () => {
  const directory = readName(encodeName([{ oid: OID.commonName, value: 'x' }]));
  const utf8 = Uint8Array.of(12, 1, 65);
  for (const name of [
    { type: 'directory', value: directory },
    { type: 'other', oid: '1.3.6.1.4.1.311.20.2.3', value: utf8 },
    { type: 'unsupported', tag: 0x88, value: Uint8Array.of(0x88, 1, 42) },
  ] as const)
    assert.throws(
      () => readRequest(csrOf({ names: [], more: [ALT([name])] })),
      hasCode('SY-ISSUE-NAME'),
      name.type,
    );
});

test('DNS names that two readers could read as two are refused', () => {
  const bad = [
    '*',
    '*.',
    '*.*.example.com',
    'a.*.example.com',
    'f*.example.com',
    '*foo.example.com',
    '-a.example.com',
  ];
  bad.push(
    'a-.example.com',
    'a..example.com',
    '.example.com',
    'example.com.',
    '10.0.0.1',
    '1.2.3',
    'host.0x7f',
    '2130706433',
  );
  bad.push(
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(127)}com`,
    'xn--a',
    'xn--abc-.example.com',
    'xn--.example.com',
  );
  bad.push('a/b', 'a:443', 'user@host', '');
  for (const value of bad)
    assert.throws(
      () => readRequest(csrOf({ names: [], more: [ALT([{ type: 'dns', value }])] })),
      isRefusal,
      value,
    );
  for (const text of [
    'exämple.com',
    'аpple.com',
    'a\u0000.example.com',
    'ａ.example.com',
    'a\u3002example.com',
  ])
    assert.throws(() => canonicalName('dns', text), hasCode('SY-ISSUE-NAME'), text);
});

// An empty name breaks X.509 itself.
function isRefusal(error: unknown): boolean {
  return isSealyardError(error, 'SY-ISSUE-NAME', 'SY-ISSUE-CSR');
}

test('names have one canonical text', () => {
  const cases: readonly (readonly [text: string, type: string, canonical: string])[] = [
    ['API.Example.COM', 'dns', 'api.example.com'],
    ['*.Example.com', 'dns', '*.example.com'],
    ['xn--bcher-kva.example', 'dns', 'xn--bcher-kva.example'],
    ['my_host.internal', 'dns', 'my_host.internal'],
    ['192.0.2.1', 'ip', '192.0.2.1'],
    ['2001:DB8:0:0:0:0:0:1', 'ip', '2001:db8::1'],
    ['::ffff:192.0.2.1', 'ip', '::ffff:c000:201'],
    ['SPIFFE://Example.com/Shop/api', 'uri', 'spiffe://example.com/Shop/api'],
    ['HTTPS://a.example/X', 'uri', 'https://a.example/X'],
    ['Ops@Example.com', 'email', 'Ops@example.com'],
  ];
  for (const [text, type, value] of cases) assert.deepEqual(nameOf(text), { type, value });
});

test('SPIFFE IDs are what their specification says', () => {
  for (const bad of [
    'spiffe://',
    'spiffe:///x',
    'spiffe://a/',
    'spiffe://a//b',
    'spiffe://a/../b',
    'spiffe://a/.',
    'spiffe://a:1/b',
    'spiffe://u@a/b',
    'spiffe://a/b?c',
    'spiffe://a/b#c',
    'spiffe://a/%41',
    'spiffe:a',
  ])
    assert.throws(() => nameOf(bad), hasCode('SY-ISSUE-NAME'), bad);
});

test('addresses are written as RFC 5952 has them', () => {
  for (const text of [
    '::',
    '::1',
    '1::',
    '2001:db8::1:0:0:1',
    '2001:db8:0:1:1:1:1:1',
    '1:2:3:4:5:6:7:8',
    '0.0.0.0',
    '255.255.255.255',
  ]) {
    const octets = parseIp(text);
    assert.ok(octets);
    assert.equal(formatIp(octets), text);
  }
  const octets = parseIp('2001:0:0:1:0:0:0:1');
  assert.equal(octets && formatIp(octets), '2001:0:0:1::1');
});

test('a serial has 18 octets at every date, and tells its period', () => {
  const random = { bytes: (size: number) => new Uint8Array(size).fill(0xff) };
  const at = new Date('2026-11-24T10:00:00Z');
  for (const [notAfter, period] of [
    ['2026-12-01T00:00:00Z', 2969],
    ['1971-01-01T00:00:00Z', 0x100],
    ['9999-12-31T23:59:59Z', 0x7fff],
  ] as const) {
    const serial = newSerial({ random, notAfter: new Date(notAfter), at });
    assert.equal(serial.length, 36);
    assert.equal(periodOfSerial(serial), period);
    assert.notEqual(serial.slice(0, 2), '00');
    assert.ok(Number.parseInt(serial.slice(0, 2), 16) < 0x80);
  }
  const foreign = asSerial('01');
  assert.equal(foreign && periodOfSerial(foreign), undefined);
  const short = { bytes: () => new Uint8Array(3) };
  assert.throws(() => newSerial({ random: short, notAfter: at, at }), TypeError);
  assert.throws(() => newSerial({ random, notAfter: new Date(Number.NaN), at }), TypeError);
});
