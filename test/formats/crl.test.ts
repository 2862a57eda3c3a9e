// CRLs: built ones are read by openssl, read ones are read strictly.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { der } from '../../src/formats/der.ts';
import { encodePem } from '../../src/formats/pem.ts';
import { assembleCertificate, extensions } from '../../src/formats/x509/build.ts';
import { parseCrl, parseCrlsPem, REASON_CODES, type RevocationReason } from '../../src/formats/x509/crl.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { makeCrl, makeCrlDer } from './crl-factory.ts';
import { noOpenssl, openssl } from './openssl.ts';
import { refused } from './refused.ts';
import { makeKey, makeParty, NOW, serialOf, signWith } from './x509-factory.ts';

const root = makeParty();
const REASONS = Object.keys(REASON_CODES) as RevocationReason[];
const URL = 'http://ca.example/crl/tls-1/7.crl';

test('what was built is read back, field for field, with every reason', () => {
  const entries = REASONS.map((reason, i) => ({
    serial: serialOf(`7f0${i.toString(16)}`),
    revokedAt: NOW,
    reason,
    ...(i % 2 === 0 ? {} : { invalidityDate: new Date(NOW.getTime() - 5000) }),
  }));
  const crl = makeCrl({ issuer: root, entries, number: 300, url: URL });
  assert.deepEqual(crl.entries, entries);
  assert.equal(crl.crlNumber, 300n);
  assert.equal(crl.version, 2);
  assert.deepEqual(crl.issuingDistributionPoint?.urls, [URL]);
  assert.deepEqual(crl.authorityKeyId, root.key.id);
  assert.deepEqual(crl.unprocessedCritical, []);
});

test('openssl reads number, scope, reasons and base of a delta as they were meant', {
  skip: noOpenssl,
}, () => {
  const entries = [{ serial: serialOf('0abc'), revokedAt: NOW, reason: 'keyCompromise' as const }];
  const delta = makeCrlDer({ issuer: root, entries, number: 9, base: 4, url: URL });
  const { text, status } = openssl(['crl', '-inform', 'DER', '-in', 'd.crl', '-text', '-noout'], {
    'd.crl': delta,
  });
  assert.equal(status, 0, text);
  for (const part of [
    'Key Compromise',
    URL,
    'Serial Number: 0ABC',
    'X509v3 CRL Number',
    'Delta CRL Indicator: critical',
  ])
    assert.ok(text.includes(part), `${part}\n${text}`);
});

for (const kind of ['P-256', 'P-384', 'ed25519', 'rsa'] as const)
  test(`openssl verifies the signature of a list by ${kind}`, { skip: noOpenssl }, () => {
    const issuer = makeParty({ key: makeKey(kind) });
    const files = {
      'c.crl': makeCrlDer({ issuer }),
      'ca.pem': encodePem('CERTIFICATE', issuer.certificate.der),
    };
    const { text } = openssl(['crl', '-inform', 'DER', '-in', 'c.crl', '-CAfile', 'ca.pem', '-noout'], files);
    assert.match(text, /verify OK/);
  });

test('an empty list has no field of entries at all, as RFC 5280 §5.1.2.6 wants it', () => {
  const crl = makeCrl({ issuer: root });
  assert.deepEqual(crl.entries, []);
});

test('a list is refused as malformed wherever one octet is missing at its end', () => {
  const good = makeCrlDer({
    issuer: root,
    entries: [{ serial: serialOf('05'), revokedAt: NOW, reason: 'superseded' }],
  });
  for (let length = 0; length < good.length; length++)
    refused('SY-CRL-MALFORMED', () => parseCrl(good.subarray(0, length)), `${length} octets`);
  refused('SY-CRL-MALFORMED', () => parseCrl(Uint8Array.of(...good, 0)));
});

function signed(...fields: readonly Uint8Array[]): Uint8Array {
  const tbs = der.sequence(...fields);
  return assembleCertificate(tbs, root.key.algorithm, signWith(root.key, tbs));
}

test('what RFC 5280 §5 forbids is refused', () => {
  const algorithm = der.sequence(der.oid('1.2.840.10045.4.3.2'));
  const name = root.certificate.subject.der;
  const [from, to] = [der.time(NOW), der.time(new Date(NOW.getTime() + 1000))];
  const extension = der.context(
    0,
    der.sequence(der.sequence(der.oid(OID.crlNumber), der.octetString(der.integer(1)))),
  );
  const v2 = der.integer(1);
  const bad: Readonly<Record<string, Uint8Array>> = {
    'a version 1 that is written out': signed(der.integer(0), algorithm, name, from, to),
    'a version 3': signed(der.integer(2), algorithm, name, from, to),
    'an empty list of entries': signed(v2, algorithm, name, from, to, der.sequence(), extension),
    'extensions without a version': signed(algorithm, name, from, to, extension),
    'an empty issuer': signed(v2, algorithm, der.sequence(), from, to, extension),
    'a next update before this one': signed(v2, algorithm, name, to, from, extension),
    'two algorithms': signed(v2, der.sequence(der.oid('1.2.840.10045.4.3.3')), name, from, to, extension),
    'an empty list of extensions': signed(v2, algorithm, name, from, to, der.context(0, der.sequence())),
    'a reason that does not exist': signed(v2, algorithm, name, from, to, entry(der.enumerated(7))),
    'a reason that is an INTEGER': signed(v2, algorithm, name, from, to, entry(der.integer(1))),
  };
  for (const [what, bytes] of Object.entries(bad)) refused('SY-CRL-MALFORMED', () => parseCrl(bytes), what);
  parseCrl(signed(v2, algorithm, name, from, to, entry(der.enumerated(1)), extension));

  function entry(reason: Uint8Array): Uint8Array {
    const extensionOf = der.sequence(der.oid(OID.reasonCode), der.octetString(reason));
    return der.sequence(der.sequence(der.integer(5), from, der.sequence(extensionOf)));
  }
});

test('a scope that excludes itself, or says nothing, is refused', () => {
  const point = (...flags: readonly Uint8Array[]) => ({
    oid: OID.issuingDistributionPoint,
    critical: true,
    value: der.sequence(...flags),
  });
  const flag = (n: number, value = 0xff) => der.context(n, Uint8Array.of(value), false);
  for (const bad of [point(), point(flag(1), flag(2)), point(flag(1, 0)), point(flag(4), flag(1))])
    refused('SY-CRL-MALFORMED', () => makeCrl({ issuer: root, with: [bad] }));
  const some = makeCrl({ issuer: root, with: [point(der.implicit(3, der.namedBits([1, 6])))] });
  assert.deepEqual(
    [...(some.issuingDistributionPoint?.onlySomeReasons ?? [])],
    ['keyCompromise', 'certificateHold'],
  );
});

test('a critical extension that nobody knows is told to whoever wants to use the list', () => {
  const unknown = extensions.raw('1.2.3.4', true, der.null());
  assert.deepEqual(makeCrl({ issuer: root, with: [unknown] }).unprocessedCritical, ['1.2.3.4']);
});

test('PEM holds lists and nothing else', () => {
  const bytes = makeCrlDer({ issuer: root });
  assert.equal(parseCrlsPem(encodePem('X509 CRL', bytes)).length, 1);
  refused('SY-PEM-MALFORMED', () => parseCrlsPem(encodePem('CERTIFICATE', bytes)));
});
