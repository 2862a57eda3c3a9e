// PKCS #12 files are read by what people import them with: OpenSSL here, Java where the machine has it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodePem } from '../../src/formats/pem.ts';
import { encodePkcs12 } from '../../src/formats/pkcs12.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { noOpenssl, openssl } from './openssl.ts';
import { makeParty } from './x509-factory.ts';

const random = { bytes: (size: number) => new Uint8Array(randomBytes(size)) };
const HAS_KEYTOOL = spawnSync('keytool', ['-help']).error === undefined;

const issuer = makeParty({ name: 'Root' });
const subject = makeParty({ name: 'leaf', issuer });
const [root, leaf] = [issuer.certificate, subject.certificate];
const pkcs8 = new Uint8Array(subject.key.privateKey.export({ type: 'pkcs8', format: 'der' }));
const entry = { privateKey: pkcs8, chain: [leaf.der, root.der], name: 'shop' };

test('OpenSSL reads key, certificate and chain with the password', { skip: noOpenssl }, () => {
  for (const password of ['correct horse', '', 'pässwörd']) {
    const file = encodePkcs12({ entry }, password, random);
    const { status, text } = openssl(['pkcs12', '-in', 'a.p12', '-passin', `pass:${password}`, '-nodes'], {
      'a.p12': file,
    });
    assert.equal(status, 0, text);
    assert.ok(text.includes(encodePem('PRIVATE KEY', pkcs8)), 'the key');
    for (const { der } of [leaf, root]) assert.ok(text.includes(encodePem('CERTIFICATE', der).trim()));
    assert.match(text, /friendlyName: shop/);
  }
});

test('OpenSSL refuses another password: the MAC does not fit', { skip: noOpenssl }, () => {
  const file = encodePkcs12({ entry }, 'right', random);
  const { status, text } = openssl(['pkcs12', '-in', 'a.p12', '-passin', 'pass:wrong', '-nodes'], {
    'a.p12': file,
  });
  assert.notEqual(status, 0);
  assert.match(text, /[Mm]ac verify error/);
});

test('neither the key nor a certificate stands in the file in the clear', () => {
  const file = Buffer.from(encodePkcs12({ entry }, 'right', random));
  assert.equal(file.indexOf(Buffer.from(pkcs8)), -1);
  assert.equal(file.indexOf(Buffer.from(leaf.der)), -1);
});

test('Java reads a key store with its chain, and a trust store with its entries', () => {
  if (!HAS_KEYTOOL) return;
  using folder = temporaryFolder('pkcs12');
  const trusted = [{ certificate: root.der, name: 'yard-root' }];
  writeFileSync(folder.file('key.p12'), encodePkcs12({ entry }, 'changeit', random));
  writeFileSync(folder.file('trust.p12'), encodePkcs12({ trusted }, 'changeit', random));
  const list = (file: string) =>
    spawnSync('keytool', ['-list', '-v', '-keystore', folder.file(file), '-storepass', 'changeit'], {
      encoding: 'utf8',
    });
  const store = list('key.p12');
  assert.equal(store.status, 0, store.stdout);
  assert.match(store.stdout, /Alias name: shop/);
  assert.match(store.stdout, /PrivateKeyEntry/);
  assert.match(store.stdout, /Certificate chain length: 2/);
  const trust = list('trust.p12');
  assert.match(trust.stdout, /Alias name: yard-root/);
  assert.match(trust.stdout, /trustedCertEntry/);
});

test('a key without certificate, and a password beyond any bound, are the fault of the caller', () => {
  assert.throws(() => encodePkcs12({ entry: { ...entry, chain: [] } }, 'x', random), TypeError);
  assert.throws(() => encodePkcs12({ entry }, 'x'.repeat(2000), random), TypeError);
});
