// The yard's own certificates: renewed in time, and kept for those who verify later.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { extension } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import type { ListenerName } from '../../src/issue/request.ts';
import {
  ensureListenerCertificate,
  ensureTimestampCertificates,
} from '../../src/issue/service-certificates.ts';
import { hasCode } from '../contract/keystore.ts';
import { HOST, openTestYard, type TestYard } from './harness.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const NAMES: readonly ListenerName[] = [
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: Uint8Array.of(127, 0, 0, 1) },
];

async function listener(yard: TestYard, names = NAMES) {
  const { tls } = await yard.authorities();
  return ensureListenerCertificate(yard.deps, { authority: tls, names });
}

test('the listener gets a server certificate for its names, with the key that TLS needs', async () => {
  const yard = await openTestYard();
  const { certificate, chainPem, privateKey } = await listener(yard);
  const parsed = new X509Certificate(chainPem);
  assert.ok(parsed.checkPrivateKey(privateKey));
  assert.equal(parsed.checkHost('localhost'), 'localhost');
  assert.equal(parsed.checkIP('127.0.0.1'), '127.0.0.1');
  assert.deepEqual(certificate.extendedKeyUsage, [OID.serverAuth]);
  assert.equal(chainPem.match(/BEGIN CERTIFICATE/g)?.length, 2, 'leaf and CA, no root');
  await yard.close();
});

test('the listener keeps its certificate until a third of its life is left, then gets another key', async () => {
  const yard = await openTestYard();
  const first = await listener(yard);
  yard.clock.ms += 15 * HOUR_MS;
  assert.equal((await listener(yard)).certificate.serial, first.certificate.serial);
  yard.clock.ms += 2 * HOUR_MS;
  const second = await listener(yard);
  assert.notEqual(second.certificate.serial, first.certificate.serial);
  assert.notDeepEqual(second.certificate.spki, first.certificate.spki);
  await yard.close();
});

test('other names give another certificate', async () => {
  const yard = await openTestYard();
  const first = await listener(yard);
  const more = await listener(yard, [...NAMES, { type: 'dns', value: HOST }]);
  assert.notEqual(more.certificate.serial, first.certificate.serial);
  for (const value of ['', '*.example', 'UPPER', 'a..b', 'a b', 'ä.example', `${'a'.repeat(64)}.b`])
    await assert.rejects(listener(yard, [{ type: 'dns', value }]), hasCode('SY-ISSUE-NAME'), value);
  await yard.close();
});

test('while the store takes no writes the present certificate goes on serving', async () => {
  let full = false;
  const wrap =
    (commit: Commit): Commit =>
    async (change) => {
      if (full) throw new SealyardError('SY-STORE-UNAVAILABLE');
      return commit(change);
    };
  const yard = await openTestYard({ wrap });
  const first = await listener(yard);
  full = true;
  yard.clock.ms += 20 * HOUR_MS;
  assert.equal((await listener(yard)).certificate.serial, first.certificate.serial);
  full = false;
  assert.notEqual((await listener(yard)).certificate.serial, first.certificate.serial);
  await yard.close();
});

test('a timestamping certificate is for nothing else, and the next one is published before it signs', async () => {
  const yard = await openTestYard();
  const { timestamping } = await yard.authorities();
  const ensure = () =>
    ensureTimestampCertificates(yard.deps, { authority: timestamping, organization: HOST });
  const first = await ensure();
  const { certificate } = first.active;
  assert.deepEqual(certificate.extendedKeyUsage, [OID.timeStamping]);
  assert.equal(extension(certificate, OID.extendedKeyUsage)?.critical, true);
  assert.equal(first.chains.length, 1);

  // 60 days before the end there are two, and the old one still signs; 30 days before it, the new one does.
  yard.clock.ms = certificate.notAfter.getTime() - 59 * DAY_MS;
  const overlapping = await ensure();
  assert.equal(overlapping.chains.length, 2);
  assert.equal(overlapping.active.certificate.serial, certificate.serial);
  yard.clock.ms = certificate.notAfter.getTime() - 29 * DAY_MS;
  const later = await ensure();
  assert.equal(later.chains.length, 2, 'the old chain stays: its timestamps are still verified');
  assert.notEqual(later.active.certificate.serial, certificate.serial);
  await yard.close();
});
