// A PKI that openssl made is brought along: with its key, by a request that an offline root signs, as an anchor.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENTS } from '../../src/audit/tables.ts';
import { encodePem } from '../../src/formats/pem.ts';
import type { ImportOrder } from '../../src/issue/ceremonies/import.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import { openssl } from '../clients/openssl.ts';
import { hasCode } from '../contract/keystore.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';
import { BELOW, CA, foreign, ISSUING, signedBy } from './foreign-pki.ts';
import {
  ADMIN,
  authority,
  inFolder,
  leafOf,
  opensslIn,
  opensslVerify,
  openWorld,
  type World,
} from './world.ts';

const installed = await openssl.install();
const skip = 'skip' in installed ? installed.skip : false;

function bring(world: World, o: Omit<ImportOrder, 'actor'>) {
  return world.ceremonies.importAuthority({ ...o, actor: ADMIN });
}

async function demandVerifies(world: World, id: string, name?: string): Promise<void> {
  const [chain = []] = world.directory.chains(id);
  const verified = await opensslVerify(world, await leafOf(world, id, name), chain);
  assert.ok(verified.ok, verified.text);
}

for (const [kind, key] of [
  ['RSA', '-algorithm RSA -pkeyopt rsa_keygen_bits:2048'],
  ['P-384', '-algorithm EC -pkeyopt ec_paramgen_curve:P-384'],
  ['Ed25519', '-algorithm ED25519'],
] as const)
  test(
    `an issuing authority with an ${kind} key is imported below its offline root, and issues`,
    { skip },
    () =>
      inFolder(async (folder) => {
        const world = await openWorld();
        const root = await foreign(folder, { name: 'root' });
        const ca = await foreign(folder, { name: 'issuing', key, by: 'root', extensions: ISSUING });
        const imported = await bring(world, {
          certificates: root.certificate + ca.certificate,
          key: ca.key,
          purpose: 'tls',
          name: 'elsewhere',
        });
        assert.deepEqual(imported, { id: 'elsewhere', outcome: 'imported', recorded: ['root-2'] });
        const known = world.directory.known().find(({ id }) => id === 'root-2');
        assert.deepEqual([known?.key, known?.state], ['elsewhere', 'offline']);
        assert.equal(world.directory.anchors().length, 2);
        assert.equal(world.directory.issuing('tls', ['elsewhere']).id, 'elsewhere');
        await demandVerifies(world, 'elsewhere');
        await world.close();
      }),
  );

test(
  'an encrypted key opens with its passphrase; neither is in an answer, a record or an error',
  { skip },
  () =>
    inFolder(async (folder) => {
      const world = await openWorld();
      await foreign(folder, { name: 'root' });
      const passphrase = 'correct horse battery staple';
      for (const [name, how] of [
        ['aes', '-v2 aes-256-cbc'],
        ['scrypt', '-scrypt'],
      ] as const) {
        await foreign(folder, { name, by: 'root', extensions: ISSUING });
        await writeFile(join(folder, 'passphrase'), passphrase);
        await opensslIn(
          folder,
          `pkcs8 -topk8 -in ${name}.key -out ${name}.p8 ${how} -passout file:passphrase`,
        );
        const key = await readFile(join(folder, `${name}.p8`), 'utf8');
        const order = {
          certificates:
            (await readFile(join(folder, `${name}.pem`), 'utf8')) +
            (await readFile(join(folder, 'root.pem'), 'utf8')),
          key,
          purpose: 'tls',
          name,
        } as const;
        for (const wrong of [
          {},
          { passphrase: '' },
          { passphrase: 'wrong' },
          { passphrase: 'x'.repeat(2000) },
        ])
          await assert.rejects(bring(world, { ...order, ...wrong }), (error: Error) => {
            assert.ok(hasCode('SY-AUTHORITY-KEY')(error));
            assert.doesNotMatch(error.message, /wrong|horse|xxxx/);
            return true;
          });
        const imported = await bring(world, { ...order, passphrase });
        assert.equal(imported.id, name);
        await demandVerifies(world, name);
        const secrets = [
          passphrase,
          key.split('\n')[2] ?? '',
          (await readFile(join(folder, `${name}.key`), 'utf8')).split('\n')[1] ?? '',
        ];
        const told =
          JSON.stringify(world.yard.store.records.find(EVENTS, { where: {}, limit: 500 })) +
          JSON.stringify(imported);
        for (const secret of secrets) assert.ok(!told.includes(secret));
      }
      await world.close();
    }),
);

