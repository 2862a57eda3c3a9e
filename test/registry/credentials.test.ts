// Registry credentials: docker's files, credential helpers, and the challenges that ask for them.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { readChallenges } from '../../src/registry/challenge.ts';
import { credentialHelper } from '../../src/registry/credential-helper.ts';
import { type CredentialHelper, dockerCredentials } from '../../src/registry/credentials.ts';

const pair = (text: string): string => Buffer.from(text).toString('base64');

test('credentials are found under each spelling that docker login leaves', async () => {
  const config = JSON.stringify({
    auths: {
      'reg.example:5000': { auth: pair('me:p:w') },
      'https://old.example/v1/': { username: 'you', password: 'pw' },
      'https://index.docker.io/v1/': { auth: pair('hub:pw') },
      'token.example': { identitytoken: 'refresh', auth: pair('x:y') },
      'bearer.example': { registrytoken: 'ready' },
      'empty.example': {},
    },
  });
  const credentials = dockerCredentials({ config });
  assert.deepEqual(await credentials.for('reg.example:5000'), {
    kind: 'basic',
    username: 'me',
    password: 'p:w',
  });
  assert.deepEqual(await credentials.for('old.example'), { kind: 'basic', username: 'you', password: 'pw' });
  assert.deepEqual(await credentials.for('docker.io'), { kind: 'basic', username: 'hub', password: 'pw' });
  assert.deepEqual(await credentials.for('token.example'), { kind: 'identity-token', token: 'refresh' });
  assert.deepEqual(await credentials.for('bearer.example'), { kind: 'registry-token', token: 'ready' });
  for (const host of ['empty.example', 'reg.example', 'example', 'evil-reg.example:5000', '__proto__'])
    assert.equal(await credentials.for(host), undefined, host);
});

test('a credential file that cannot be read says so and does not repeat itself', async () => {
  for (const config of ['{"auths": {"x": {"auth": "hunter2"', '[]', '7', '"hunter2"'])
    assert.throws(
      () => dockerCredentials({ config }),
      (error: Error) =>
        error.message.startsWith('the registry credentials') && !`${error.stack}`.includes('hunter2'),
    );
  const broken = dockerCredentials({ config: JSON.stringify({ auths: { x: { auth: pair('hunter2') } } }) });
  await assert.rejects(broken.for('x'), { code: 'SY-REGISTRY-CREDENTIALS' });
  assert.equal(await dockerCredentials({ config: undefined }).for('x'), undefined);
  assert.equal(await dockerCredentials({ config: '' }).for('x'), undefined);
});

test('the helper of a host comes before the store, and the store before the file', async () => {
  const helper: CredentialHelper = async (name, address) =>
    name === 'none' ? undefined : { kind: 'basic', username: name, password: address };
  const auths = { 'c.example': { auth: pair('file:pw') } };
  const config = JSON.stringify({ credHelpers: { 'a.example': 'own' }, credsStore: 'store', auths });
  const credentials = dockerCredentials({ config, helper });
  assert.deepEqual(await credentials.for('a.example'), {
    kind: 'basic',
    username: 'own',
    password: 'a.example',
  });
  assert.deepEqual(await credentials.for('b.example'), {
    kind: 'basic',
    username: 'store',
    password: 'b.example',
  });
  const empty = dockerCredentials({ config: JSON.stringify({ credsStore: 'none', auths }), helper });
  assert.deepEqual(await empty.for('c.example'), { kind: 'basic', username: 'file', password: 'pw' });
});

test('a credential helper is run with its environment alone, within bounds', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'sealyard-helper-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const program = (name: string, body: string): void => {
    const path = join(directory, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  };
  program(
    'good',
    'read address; echo "{\\"Username\\":\\"$address\\",\\"Secret\\":\\"$(env | grep -c SECRET_OF_OURS)$1\\"}"',
  );
  program('token', 'echo \'{"Username":"<token>","Secret":"refresh"}\'');
  program('empty', 'echo "credentials not found in native keychain"; exit 1');
  program('bad', 'echo oops; exit 3');
  program('garbage', 'echo not json');
  program('flood', 'yes');
  program('slow', 'exec sleep 30');
  process.env['SECRET_OF_OURS'] = 'x';
  t.after(() => delete process.env['SECRET_OF_OURS']);
  const environment = { PATH: [directory, dirname('/bin/sh'), '/usr/bin'].join(delimiter) };
  const helper = credentialHelper({ environment, timeoutMs: 700 });
  assert.deepEqual(await helper('good', 'reg.example'), {
    kind: 'basic',
    username: 'reg.example',
    password: '0get',
  });
  assert.deepEqual(await helper('token', 'x'), { kind: 'identity-token', token: 'refresh' });
  assert.equal(await helper('empty', 'x'), undefined);
  for (const name of ['bad', 'garbage', 'flood', 'slow', 'absent', '../good', 'a/b', ''])
    await assert.rejects(helper(name, 'x'), { code: 'SY-REGISTRY-CREDENTIALS' }, name);
});

test('challenges are read as RFC 9110 writes them', () => {
  const bearer = (realm: string, service?: string, scope?: string) => ({
    scheme: 'bearer',
    realm,
    service,
    scope,
  });
  assert.deepEqual(readChallenges('Bearer realm="https://a/t",service="s",scope="x:y:pull,push"'), [
    bearer('https://a/t', 's', 'x:y:pull,push'),
  ]);
  assert.deepEqual(readChallenges('Basic realm="r", Bearer realm=https://a/t'), [
    bearer('https://a/t'),
    { scheme: 'basic' },
  ]);
  assert.deepEqual(readChallenges('bEaReR REALM="a\\"b" , SERVICE = s'), [bearer('a"b', 's')]);
  assert.deepEqual(readChallenges('Bearer realm="first",realm="second"'), [bearer('first')]);
  for (const header of [
    null,
    '',
    'Negotiate abc==',
    'Bearer',
    'Bearer service="x"',
    '"',
    ',,,',
    'x'.repeat(9000),
  ])
    assert.deepEqual(readChallenges(header), [], `${header}`);
  const hostile = `Bearer realm="${'\\'.repeat(8000)}`;
  assert.deepEqual(readChallenges(hostile), []);
});
