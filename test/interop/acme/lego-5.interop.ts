// lego 5 as the library that Traefik's ACME is made of, by the calls that Traefik makes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { install } from '../../clients/lego-5.ts';
import { temporaryFolder } from '../../driver/folder.ts';
import { everyoneAgrees } from './opinions.ts';
import { type AcmeServer, openAcmeServer, serialOf } from './server.ts';
import { NAME } from './suite.ts';

const execute = promisify(execFile);
const installed = await install();
const skip = 'skip' in installed ? installed.skip : false;

describe('lego-5', { skip }, () => {
  const open = new AsyncDisposableStack();
  const folder = open.use(temporaryFolder('lego-5'));
  const chain = folder.file('fullchain.pem');
  let server: AcmeServer;
  let binding: { keyId: string; hmacKey: string };
  before(async () => {
    server = open.use(await openAcmeServer());
    binding = await server.bind();
  });
  after(() => open.disposeAsync());

  async function run(...args: readonly string[]): Promise<string> {
    if ('skip' in installed) throw new Error(installed.skip);
    const { httpPort } = server.laboratory;
    const usual = ['-directory', server.directory, '-http-port', String(httpPort)];
    const env = { PATH: process.env['PATH'] ?? '', LEGO_CA_CERTIFICATES: server.rootsFile };
    const { stdout, stderr } = await execute(resolve(installed.path), [...usual, ...args], {
      cwd: folder.path,
      env,
    });
    return stdout + stderr;
  }
  const good = async (name: string): Promise<string> => {
    await everyoneAgrees({ certificate: chain, roots: server.rootsFile, name });
    assert.equal(await server.statusOf(chain), 'good');
    return serialOf(chain);
  };

  test('an account with a binding', async () => {
    await run('-eab-kid', binding.keyId, '-eab-hmac', binding.hmacKey, 'register');
  });

  test('a certificate by http-01, renewed the way Traefik does', async () => {
    await run('obtain', NAME, `www.${NAME}`);
    const first = await good(NAME);
    await run('renew');
    assert.notEqual(await good(`www.${NAME}`), first);
  });

  test('a certificate by tls-alpn-01', async () => {
    await run('-tls-port', String(server.laboratory.tlsPort), 'obtain', `tls.${NAME}`);
    await good(`tls.${NAME}`);
  });

  test('renewal information says "not yet", then "now", and the order says which certificate it replaces', async () => {
    const first = await good(`tls.${NAME}`);
    assert.match(await run('renew-if-due'), /not due/);
    assert.equal(await serialOf(chain), first);
    await server.hurry(chain);
    await run('-tls-port', String(server.laboratory.tlsPort), 'renew-if-due');
    assert.notEqual(await good(`tls.${NAME}`), first);
  });

  test('revocation, key change, the end of the account', async () => {
    await run('revoke');
    assert.equal(await server.statusOf(chain), 'revoked');
    await run('rollover');
    await run('deactivate');
    await assert.rejects(run('obtain', NAME), /unauthorized|deactivated|accountDoesNotExist/);
  });
});
