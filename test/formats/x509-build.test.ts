// What we build is what we parse, and what openssl reads.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, test } from 'node:test';
import { readDer } from '../../src/formats/der.ts';
import { readText } from '../../src/formats/der-values.ts';
import { decodePem, encodePem } from '../../src/formats/pem.ts';
import {
  assembleCertificate,
  buildTbs,
  type CertificateTemplate,
  encodeName,
  extensions,
} from '../../src/formats/x509/build.ts';
import { type Certificate, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { parseCsr } from '../../src/formats/x509/csr.ts';
import { readName } from '../../src/formats/x509/names.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { noOpenssl, openssl } from './openssl.ts';
import {
  assembleCsr,
  buildCsrInfo,
  END,
  type KeyKind,
  makeKey,
  makeParty,
  START,
  serialOf,
  signWith,
} from './x509-factory.ts';

const URI = 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main';

function everything(kind: KeyKind = 'P-256'): { template: CertificateTemplate; certificate: Certificate } {
  const key = makeKey(kind);
  const template: CertificateTemplate = {
    serial: serialOf('8f00aa'),
    issuer: encodeName([
      { oid: OID.countryName, value: 'DE' },
      { oid: OID.organizationName, value: 'Ächme, Inc.' },
      { oid: OID.commonName, value: 'Issuing CA' },
    ]),
    subject: encodeName([]),
    notBefore: START,
    notAfter: new Date('2050-01-01T00:00:00Z'),
    spki: key.spki,
    signatureAlgorithm: key.algorithm,
    extensions: [
      extensions.basicConstraints({ ca: true, pathLength: 3 }),
      extensions.keyUsage(['digitalSignature', 'keyCertSign', 'decipherOnly']),
      extensions.extendedKeyUsage([OID.codeSigning, OID.serverAuth], { critical: true }),
      extensions.subjectKeyId(key.id),
      extensions.authorityKeyId(new Uint8Array([1, 2, 3])),
      extensions.subjectAltName(
        [
          { type: 'uri', value: URI },
          { type: 'dns', value: '*.example.com' },
          { type: 'email', value: 'dev@example.com' },
          { type: 'ip', value: new Uint8Array([192, 0, 2, 1]) },
          { type: 'ip', value: new Uint8Array(16).fill(1) },
          { type: 'directory', value: readName(encodeName([{ oid: OID.commonName, value: 'x' }])) },
          { type: 'other', oid: OID.fulcioUsername, value: new Uint8Array([0x0c, 1, 0x61]) },
        ],
        { critical: true },
      ),
      extensions.crlDistributionPoint('http://crl.example.com/1.crl'),
      extensions.authorityInfoAccess({
        ocsp: 'http://ocsp.example.com',
        caIssuers: 'http://ca.example.com/ca.cer',
      }),
      extensions.nameConstraints({
        permitted: [
          { type: 'dns', value: 'example.com' },
          { type: 'ip', value: new Uint8Array([10, 0, 0, 0, 255, 0, 0, 0]) },
        ],
        excluded: [{ type: 'email', value: '.example.org' }],
      }),
      extensions.fulcio(1, 'https://issuer.example'),
      extensions.fulcio(8, 'https://issuer.example'),
    ],
  };
  const tbs = buildTbs(template);
  return {
    template,
    certificate: parseCertificate(assembleCertificate(tbs, key.algorithm, signWith(key, tbs))),
  };
}

describe('a certificate that we build', () => {
  const { template, certificate } = everything();

  test('parses to what it was built from', () => {
    assert.equal(certificate.serial, template.serial);
    assert.equal(certificate.issuer.text, 'CN=Issuing CA,O=Ächme\\, Inc.,C=DE');
    assert.equal(certificate.subject.text, '');
    assert.deepEqual(certificate.notBefore, START);
    assert.deepEqual(certificate.notAfter, template.notAfter);
    assert.deepEqual(certificate.spki, template.spki);
    assert.deepEqual(certificate.extensions, template.extensions);
    assert.deepEqual(certificate.basicConstraints, { ca: true, pathLength: 3 });
    assert.deepEqual([...(certificate.keyUsage ?? [])], ['digitalSignature', 'keyCertSign', 'decipherOnly']);
    assert.deepEqual(certificate.extendedKeyUsage, [OID.codeSigning, OID.serverAuth]);
    assert.deepEqual(certificate.authorityKeyId, new Uint8Array([1, 2, 3]));
    assert.deepEqual(certificate.crlUrls, ['http://crl.example.com/1.crl']);
    assert.deepEqual(certificate.ocspUrls, ['http://ocsp.example.com']);
    assert.deepEqual(certificate.caIssuersUrls, ['http://ca.example.com/ca.cer']);
    assert.equal(certificate.subjectAltNames?.length, 7);
    assert.deepEqual(certificate.subjectAltNames?.[0], { type: 'uri', value: URI });
    assert.equal(certificate.nameConstraints?.permitted.length, 2);
    assert.equal(certificate.nameConstraints?.excluded.length, 1);
  });

  test('encodes again to the same bytes', () => {
    const tbs = buildTbs({
      serial: certificate.serial,
      issuer: certificate.issuer.der,
      subject: certificate.subject.der,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      spki: certificate.spki,
      signatureAlgorithm: certificate.signatureAlgorithm,
      extensions: certificate.extensions,
    });
    assert.deepEqual(
      assembleCertificate(tbs, certificate.signatureAlgorithm, certificate.signature),
      certificate.der,
    );
  });

  test("holds Fulcio's first extensions raw and the later ones as UTF8String", () => {
    const value = (n: number) =>
      certificate.extensions.find(({ oid }) => oid === `${OID.fulcio}.${n}`)?.value;
    assert.equal(new TextDecoder().decode(value(1)), 'https://issuer.example');
    assert.equal(readText(readDer(value(8) ?? new Uint8Array())), 'https://issuer.example');
  });

  test('is read alike by node:crypto', () => {
    const other = new X509Certificate(certificate.der);
    assert.equal(other.serialNumber, '8F00AA');
    assert.equal(other.ca, true);
    assert.match(other.subjectAltName ?? '', /DNS:\*\.example\.com/);
    assert.equal(other.validToDate.getTime(), certificate.notAfter.getTime());
  });

  test('is read alike by openssl x509 -text and asn1parse', { skip: noOpenssl }, () => {
    const files = { 'c.der': certificate.der };
    const { status, text } = openssl(['x509', '-inform', 'DER', '-in', 'c.der', '-noout', '-text'], files);
    assert.equal(status, 0, text);
    for (const line of [
      /Version: 3/,
      /Serial Number: 9371818 \(0x8f00aa\)/,
      /Not After : Jan {2}1 00:00:00 2050 GMT/,
      /X509v3 Basic Constraints: critical\s+CA:TRUE, pathlen:3/,
      /X509v3 Key Usage: critical\s+Digital Signature, Certificate Sign, Decipher Only/,
      /X509v3 Extended Key Usage: critical\s+Code Signing, TLS Web Server Authentication/,
      /X509v3 Subject Alternative Name: critical\s+URI:https:\/\/github\.com/,
      /IP Address:192\.0\.2\.1/,
      /Permitted:\s+DNS:example\.com\s+IP:10\.0\.0\.0\/255\.0\.0\.0\s+Excluded:\s+email:\.example\.org/,
      /OCSP - URI:http:\/\/ocsp\.example\.com\s+CA Issuers - URI:http:\/\/ca\.example\.com\/ca\.cer/,
    ])
      assert.match(text, line);
    assert.equal(openssl(['asn1parse', '-inform', 'DER', '-in', 'c.der'], files).status, 0);
  });
});

describe('a chain that we build', { skip: noOpenssl }, () => {
  for (const kind of ['P-256', 'P-384', 'P-521', 'ed25519', 'rsa'] as const)
    test(`openssl verify accepts it with ${kind} keys`, () => {
      const root = makeParty({ key: makeKey(kind) });
      const middle = makeParty({ name: 'middle', issuer: root, ca: true, pathLength: 0, key: makeKey(kind) });
      const leaf = makeParty({
        name: '',
        issuer: middle,
        key: makeKey(kind),
        with: [extensions.subjectAltName([{ type: 'dns', value: 'a.example' }], { critical: true })],
      });
      const at = String(Date.parse('2026-06-01T00:00:00Z') / 1000);
      const files = Object.fromEntries(
        Object.entries({ root, middle, leaf }).map(([name, { certificate }]) => [
          `${name}.pem`,
          encodePem('CERTIFICATE', certificate.der),
        ]),
      );
      const options = ['-x509_strict', '-attime', at, '-verify_hostname', 'a.example'];
      const { status, text } = openssl(
        ['verify', ...options, '-CAfile', 'root.pem', '-untrusted', 'middle.pem', 'leaf.pem'],
        files,
      );
      assert.equal(status, 0, text);
    });
});

describe('a certification request', () => {
  const key = makeKey();
  const wanted = [extensions.subjectAltName([{ type: 'dns', value: 'a.example' }], { critical: false })];
  const info = buildCsrInfo({
    subject: encodeName([{ oid: OID.commonName, value: 'a' }]),
    spki: key.spki,
    extensions: wanted,
  });
  const csr = assembleCsr(info, key.algorithm, signWith(key, info));

  test('parses to what it was built from', () => {
    const parsed = parseCsr(csr);
    assert.equal(parsed.subject.text, 'CN=a');
    assert.deepEqual(parsed.requestedExtensions, wanted);
    assert.deepEqual(parsed.requested.subjectAltNames, [{ type: 'dns', value: 'a.example' }]);
    assert.deepEqual(parsed.signed, info);
    assert.deepEqual(parsed.spki, key.spki);
  });

  test('is accepted by openssl req -verify', { skip: noOpenssl }, () => {
    const { status, text } = openssl(
      ['req', '-inform', 'DER', '-in', 'c.der', '-noout', '-verify', '-text'],
      { 'c.der': csr },
    );
    assert.equal(status, 0, text);
    assert.match(text, /DNS:a\.example/);
    assert.match(text, /verify OK/);
  });

  test("openssl's own requests parse", { skip: noOpenssl }, () => {
    const { status, text } = openssl(
      [
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'k',
        '-subj',
        '/CN=b',
        '-addext',
        'subjectAltName=DNS:b.example',
      ],
      {},
    );
    assert.equal(status, 0, text);
    const pem =
      /-----BEGIN CERTIFICATE REQUEST-----[A-Za-z0-9+/=\n]*-----END CERTIFICATE REQUEST-----\n/.exec(
        text,
      )?.[0] ?? '';
    const [block] = decodePem(pem);
    const parsed = parseCsr(block?.der ?? new Uint8Array());
    assert.deepEqual(parsed.requested.subjectAltNames, [{ type: 'dns', value: 'b.example' }]);
  });
});

describe('the builder refuses what no certificate can hold', () => {
  const { template } = everything();
  test('serials that are zero or longer than 20 octets with their sign', () => {
    for (const serial of ['00', '0000', '8'.padEnd(40, '0'), '01'.padEnd(42, '0')])
      assert.throws(() => buildTbs({ ...template, serial: serialOf(serial) }), TypeError, serial);
    assert.doesNotThrow(() => buildTbs({ ...template, serial: serialOf('7f'.padEnd(40, 'f')) }));
  });
  test('names with NUL, blanks or characters beyond ASCII', () => {
    for (const value of ['a\0b', 'a b', 'ä.example', 'a\nb'])
      assert.throws(
        () => extensions.subjectAltName([{ type: 'dns', value }], { critical: false }),
        TypeError,
      );
  });
  test('dates that are none', () => {
    assert.throws(() => buildTbs({ ...template, notAfter: new Date(Number.NaN) }), TypeError);
  });
  test('dates beyond 2049 are written as GeneralizedTime and read back', () => {
    assert.equal(parseCertificate(everything().certificate.der).notAfter.getUTCFullYear(), 2050);
    assert.ok(END.getTime() > START.getTime());
  });
});
