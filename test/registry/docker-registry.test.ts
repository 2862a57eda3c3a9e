// Against a registry that is not ours: Debian's docker-registry, which has no referrers API.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReach, LOCAL_TOO } from '../../src/reach/reach.ts';
import { type Credentials, NO_CREDENTIALS } from '../../src/registry/credentials.ts';
import { openRegistry } from '../../src/registry/open.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { pushNote, pushSmallImage } from './content.ts';
import { remoteRef } from './fake-registry.ts';

const absent = spawnSync('docker-registry', ['--version']).error !== undefined;
const skip = absent ? 'docker-registry is not installed' : false;

async function startRegistry(t: TestContext, auth = ''): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sealyard-registry-'));
  const port = await freePort();
  const config = join(directory, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: ${directory}/data}}\nhttp: {addr: "127.0.0.1:${port}"}\n${auth.replaceAll('DIR', directory)}`,
  );
  // bcrypt of the word "secret", the only form that docker-registry reads.
  writeFileSync(
    join(directory, 'htpasswd'),
    'me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n',
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  t.after(async () => {
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
  });
  await answering(`http://127.0.0.1:${port}/v2/`);
  return `127.0.0.1:${port}`;
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null)
    await new Promise((resolve) => child.once('exit', resolve));
}

async function answering(url: string): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await sleep(50);
  }
  throw new Error('docker-registry did not start');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function open(t: TestContext, host: string, credentials: Credentials = NO_CREDENTIALS): Registry {
  const reach = createReach({ allow: LOCAL_TOO });
  t.after(() => reach.close());
  return openRegistry(remoteRef(`${host}/a/b`), { reach, credentials, allow: LOCAL_TOO });
}

test('docker-registry takes our images and referrers, and gives them back', { skip }, async (t) => {
  const host = await startRegistry(t);
  const registry = open(t, host);
  const ref = remoteRef(`${host}/acme/shop:v1`);
  const subject = await pushSmallImage(registry, ref);
  assert.deepEqual(await registry.resolve(ref), subject);
  assert.deepEqual(await registry.referrers(ref, subject.digest), []);
  const written = await Promise.all(
    [1, 2, 3, 4].map(async (i) => {
      const own = open(t, host);
      return (await own.attach(ref, await pushNote(own, ref, subject, `note ${i}`))).digest;
    }),
  );
  const found = await registry.referrers(ref, subject.digest);
  assert.deepEqual(found.map(({ digest }) => digest).sort(), written.sort());
  await assert.rejects(registry.resolve(remoteRef(`${host}/acme/shop:v2`)), {
    code: 'SY-REGISTRY-NOT-FOUND',
  });
  await assert.rejects(registry.resolve(remoteRef(`${host}/acme/none:v1`)), {
    code: 'SY-REGISTRY-NOT-FOUND',
  });
});

test('docker-registry with passwords wants them, and takes the right ones', {
  skip,
}, async (t) => {
  const host = await startRegistry(t, 'auth: {htpasswd: {realm: r, path: DIR/htpasswd}}\n');
  const ref = remoteRef(`${host}/acme/shop:v1`);
  const as = (password: string): Credentials => ({
    for: async () => ({ kind: 'basic', username: 'me', password }),
  });
  await assert.rejects(pushSmallImage(open(t, host), ref), { code: 'SY-REGISTRY-UNAUTHENTICATED' });
  await assert.rejects(pushSmallImage(open(t, host, as('wrong')), ref), {
    code: 'SY-REGISTRY-UNAUTHENTICATED',
  });
  await pushSmallImage(open(t, host, as('secret')), ref);
});
