// OCSP messages: openssl's are read, ours are read by openssl, and neither more than the RFCs allow.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSpki } from '../../src/formats/algorithms.ts';
import { der } from '../../src/formats/der.ts';
import {
  type CertIdHash,
  EXTENDED_REVOKE,
  encodeCertId,
  encodeOcspFailure,
  encodeOcspRequest,
  encodeOcspResponse,
  encodeResponseData,
  MAX_OCSP_REQUESTS,
  nonceExtension,
  type OcspCertStatus,
  type OcspFailure,
  parseOcspRequest,
  parseOcspResponse,
} from '../../src/formats/ocsp.ts';
import { encodePem } from '../../src/formats/pem.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { noOpenssl, openssl } from './openssl.ts';
import { refused } from './refused.ts';
import { makeParty, NOW, type Party, serialOf, signWith } from './x509-factory.ts';

const root = makeParty();
const leaf = makeParty({ issuer: root, name: 'leaf' });
const responder = makeParty({
  issuer: root,
  name: 'responder',
  with: [extensions.extendedKeyUsage([OID.ocspSigning]), extensions.raw(OID.ocspNoCheck, false, der.null())],
});

function hashed(hash: CertIdHash, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(hash).update(bytes).digest());
}

function idOf(issuer: Party, serial: string, hash: CertIdHash = 'sha1'): Uint8Array {
  const { subject, spki } = issuer.certificate;
  return encodeCertId({
    hash,
    issuerNameHash: hashed(hash, subject.der),
    issuerKeyHash: hashed(hash, readSpki(spki).key),
    serial: serialOf(serial),
  });
}

function answer(certStatus: OcspCertStatus, nonce?: Uint8Array): Uint8Array {
  const responseData = encodeResponseData({
    responderKeyHash: hashed('sha1', readSpki(responder.certificate.spki).key),
    producedAt: NOW,
    responses: [
      {
        id: { der: idOf(root, leaf.certificate.serial) },
        certStatus,
        thisUpdate: NOW,
        nextUpdate: new Date(NOW.getTime() + 3_600_000),
      },
    ],
    extensions: nonce === undefined ? [] : [nonceExtension(nonce)],
  });
  const signature = signWith(responder.key, responseData);
  const { algorithm } = responder.key;
  return encodeOcspResponse({ responseData, algorithm, signature, certificate: responder.certificate.der });
}

