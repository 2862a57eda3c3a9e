// The first start: what it makes, that it makes it once, and that a crash at any moment is completed by the next.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENTS } from '../../src/audit/tables.ts';
import { AUTHORITIES } from '../../src/authority/tables.ts';
import { decodeTileLeaf } from '../../src/formats/static-ct.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import type { Commit } from '../../src/ground/change.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import { certificatesPem } from '../../src/trust/pem.ts';
import { validatePath } from '../../src/verify/chain.ts';
import { runProgram } from '../clients/client.ts';
import { openssl } from '../clients/openssl.ts';
import { hasCode } from '../contract/keystore.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';
import { openTestYard } from './harness.ts';

test('the first start makes a root and three authorities of one purpose each', async () => {
  const yard = await openTestYard();
  const { root, tls, codeSigning, timestamping } = await yard.authorities();
  assert.equal(root.certificate.extendedKeyUsage, undefined);
  assert.equal(root.certificate.signatureAlgorithm, 'ecdsa-sha384');
  assert.deepEqual(tls.certificate.extendedKeyUsage, [OID.serverAuth, OID.clientAuth]);
  assert.deepEqual(codeSigning.certificate.extendedKeyUsage, [OID.codeSigning]);
  assert.deepEqual(timestamping.certificate.extendedKeyUsage, [OID.timeStamping]);
  for (const authority of [tls, codeSigning, timestamping]) {
    assert.equal(authority.certificate.basicConstraints?.pathLength, 0);
    const path = validatePath({
      leaf: authority.certificate,
      intermediates: [],
      anchors: [root.certificate],
      at: yard.clock.now(),
    });
    assert.equal(path.length, 2);
  }
  await yard.close();
});

test('openssl verifies the authorities and prints what they are', async (t) => {
  const client = await openssl.install();
  if ('skip' in client) return t.skip(client.skip);
  const yard = await openTestYard();
  const { root, codeSigning } = await yard.authorities();
  const folder = await mkdtemp(join(tmpdir(), 'sealyard-ceremony-'));
  const rootFile = join(folder, 'root.pem');
  const caFile = join(folder, 'ca.pem');
  await writeFile(rootFile, certificatesPem([root.certificate]));
  await writeFile(caFile, certificatesPem([codeSigning.certificate]));
  const args = [
    'verify',
    '-x509_strict',
    '-attime',
    String((yard.clock.ms / 1000) | 0),
    '-CAfile',
    rootFile,
    caFile,
  ];
  const verified = await runProgram('openssl', args);
  assert.match(verified.stdout, /OK/);
  const { stdout } = await runProgram('openssl', ['x509', '-in', caFile, '-noout', '-text']);
  assert.match(stdout, /CA:TRUE, pathlen:0/);
  assert.match(stdout, /Code Signing/);
  await rm(folder, { recursive: true });
  await yard.close();
});

test('a second start makes nothing and finds the same authorities', async () => {
  const keys = createMemoryKeyStore();
  const directory = await mkdtemp(join(tmpdir(), 'sealyard-ceremony-'));
  const first = await openTestYard({ keys, directory });
  const made = await first.authorities();
  const counts = [first.store.records.count(EVENTS), first.store.records.count(CERTIFICATES)];
  await first.close();
  const second = await openTestYard({ keys, directory });
  const found = await second.authorities();
  assert.deepEqual(found.codeSigning.certificate.der, made.codeSigning.certificate.der);
  assert.deepEqual([second.store.records.count(EVENTS), second.store.records.count(CERTIFICATES)], counts);
  await second.close();
  await rm(directory, { recursive: true });
});

test('whichever commit of the first start fails, done or not, the next start completes it', async () => {
  const keys = createMemoryKeyStore();
  // Four authorities of three commits each: key, intent, certificate. The root's, the first below it, and the last.
  for (const kind of ['lost', 'done'] as const)
    for (const failing of [1, 2, 3, 4, 5, 6, 12]) {
      const directory = await mkdtemp(join(tmpdir(), 'sealyard-ceremony-'));
      const broken = await openTestYard({ keys, directory, wrap: (commit) => failAt(commit, failing, kind) });
      await assert.rejects(broken.authorities(), hasCode('SY-STORE-UNAVAILABLE'));
      await broken.close();
      const next = await openTestYard({ keys, directory });
      const { codeSigning, timestamping, tls } = await next.authorities();
      for (const { chain } of [codeSigning, timestamping, tls]) assert.equal(chain.length, 2);
      assert.equal(next.store.records.count(AUTHORITIES), 4);
      await next.close();
      await rm(directory, { recursive: true });
    }
});

test('a crash between intent and certificate leaves serial and TBS on record, and no certificate', async () => {
  const yard = await openTestYard({ wrap: (commit) => failAt(commit, 3, 'lost') });
  await assert.rejects(yard.authorities(), hasCode('SY-STORE-UNAVAILABLE'));
  const [row, ...more] = yard.store.records.find(CERTIFICATES, { where: {}, limit: 9 });
  assert.equal(more.length, 0);
  assert.equal(row?.['state'], 'intended');
  assert.ok(row['tbs'] instanceof Uint8Array);
  assert.equal(row['der'], null);
  assert.equal(yard.logs.head('certificate').size, 0);
  await yard.close();
});

function failAt(commit: Commit, failing: number, kind: 'lost' | 'done'): Commit {
  let number = 0;
  return async (change) => {
    number++;
    if (number > failing) throw new TypeError('nothing is asked of a dead process');
    if (number < failing || kind === 'done') {
      const receipt = await commit(change);
      if (number < failing) return receipt;
    }
    throw new SealyardError('SY-STORE-UNAVAILABLE');
  };
}

test('every authority is in the certificate log, issued after it was intended', async () => {
  const yard = await openTestYard();
  const { codeSigning, root } = await yard.authorities();
  const row = yard.store.records.get(CERTIFICATES, { serial: codeSigning.certificate.serial });
  assert.equal(row?.['state'], 'issued');
  const entry = decodeTileLeaf(
    yard.logs.entry('certificate', Number(row?.['log_index'])) ?? new Uint8Array(0),
  );
  assert.ok(entry.type === 'certificate');
  assert.deepEqual([...entry.certificate], [...codeSigning.certificate.der]);
  assert.deepEqual(entry.chain.map(String), root.chainFingerprints.map(String));
  const actions = yard.store.records
    .find(EVENTS, {
      where: { object_type: 'certificate', object_id: codeSigning.certificate.serial },
      limit: 9,
    })
    .map(({ action }) => action);
  assert.deepEqual(actions, ['certificate.intended', 'certificate.issued']);
  await yard.close();
});

test('a key store that answers with other keys than at the first start is refused', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sealyard-ceremony-'));
  const first = await openTestYard({ directory });
  await first.authorities();
  await first.close();
  const other = createMemoryKeyStore();
  const purposes = ['certificate-log', 'signature-log', 'audit-log', 'root-ca'] as const;
  for (const purpose of purposes) await other.create({ purpose, algorithm: 'ec-p256' });
  await assert.rejects(openTestYard({ directory, keys: other }), hasCode('SY-KEYS-PIN'));
  await rm(directory, { recursive: true });
});
