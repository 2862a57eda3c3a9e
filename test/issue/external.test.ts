// Certificates that others issued, put on record: known, watched, revocable where one of ours signed them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assembleCertificate, buildTbs, encodeName, extensions } from '../../src/formats/x509/build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { recordExternal } from '../../src/issue/external.ts';
import { serialsWithKey } from '../../src/issue/known-keys.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import type { Signer } from '../../src/keys/signer.ts';
import { hasCode } from '../contract/keystore.ts';
import { openTestYard, type TestYard } from './harness.ts';

let yard: TestYard;
let foreign: Signer;
before(async () => {
  yard = await openTestYard();
  foreign = await yard.keys.create({ purpose: 'tls-ca', algorithm: 'ec-p256' });
});
after(() => yard.close());

const actor = { kind: 'identity', id: 'admin', issuer: 'local' } as const;

/** A certificate that ended years ago, as openssl made them: small serial, no usages. */
async function old(
  serialText: string,
  signer: Signer,
  issuer: Uint8Array,
  name = 'old.example.com',
): Promise<Uint8Array> {
  const serial = asSerial(serialText);
  assert.ok(serial);
  const tbs = buildTbs({
    serial,
    issuer,
    subject: encodeName([{ oid: OID.commonName, value: name }]),
    notBefore: new Date('2009-01-01T00:00:00Z'),
    notAfter: new Date('2010-01-01T00:00:00Z'),
    spki: foreign.publicKey.spki,
    signatureAlgorithm: signer.algorithm,
    extensions: [extensions.subjectAltName([{ type: 'dns', value: name }], { critical: false })],
  });
  return assembleCertificate(tbs, signer.algorithm, await signer.sign(signer.purpose, tbs));
}

const stranger = encodeName([{ oid: OID.commonName, value: 'Somebody else' }]);

test('a certificate of any age is put on record once, with an event, and found by its key', async () => {
  const der = await old('01', foreign, stranger);
  const first = await recordExternal({ der, actor }, yard.deps);
  assert.equal(first.recorded, true);
  const row = yard.store.records.get(CERTIFICATES, { serial: '01' });
  assert.equal(row?.['state'], 'external');
  assert.equal(row?.['authority'], 'external');
  assert.equal(row?.['names'], 'old.example.com');
  assert.equal(row?.['crl_shard'], null);
  assert.equal((await recordExternal({ der, actor }, yard.deps)).recorded, false);
  const spki = row?.['spki_sha256'];
  assert.ok(spki instanceof Uint8Array);
  assert.deepEqual(serialsWithKey(yard.store.records, spki), ['01']);
});

test("one that an authority of ours signed has its place in that authority's list", async () => {
  const { tls } = await yard.authorities();
  const der = await old('0a0b', tls.signer, tls.certificate.subject.der);
  await recordExternal({ der, issuer: tls, actor }, yard.deps);
  const row = yard.store.records.get(CERTIFICATES, { serial: '0a0b' });
  assert.equal(row?.['authority'], tls.id);
  assert.equal(row?.['crl_shard'], 0x0a0b % tls.shards);
});

test('another certificate with a serial on record, and one that the authority did not sign, are refused', async () => {
  const { tls } = await yard.authorities();
  await assert.rejects(
    recordExternal({ der: await old('01', foreign, stranger, 'other.example.com'), actor }, yard.deps),
    hasCode('SY-ISSUE-EXTERNAL'),
  );
  const forged = await old('0c', foreign, tls.certificate.subject.der);
  await assert.rejects(
    recordExternal({ der: forged, issuer: tls, actor }, yard.deps),
    hasCode('SY-ISSUE-EXTERNAL'),
  );
  await assert.rejects(
    recordExternal({ der: Uint8Array.of(1, 2), actor }, yard.deps),
    hasCode('SY-X509-MALFORMED'),
  );
});
