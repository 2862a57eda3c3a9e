// The set-up step against a registry of our own on loopback: installs once, redoes what was cut off, waits for another,
// and says what to do when the registry cannot be reached or sends something else.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Folder, temporaryFolder } from '../driver/folder.ts';

interface Result {
  readonly status: number;
  readonly said: string;
}

describe('set-up', () => {
  let folder: Folder;
  let registry: Server;
  let url: string;
  let tarball: Buffer;
  let requests = 0;

  before(async () => {
    folder = temporaryFolder('setup');
    tarball = await packageTarball(folder);
    registry = createServer((request, response) => {
      requests++;
      if (request.url?.endsWith('.tgz') === true) response.end(tarball);
      else response.end(JSON.stringify(packument(`${url}/thing.tgz`, tarball)));
    }).listen(0, '127.0.0.1');
    await once(registry, 'listening');
    const address = registry.address();
    assert.ok(address !== null && typeof address === 'object');
    url = `http://127.0.0.1:${address.port}`;
  });
  after(() => {
    registry.close();
    folder[Symbol.dispose]();
  });

  function project(name: string, integrity = integrityOf(tarball)): string {
    const root = folder.file(name);
    mkdirSync(join(root, 'bin'), { recursive: true });
    cpSync(resolve('scripts'), join(root, 'scripts'), { recursive: true });
    const head = { name: 'project', version: '1.0.0' };
    const packages = {
      '': { ...head, dependencies: { thing: '1.0.0' } },
      'node_modules/thing': { version: '1.0.0', integrity },
    };
    writeFileSync(
      join(root, 'package.json'),
      JSON.stringify({ ...head, type: 'module', dependencies: { thing: '1.0.0' } }),
    );
    writeFileSync(
      join(root, 'package-lock.json'),
      JSON.stringify({ ...head, lockfileVersion: 3, requires: true, packages }),
    );
    return root;
  }

  function setUp(root: string, registryUrl = url): Promise<Result> {
    const environment = {
      ...process.env,
      npm_config_registry: registryUrl,
      npm_config_cache: join(root, 'npm-cache'),
      npm_config_fetch_retries: '0',
    };
    return new Promise((settle) => {
      execFile(
        process.execPath,
        ['scripts/run.mjs', 'set-up'],
        { cwd: root, env: environment },
        (error, stdout, stderr) => {
          const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          settle({ status, said: stdout + stderr });
        },
      );
    });
  }

  const installed = (root: string): boolean => existsSync(join(root, 'node_modules', 'thing', 'index.js'));

  test('installs what the lock file says, and is silent and asks nobody the second time', async () => {
    const root = project('twice');
    const first = await setUp(root);
    assert.equal(first.status, 0, first.said);
    assert.match(first.said, /installing the dependencies/);
    assert.ok(installed(root));
    const before = requests;
    assert.deepEqual(await setUp(root), { status: 0, said: '' });
    assert.equal(requests, before);
  });

  test('an interrupted set-up is redone', async () => {
    const root = project('interrupted');
    await setUp(root);
    // As npm leaves it when it is killed half way: the folder is there, its last file is not.
    rmSync(join(root, 'node_modules', 'thing'), { recursive: true });
    rmSync(join(root, 'node_modules', '.sealyard-setup'));
    rmSync(join(root, 'node_modules', '.package-lock.json'));
    assert.equal((await setUp(root)).status, 0);
    assert.ok(installed(root));
  });

  test('a lock file that changed is installed; what npm installed by itself is accepted', async () => {
    const root = project('changed');
    await setUp(root);
    rmSync(join(root, 'node_modules', '.sealyard-setup'));
    const before = requests;
    assert.deepEqual(await setUp(root), { status: 0, said: '' });
    assert.equal(requests, before);
    const lock = join(root, 'package-lock.json');
    writeFileSync(
      lock,
      readFileSync(lock, 'utf8').replace('"1.0.0"', '"1.0.1"').replace(integrityOf(tarball), 'sha512-AA=='),
    );
    assert.match((await setUp(root)).said, /installing/);
  });

  test('several at once do not break each other', async () => {
    const root = project('together');
    const results = await Promise.all(Array.from({ length: 4 }, () => setUp(root)));
    assert.deepEqual(
      results.map(({ status }) => status),
      [0, 0, 0, 0],
      results.map(({ said }) => said).join('\n'),
    );
    assert.ok(installed(root));
    assert.equal(results.filter(({ said }) => said.includes('installing')).length, 1);
  });

  test('a registry that cannot be reached: what to do, status 3, and the next time works', async () => {
    const root = project('offline');
    const { status, said } = await setUp(root, 'http://127.0.0.1:1');
    assert.equal(status, 3, said);
    assert.match(said, /The npm registry cannot be reached/);
    assert.doesNotMatch(said, /\bat .*setup\.mjs/);
    assert.equal((await setUp(root)).status, 0);
    assert.ok(installed(root));
  });

  test('a package that is not the pinned one is not installed', async () => {
    const root = project('swapped', integrityOf(Buffer.from('another')));
    const { status, said } = await setUp(root);
    assert.equal(status, 3, said);
    assert.match(said, /not what is pinned here/);
    assert.equal(installed(root), false);
  });
});

function packageTarball(folder: Folder): Promise<Buffer> {
  const place = folder.file('thing');
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), JSON.stringify({ name: 'thing', version: '1.0.0' }));
  writeFileSync(join(place, 'index.js'), 'module.exports = 1;\n');
  return new Promise((settle, fail) => {
    execFile('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: place }, (error) => {
      if (error === null) settle(readFileSync(join(place, 'thing-1.0.0.tgz')));
      else fail(error);
    });
  });
}

function packument(tarball: string, bytes: Buffer): object {
  const version = { name: 'thing', version: '1.0.0', dist: { tarball, integrity: integrityOf(bytes) } };
  return { name: 'thing', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
}

function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}