for (const hash of ['sha1', 'sha256'] as const)
  test(`a request of openssl with ${hash} names the issuer that we compute`, { skip: noOpenssl }, () => {
    const folder = mkdtempSync(join(tmpdir(), 'sealyard-ocsp-'));
    try {
      writeFileSync(join(folder, 'ca.pem'), encodePem('CERTIFICATE', root.certificate.der));
      writeFileSync(join(folder, 'leaf.pem'), encodePem('CERTIFICATE', leaf.certificate.der));
      const args = ['ocsp', `-${hash}`, '-issuer', 'ca.pem', '-cert', 'leaf.pem', '-reqout', 'req.der'];
      assert.equal(spawnSync('openssl', args, { cwd: folder }).status, 0);
      const { ids, nonce } = parseOcspRequest(new Uint8Array(readFileSync(join(folder, 'req.der'))));
      assert.deepEqual(ids[0]?.der, idOf(root, leaf.certificate.serial, hash));
      assert.equal(nonce?.length, 16);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

const STATUSES: readonly (readonly [OcspCertStatus, RegExp])[] = [
  [{ status: 'good' }, /^(leaf\.pem: )?good$/m],
  [{ status: 'unknown' }, /^(leaf\.pem: )?unknown$/m],
  [{ status: 'revoked', at: NOW, reason: 'keyCompromise' }, /revoked$[\s\S]*keyCompromise/m],
  [{ status: 'revoked', at: NOW, reason: 'unspecified' }, /^(leaf\.pem: )?revoked$/m],
];
for (const [status, expected] of STATUSES)
  test(`openssl verifies an answer and reads ${JSON.stringify(status)}`, { skip: noOpenssl }, () => {
    const files = {
      'ca.pem': encodePem('CERTIFICATE', root.certificate.der),
      'leaf.pem': encodePem('CERTIFICATE', leaf.certificate.der),
      'resp.der': answer(status),
    };
    // openssl judges the signature at the time of `-attime`, but the status by its own clock: that is not what is asked.
    const at = String(NOW.getTime() / 1000 + 60);
    const { text } = openssl(
      [
        'ocsp',
        '-issuer',
        'ca.pem',
        '-cert',
        'leaf.pem',
        '-respin',
        'resp.der',
        '-CAfile',
        'ca.pem',
        '-attime',
        at,
        '-no_nonce',
      ],
      files,
    );
    assert.match(text, /Response verify OK/);
    assert.match(text, expected);
  });

test('what was built is read back, field for field', () => {
  const nonce = new Uint8Array(32).fill(7);
  const revoked: OcspCertStatus = { status: 'revoked', at: NOW, reason: 'superseded' };
  const parsed = parseOcspResponse(answer(revoked, nonce));
  assert.ok(parsed.status === 'successful');
  assert.deepEqual(parsed.responses[0]?.certStatus, revoked);
  assert.deepEqual(parsed.nonce, nonce);
  assert.equal(parsed.extendedRevoke, false);
  assert.deepEqual(parsed.certificates[0]?.der, responder.certificate.der);
  const request = parseOcspRequest(encodeOcspRequest({ ids: [idOf(root, '05')], nonce }));
  assert.deepEqual(request.nonce, nonce);
  assert.equal(request.ids[0]?.serial, '05');
});

test('each failure has its own number, and a success without an answer is refused', () => {
  for (const failure of [
    'malformedRequest',
    'internalError',
    'tryLater',
    'sigRequired',
    'unauthorized',
  ] satisfies OcspFailure[])
    assert.deepEqual(parseOcspResponse(encodeOcspFailure(failure)), { status: failure });
  refused('SY-OCSP-MALFORMED', () => parseOcspResponse(der.sequence(der.enumerated(0))));
  refused('SY-OCSP-MALFORMED', () => parseOcspResponse(der.sequence(der.enumerated(4))));
});

test('openssl says the failure by its name', { skip: noOpenssl }, () => {
  const { text } = openssl(['ocsp', '-respin', 'r.der', '-text'], { 'r.der': encodeOcspFailure('tryLater') });
  assert.match(text, /trylater/i);
});

test('a nonce has 1 to 128 octets (RFC 9654)', () => {
  const ask = (size: number) =>
    parseOcspRequest(encodeOcspRequest({ ids: [idOf(root, '05')], nonce: new Uint8Array(size) })).nonce
      ?.length;
  for (const size of [1, 32, 128]) assert.equal(ask(size), size);
  for (const size of [0, 129]) refused('SY-OCSP-MALFORMED', () => ask(size));
});

test('a request asks about at least one certificate and at most the bound', () => {
  const ask = (count: number) =>
    parseOcspRequest(encodeOcspRequest({ ids: Array(count).fill(idOf(root, '05')) }));
  assert.equal(ask(MAX_OCSP_REQUESTS).ids.length, MAX_OCSP_REQUESTS);
  refused('SY-OCSP-MALFORMED', () => ask(MAX_OCSP_REQUESTS + 1));
  refused('SY-OCSP-MALFORMED', () => ask(0));
});

test('a serial that no certificate can have is nobody’s, not an error', () => {
  const id = (serial: Uint8Array) => {
    const algorithm = der.sequence(der.oid('1.3.14.3.2.26'), der.null());
    const hash = der.octetString(new Uint8Array(20));
    return der.sequence(algorithm, hash, hash, serial);
  };
  for (const serial of [der.integer(0), der.integer(-5), der.integer(new Uint8Array(30).fill(0x55))])
    assert.equal(parseOcspRequest(encodeOcspRequest({ ids: [id(serial)] })).ids[0]?.serial, undefined);
  refused('SY-OCSP-MALFORMED', () =>
    parseOcspRequest(encodeOcspRequest({ ids: [id(der.integer(new Uint8Array(65).fill(0x55)))] })),
  );
});

test('hashes of the wrong length and algorithms that nobody computes are refused', () => {
  const id = (oid: string, size: number) => {
    const hash = der.octetString(new Uint8Array(size));
    return der.sequence(der.sequence(der.oid(oid)), hash, hash, der.integer(5));
  };
  refused('SY-OCSP-MALFORMED', () => parseOcspRequest(encodeOcspRequest({ ids: [id('1.3.14.3.2.26', 32)] })));
  refused('SY-ALGORITHM-UNKNOWN', () =>
    parseOcspRequest(encodeOcspRequest({ ids: [id('1.2.840.113549.2.5', 16)] })),
  );
});

test('a request is refused as malformed wherever one octet is missing at its end, an answer too', () => {
  const request = encodeOcspRequest({ ids: [idOf(root, '05')], nonce: new Uint8Array(32) });
  for (let length = 0; length < request.length; length++)
    refused('SY-OCSP-MALFORMED', () => parseOcspRequest(request.subarray(0, length)));
  const response = answer({ status: 'good' });
  for (let length = 0; length < response.length; length++)
    refused('SY-OCSP-MALFORMED', () => parseOcspResponse(response.subarray(0, length)));
});

test('the extension of RFC 6960 §4.4.8 is told', () => {
  const responseData = encodeResponseData({
    responderKeyHash: new Uint8Array(20),
    producedAt: NOW,
    responses: [],
    extensions: [EXTENDED_REVOKE],
  });
  const parsed = parseOcspResponse(
    encodeOcspResponse({
      responseData,
      algorithm: 'ecdsa-sha256',
      signature: new Uint8Array(8),
      certificate: responder.certificate.der,
    }),
  );
  assert.ok(parsed.status === 'successful' && parsed.extendedRevoke);
});