test('an intermediate is imported with its key and signs authorities below', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    await foreign(folder, { name: 'root' });
    await foreign(folder, { name: 'upper', by: 'root', extensions: BELOW });
    const lower = await foreign(folder, { name: 'lower', by: 'upper', extensions: BELOW });
    const chain = await Promise.all(
      ['upper', 'root'].map((name) => readFile(join(folder, `${name}.pem`), 'utf8')),
    );
    await bring(world, {
      certificates: lower.certificate + chain.join(''),
      key: lower.key,
      purpose: 'intermediate',
    });
    const { id } = await world.ceremonies.create({ purpose: 'tls', parent: 'intermediate-2', actor: ADMIN });
    assert.equal(world.directory.chains(id)[0]?.length, 4);
    await demandVerifies(world, id);
    await world.close();
  }),
);

test('an intermediate whose root is offline: key here, request out, certificate back', { skip }, () =>
  inFolder(async (folder) => {
    const keys = createMemoryKeyStore();
    const world = await openWorld({ keys });
    const root = await foreign(folder, { name: 'root' });
    const { id, csr } = await world.ceremonies.create({
      purpose: 'intermediate',
      name: 'below-offline',
      organization: 'Acme',
      request: true,
      actor: ADMIN,
    });
    assert.ok(csr);
    assert.deepEqual(
      world.directory.pending().map((each) => each.id),
      [id],
    );
    assert.equal(world.directory.get(id), undefined, 'it signs nothing yet');
    await writeFile(join(folder, 'ours.csr'), encodePem('CERTIFICATE REQUEST', csr));
    const told = await opensslIn(folder, 'req -in ours.csr -noout -verify -text');
    assert.match(told, /CA:TRUE/);
    assert.match(told, /O = Acme/);
    const certificate = await signedBy(folder, {
      by: 'root',
      csr: encodePem('CERTIFICATE REQUEST', csr),
      extensions: BELOW,
    });
    assert.deepEqual(await bring(world, { certificates: certificate + root.certificate }), {
      id,
      outcome: 'completed',
      recorded: ['root-2'],
    });
    assert.deepEqual(world.directory.pending(), []);
    const made = await world.ceremonies.create({ purpose: 'tls', parent: id, actor: ADMIN });
    await demandVerifies(world, made.id);
    await assert.rejects(bring(world, { certificates: certificate }), hasCode('SY-AUTHORITY-EXISTS'));
    await world.close();
  }),
);

test(
  'a rotation under an offline root: the old generation issues until the certificate is back',
  { skip },
  () =>
    inFolder(async (folder) => {
      const world = await openWorld();
      const root = await foreign(folder, { name: 'root' });
      const ca = await foreign(folder, { name: 'issuing', by: 'root', extensions: ISSUING });
      world.yard.clock.ms += 1000;
      await bring(world, {
        certificates: ca.certificate + root.certificate,
        key: ca.key,
        purpose: 'tls',
        name: 'acme',
      });
      const { id, csr } = await world.ceremonies.rotate({ id: 'acme', request: true, actor: ADMIN });
      assert.equal(id, 'acme-2');
      assert.ok(csr);
      await assert.rejects(
        world.ceremonies.rotate({ id: 'acme', actor: ADMIN }),
        hasCode('SY-AUTHORITY-STATE'),
      );
      assert.equal(world.directory.issuing('tls', ['acme']).id, 'acme');
      const certificate = await signedBy(folder, {
        by: 'root',
        csr: encodePem('CERTIFICATE REQUEST', csr),
        extensions: ISSUING,
      });
      await bring(world, { certificates: certificate });
      assert.equal(world.directory.issuing('tls', ['acme']).id, 'acme-2');
      assert.equal(authority(world, 'acme').state, 'retired');
      await demandVerifies(world, 'acme-2');
      await world.close();
    }),
);

test('an anchor without a key is trusted, signs nothing, and gets its key later', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    const root = await foreign(folder, { name: 'root' });
    assert.deepEqual(await bring(world, { certificates: root.certificate, name: 'vault' }), {
      id: 'vault',
      outcome: 'recorded',
      recorded: [],
    });
    assert.equal(world.directory.anchors().length, 2);
    const below = () => world.ceremonies.create({ purpose: 'tls', parent: 'vault', actor: ADMIN });
    await assert.rejects(below(), hasCode('SY-AUTHORITY-PARENT'));
    await assert.rejects(
      world.ceremonies.rotate({ id: 'vault', actor: ADMIN }),
      hasCode('SY-AUTHORITY-STATE'),
    );
    const cross = await world.ceremonies.crossSign({ id: 'vault', by: 'root-1', actor: ADMIN });
    assert.equal(cross.basicConstraints?.ca, true);
    const again = await bring(world, { certificates: root.certificate, key: root.key });
    assert.deepEqual(again, { id: 'vault', outcome: 'imported', recorded: [] });
    await demandVerifies(world, (await below()).id);
    await world.close();
  }),
);

