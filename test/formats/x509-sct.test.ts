// SCTs: our own, appended last to a template, and those of public certificates.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  assembleCertificate,
  buildTbs,
  encodeName,
  extensions,
  withExtension,
} from '../../src/formats/x509/build.ts';
import { extension, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import {
  encodeSct,
  leafIndexExtension,
  leafIndexOf,
  parseSct,
  parseSctList,
  type Sct,
  sctSignedBytes,
  tbsWithoutScts,
} from '../../src/formats/x509/sct.ts';
import { toHex } from '../../src/ground/bytes.ts';
import { readPublicKey, verifySignature } from '../../src/verify/key.ts';
import { noOpenssl, openssl } from './openssl.ts';
import { END, makeKey, START, serialOf, signWith } from './x509-factory.ts';

const log = makeKey();
const logId = new Uint8Array(createHash('sha256').update(log.spki).digest());

function issueWithSct() {
  const [ca, subject] = [makeKey(), makeKey()];
  const template = {
    serial: serialOf('1234'),
    issuer: encodeName([{ oid: OID.commonName, value: 'ca' }]),
    subject: encodeName([]),
    notBefore: START,
    notAfter: END,
    spki: subject.spki,
    signatureAlgorithm: ca.algorithm,
    extensions: [
      extensions.subjectAltName([{ type: 'uri', value: 'https://a.example/b' }], { critical: true }),
    ],
  };
  const tbs = buildTbs(template);
  const unsigned = {
    timestampMs: 1_790_000_000_123,
    issuerKeyHash: new Uint8Array(createHash('sha256').update(ca.spki).digest()),
    tbsWithoutScts: tbs,
    extensions: leafIndexExtension(987_654_321_012),
  };
  const sct: Sct = {
    logId,
    timestampMs: unsigned.timestampMs,
    extensions: unsigned.extensions,
    algorithm: 'ecdsa-sha256',
    signature: signWith(log, sctSignedBytes(unsigned)),
  };
  const final = buildTbs(withExtension(template, extensions.sctList([encodeSct(sct)])));
  const certificate = parseCertificate(assembleCertificate(final, ca.algorithm, signWith(ca, final)));
  return { certificate, tbs, sct, unsigned };
}

describe('an SCT', () => {
  const { certificate, tbs, sct, unsigned } = issueWithSct();
  const value = extension(certificate, OID.sctList)?.value ?? new Uint8Array();

  test('comes back from the certificate as it went in', () => {
    assert.deepEqual(parseSctList(value), [sct]);
    assert.deepEqual(parseSct(encodeSct(sct)), sct);
    assert.equal(leafIndexOf(sct.extensions), 987_654_321_012);
  });

  test('signs the TBS without its own extension, byte for byte', () => {
    assert.deepEqual(tbsWithoutScts(certificate), tbs);
    const bytes = sctSignedBytes({ ...unsigned, tbsWithoutScts: tbsWithoutScts(certificate) });
    assert.equal(verifySignature(readPublicKey(log.spki), 'ecdsa-sha256', bytes, sct.signature), true);
  });

  test('is read alike by openssl', { skip: noOpenssl }, () => {
    const files = { 'c.der': certificate.der };
    const { text } = openssl(
      ['x509', '-inform', 'DER', '-in', 'c.der', '-noout', '-ext', 'ct_precert_scts'],
      files,
    );
    assert.match(text, /Version {3}: v1 \(0x0\)/);
    assert.match(text, /Extensions: 00:00:05:E5:F4:C8:F3:74/);
    assert.match(text, /Signature : ecdsa-with-SHA256/);
  });

  test('has static-CT leaf index bytes 00 0005 and 40 bits', () => {
    assert.equal(toHex(leafIndexExtension(258)), '0000050000000102');
    assert.throws(() => leafIndexExtension(2 ** 40), TypeError);
    assert.equal(leafIndexOf(new Uint8Array(0)), undefined);
    assert.equal(leafIndexOf(new Uint8Array([0, 0, 5, 1])), undefined);
    assert.equal(leafIndexOf(new Uint8Array([7, 0, 1, 9, 0, 0, 5, 0, 0, 0, 0, 3])), 3);
  });

  test('lists that are cut, empty or followed by more are refused', () => {
    for (let length = 0; length < value.length; length++)
      assert.throws(() => parseSctList(value.subarray(0, length)), { code: 'SY-X509-MALFORMED' });
    assert.throws(() => parseSctList(new Uint8Array([4, 2, 0, 0])), { code: 'SY-X509-MALFORMED' });
    assert.throws(() => parseSct(new Uint8Array([...encodeSct(sct), 0])), { code: 'SY-X509-MALFORMED' });
  });

  test('of a later version is passed over, as RFC 6962 wants', () => {
    const later = encodeSct(sct);
    later[0] = 1;
    assert.deepEqual(parseSctList(extensions.sctList([later, encodeSct(sct)]).value), [sct]);
  });

  test('a certificate without SCTs is its own TBS', () => {
    const other = parseCertificate(
      assembleCertificate(tbs, certificate.signatureAlgorithm, certificate.signature),
    );
    assert.deepEqual(tbsWithoutScts(other), other.tbs);
  });
});
