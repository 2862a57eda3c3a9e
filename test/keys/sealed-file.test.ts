// Sealed key files: what is on disk, and what happens when somebody else wrote there.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toUtf8 } from '../../src/ground/bytes.ts';
import type { Random } from '../../src/ground/ports.ts';
import { guardSigner } from '../../src/keys/guarded-signer.ts';
import { generatePrivateKey, localSign, spkiOf } from '../../src/keys/local-key.ts';
import { openSealedFileStore } from '../../src/keys/sealed-file.ts';
import type { Unlock } from '../../src/keys/unlock.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { hasCode, keyStoreContract } from '../contract/keystore.ts';
import { createMemoryKeyStore } from '../contract/memory-keystore.ts';

const random: Random = { bytes: (size) => new Uint8Array(randomBytes(size)) };
const secret: Unlock = { kind: 'secret', bytes: toUtf8('correct horse battery staple') };
const directories: string[] = [];

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'sealyard-keys-'));
  directories.push(made);
  return join(made, 'keys');
}

after(async () => {
  await Promise.all(directories.map((each) => rm(each, { recursive: true, force: true })));
});

const open = (at: string, unlock: Unlock = secret) => openSealedFileStore({ directory: at, unlock, random });

keyStoreContract('sealed files', async () => {
  const at = await directory();
  return { store: await open(at), reopen: () => open(at) };
});

keyStoreContract('memory', async () => {
  const store = createMemoryKeyStore();
  return { store, reopen: async () => store };
});

test('the directory has mode 0700, its files 0600, and no file holds the private key', async () => {
  const at = await directory();
  const store = await open(at);
  const { ref } = await store.create({ purpose: 'listener', algorithm: 'ec-p256' });
  const key = await store.exportPrivate(ref, 'listener');
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' });
  assert.equal((await stat(at)).mode & 0o777, 0o700);
  for (const name of await readdir(at)) {
    const file = join(at, name);
    assert.equal((await stat(file)).mode & 0o777, 0o600, name);
    const bytes = await readFile(file);
    assert.equal(bytes.includes(pkcs8.subarray(-40)), false);
    assert.equal(bytes.includes(pkcs8.toString('base64').slice(20, 60)), false);
  }
});

test('a wrong unlock secret is told at once', async () => {
  const at = await directory();
  await open(at);
  const wrong: Unlock = { kind: 'secret', bytes: toUtf8('incorrect horse battery') };
  await assert.rejects(open(at, wrong), hasCode('SY-KEYS-UNLOCK'));
});

test('a secret that is empty or short is refused', async () => {
  const at = await directory();
  for (const text of ['', 'short'])
    await assert.rejects(open(at, { kind: 'secret', bytes: toUtf8(text) }), hasCode('SY-KEYS-SECRET'));
});

test('the development secret is made once, with mode 0600, and a notice says where it lies', async () => {
  const at = await directory();
  const file = `${at}.secret`;
  const development: Unlock = { kind: 'development', file };
  const store = await open(at, development);
  const { ref } = await store.create({ purpose: 'root-ca', algorithm: 'ec-p256' });
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.ok(store.notices.some((notice) => notice.includes(file)));
  await (await open(at, development)).open(ref);

  await chmod(file, 0o644);
  await assert.rejects(open(at, development), hasCode('SY-KEYS-SECRET'));
  await rm(file);
  await assert.rejects(open(at, development), hasCode('SY-KEYS-SECRET'));
});

test('a key file that was changed anywhere does not open', async () => {
  const at = await directory();
  const store = await open(at);
  const { ref } = await store.create({ purpose: 'code-signing-ca', algorithm: 'ec-p256' });
  const file = fileOf(at, ref);
  const json = JSON.parse(await readFile(file, 'utf8')) as Record<string, string>;
  const other = await store.create({ purpose: 'code-signing-ca', algorithm: 'ec-p256' });
  const changes: Record<string, unknown>[] = [
    { ...json, purpose: 'timestamp' },
    { ...json, algorithm: 'ec-p384' },
    { ...json, spki: Buffer.from(other.publicKey.spki).toString('base64') },
    { ...json, sealed: flipped(json['sealed'] ?? '') },
    { ...json, sealed: '' },
    { ...json, spki: 7 },
    { ...json, version: 2 },
  ];
  for (const change of changes) {
    await writeFile(file, JSON.stringify(change));
    await assert.rejects(store.open(ref), hasCode('SY-KEYS-DAMAGED'), JSON.stringify(change).slice(0, 60));
  }
  for (const text of ['', '{', '[]', 'null', '\0'.repeat(100_000)]) {
    await writeFile(file, text);
    await assert.rejects(store.open(ref), hasCode('SY-KEYS-DAMAGED'));
  }
});

test('a key file in the place of another does not open', async () => {
  const at = await directory();
  const store = await open(at);
  const log = await store.create({ purpose: 'certificate-log', algorithm: 'ec-p256' });
  const ca = await store.create({ purpose: 'code-signing-ca', algorithm: 'ec-p256' });
  await rename(fileOf(at, log.ref), fileOf(at, ca.ref));
  await assert.rejects(store.open(ca.ref), hasCode('SY-KEYS-DAMAGED'));
});

test('a header that asks for less work, or is cut short, is refused', async () => {
  const at = await directory();
  await open(at);
  const file = join(at, 'header.json');
  const header = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  for (const text of [
    JSON.stringify({ ...header, n: 2 }),
    JSON.stringify({ ...header, salt: 'AA==' }),
    '',
    '{}',
  ]) {
    await writeFile(file, text);
    await assert.rejects(open(at), hasCode('SY-KEYS-DAMAGED'));
  }
  await writeFile(file, JSON.stringify({ ...header, extra: 1 }));
  await assert.rejects(open(at), hasCode('SY-KEYS-UNLOCK'), 'the header is bound to the check');
});

test('a temporary file that a crash left is not a key', async () => {
  const at = await directory();
  const store = await open(at);
  const { ref } = await store.create({ purpose: 'root-ca', algorithm: 'ec-p256' });
  await writeFile(`${fileOf(at, ref)}.0a0b0c.tmp`, 'half');
  assert.equal((await store.list()).length, 1);
});

test('a signature that the pinned key does not verify never leaves', async () => {
  const [mine, foreign] = await Promise.all([generatePrivateKey('ec-p256'), generatePrivateKey('ec-p256')]);
  const signer = guardSigner({
    ref: 'test:1',
    purpose: 'root-ca',
    publicKey: readPublicKey(spkiOf(mine)),
    rawSign: localSign(foreign),
  });
  await assert.rejects(signer.sign('root-ca', toUtf8('x')), hasCode('SY-KEYS-BAD-SIGNATURE'));
});

function fileOf(at: string, ref: string): string {
  return join(at, `${ref.slice('file:'.length)}.key.json`);
}

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  return bytes.toString('base64');
}