test('a second certificate for a known name and key becomes an alternate', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    const root = await foreign(folder, { name: 'root' });
    const other = await foreign(folder, { name: 'other' });
    const ca = await foreign(folder, { name: 'issuing', by: 'root', extensions: ISSUING });
    await bring(world, {
      certificates: ca.certificate + root.certificate,
      key: ca.key,
      purpose: 'tls',
      name: 'acme',
    });
    const csr = await readFile(join(folder, 'issuing.csr'), 'utf8');
    const cross = await signedBy(folder, { by: 'other', csr, extensions: ISSUING });
    const imported = await bring(world, { certificates: cross + other.certificate });
    assert.equal(imported.outcome, 'recorded');
    const leaf = await leafOf(world, 'acme');
    const chains = world.directory.chains('acme');
    assert.equal(chains.length, 2);
    for (const chain of chains) {
      const verified = await opensslVerify(world, leaf, chain);
      assert.ok(verified.ok, verified.text);
    }
    await world.close();
  }),
);

test('a root is imported with its key, and authorities are made below it', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    const root = await foreign(folder, {
      name: 'root',
      extensions: CA,
      key: '-algorithm RSA -pkeyopt rsa_keygen_bits:3072',
    });
    const { id } = await bring(world, { certificates: root.certificate, key: root.key });
    assert.equal(id, 'root-2');
    const made = await world.ceremonies.create({ purpose: 'tls', parent: id, key: 'ed25519', actor: ADMIN });
    await demandVerifies(world, made.id);
    await world.close();
  }),
);

test(
  'what an imported authority signed before is put on record with it, once, whatever its age',
  { skip },
  () =>
    inFolder(async (folder) => {
      const world = await openWorld();
      const root = await foreign(folder, { name: 'root' });
      const ca = await foreign(folder, { name: 'issuing', by: 'root', extensions: ISSUING });
      await bring(world, {
        certificates: ca.certificate + root.certificate,
        key: ca.key,
        purpose: 'tls',
        name: 'acme',
      });
      const records = world.yard.store.records;
      const { serial } = authority(world, 'acme').certificate;
      assert.equal(
        records.get(CERTIFICATES, { serial })?.['state'],
        'external',
        'the CA itself is on record too',
      );
      const leaf = ['basicConstraints=CA:FALSE', 'subjectAltName=DNS:old.example'];
      const ours = await foreign(folder, { name: 'ours', by: 'issuing', extensions: leaf, days: 1 });
      const theirs = await foreign(folder, { name: 'theirs', extensions: leaf });
      world.yard.clock.ms += 3 * 86_400_000;
      const record = () =>
        world.ceremonies.record({ certificates: ours.certificate + theirs.certificate, actor: ADMIN });
      const first = await record();
      assert.deepEqual(
        first.map(({ authority: by, recorded }) => [by, recorded]),
        [
          ['acme', true],
          [undefined, true],
        ],
      );
      assert.deepEqual(
        (await record()).map(({ recorded }) => recorded),
        [false, false],
      );
      const row = records.get(CERTIFICATES, { serial: first[0]?.serial ?? '' });
      assert.deepEqual(
        [row?.['authority'], row?.['names'], row?.['state']],
        ['acme', 'old.example', 'external'],
      );
      assert.equal(typeof row?.['crl_shard'], 'number');
      await world.close();
    }),
);

test('an authority for any usage issues like one that names none', { skip }, () =>
  inFolder(async (folder) => {
    const world = await openWorld();
    const root = await foreign(folder, { name: 'root' });
    const extensions = [...ISSUING, 'extendedKeyUsage=anyExtendedKeyUsage'];
    const ca = await foreign(folder, { name: 'issuing', by: 'root', extensions });
    const certificates = ca.certificate + root.certificate;
    await bring(world, { certificates, key: ca.key, purpose: 'tls', name: 'acme' });
    assert.ok((await leafOf(world, 'acme')).extendedKeyUsage);
    await world.close();
  }),
);
