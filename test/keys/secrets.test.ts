// Secrets beside the keys: what was sealed opens for its label alone, and what is derived stays the same.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toUtf8 } from '../../src/ground/bytes.ts';
import type { Random } from '../../src/ground/ports.ts';
import { openSealedFileStore } from '../../src/keys/sealed-file.ts';
import { secretsOf } from '../../src/keys/secrets.ts';
import { hasCode } from '../contract/keystore.ts';

const random: Random = { bytes: (size) => new Uint8Array(randomBytes(size)) };
const directory = await mkdtemp(join(tmpdir(), 'sealyard-secrets-'));
after(() => rm(directory, { recursive: true, force: true }));

async function open(folder: string) {
  const unlock = { kind: 'development', file: join(folder, 'unlock') } as const;
  const store = await openSealedFileStore({ directory: join(folder, 'keys'), unlock, random });
  return store.openSecrets();
}

test('what was sealed opens after a restart, and derived values stay the same', async () => {
  const first = await open(directory);
  const sealed = first.seal('binding 1', toUtf8('a shared secret'));
  const again = await open(directory);
  assert.deepEqual(again.open('binding 1', sealed), toUtf8('a shared secret'));
  assert.deepEqual(again.derive('acme-nonce'), first.derive('acme-nonce'));
  assert.equal(again.derive('acme-nonce', 16).length, 16);
});

test('another label, another data key and a changed byte open nothing', async () => {
  const secrets = await open(directory);
  const sealed = secrets.seal('binding 1', toUtf8('a shared secret'));
  const changed = sealed.map((octet, i) => (i === 20 ? octet ^ 1 : octet));
  const foreign = secretsOf(random.bytes(32), random);
  assert.throws(() => secrets.open('binding 2', sealed), hasCode('SY-KEYS-DAMAGED'));
  assert.throws(() => secrets.open('binding 1', changed), hasCode('SY-KEYS-DAMAGED'));
  assert.throws(() => secrets.open('binding 1', new Uint8Array(3)), hasCode('SY-KEYS-DAMAGED'));
  assert.throws(() => foreign.open('binding 1', sealed), hasCode('SY-KEYS-DAMAGED'));
});

test('labels derive different values, and none is a sealing key of the same label', async () => {
  const dataKey = random.bytes(32);
  const secrets = secretsOf(dataKey, random);
  assert.notDeepEqual(secrets.derive('a'), secrets.derive('b'));
  const under = secretsOf(secrets.derive('a'), random);
  assert.throws(() => under.open('a', secrets.seal('a', toUtf8('x'))), hasCode('SY-KEYS-DAMAGED'));
});

test('the data key is never readable in the folder, and a damaged file is said to be one', async () => {
  const folder = join(directory, 'other');
  const derived = (await open(folder)).derive('x');
  const names = await readdir(join(folder, 'keys'));
  assert.ok(names.includes('data-key.json'));
  const path = join(folder, 'keys', 'data-key.json');
  assert.equal((await readFile(path)).includes(Buffer.from(derived)), false);
  for (const text of ['', '{}', '{"version":1,"sealed":"AAAA"}', 'x'.repeat(10_000)]) {
    await writeFile(path, text);
    await assert.rejects(open(folder), hasCode('SY-KEYS-DAMAGED'), text.slice(0, 20));
  }
});
