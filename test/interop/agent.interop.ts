// The agent on a running yard and against openssl: obtained with http-01 and through a binding, handed over to a TLS
// server, renewed when the server says so, mended after files were lost.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { promisify } from 'node:util';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { BUILT } from '../driver/yard.ts';
import { selfSigned } from '../server/self-signed.ts';
import { GRANTED_NAME } from './acme/policy.ts';
import { type AcmeServer, openAcmeServer, serialOf } from './acme/server.ts';

const execute = promisify(execFile);

/** A TLS server that takes its files up when it is told over HTTP. */
function tlsServer(folder: Folder): {
  readonly tls: TlsServer;
  readonly reloads: () => number;
  close(): void;
  readonly ports: () => { tls: number; reload: number };
} {
  const { key, certificates: cert } = selfSigned();
  const tls = createTlsServer({ key, cert }, (socket) => socket.end());
  let reloads = 0;
  const http = createServer((_request, response) => {
    reloads++;
    const read = (name: string) => readFileSync(folder.file(name));
    tls.setSecureContext({ key: read('web.key'), cert: read('web.pem') });
    response.end();
  });
  tls.listen(0, '127.0.0.1');
  http.listen(0, '127.0.0.1');
  const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port;
  return {
    tls,
    reloads: () => reloads,
    ports: () => ({ tls: port(tls), reload: port(http) }),
    close: () => {
      tls.close();
      http.close();
      http.closeAllConnections();
    },
  };
}

describe('the agent', () => {
  let server: AcmeServer;
  let folder: Folder;
  let used: ReturnType<typeof tlsServer>;
  const renew = async (...more: string[]) => {
    const args = [BUILT, 'renew', folder.file('agent.yaml'), '--json', ...more];
    const { stdout } = await execute(process.execPath, args, { timeout: 60_000 }).catch(
      (error: { stdout: string }) => error,
    );
    return JSON.parse(stdout) as {
      code: string;
      certificates: { name: string; state: string; lastError: unknown }[];
    };
  };

  before(async () => {
    server = await openAcmeServer();
    folder = temporaryFolder('agent');
    used = tlsServer(folder);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const binding = await server.bind();
    writeFileSync(folder.file('eab'), binding.hmacKey, { mode: 0o600 });
    writeFileSync(folder.file('password'), 'changeit\n', { mode: 0o600 });
    const { tls, reload } = used.ports();
    const acme = `type: acme, directory: "${server.directory}", roots: ${server.rootsFile}`;
    writeFileSync(
      folder.file('agent.yaml'),
      `apiVersion: sealyard/v1
kind: Agent
state: ${folder.file('state')}
issuers:
  public: { ${acme}, challenges: [ { http: "127.0.0.1:${server.laboratory.httpPort}" } ] }
  bound: { ${acme}, binding: { key-id: ${binding.keyId}, key-file: ${folder.file('eab')} } }
certificates:
  web:
    issuer: public
    names: [agent.example.test]
    files:
      - { path: ${folder.file('web.pem')}, content: fullchain }
      - { path: ${folder.file('web.key')}, content: key, mode: "0600" }
    reload: [ { http: "http://127.0.0.1:${reload}/reload" } ]
    check: { address: "127.0.0.1:${tls}" }
  orders:
    issuer: bound
    names: [${GRANTED_NAME}]
    files:
      - { path: ${folder.file('orders.p12')}, content: pkcs12, password-file: ${folder.file('password')} }
`,
    );
  });

  after(async () => {
    used?.close();
    await server?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  test('obtains certificates, writes them owner-only, tells the server and sees that it serves them', async () => {
    const status = await renew();
    assert.equal(status.code, 'SY-OK', JSON.stringify(status));
    assert.equal(statSync(folder.file('web.key')).mode & 0o777, 0o600);
    assert.equal(used.reloads(), 1);
    const verify = ['verify', '-CAfile', server.rootsFile, '-untrusted', folder.file('web.pem')];
    await execute('openssl', [...verify, '-verify_hostname', 'agent.example.test', folder.file('web.pem')]);
    const store = ['pkcs12', '-in', folder.file('orders.p12'), '-passin', 'pass:changeit', '-nokeys'];
    assert.match((await execute('openssl', store)).stdout, /BEGIN CERTIFICATE/);
  });

  test('a second look changes nothing; a file that is lost is written again from what is kept', async () => {
    const first = await serialOf(folder.file('web.pem'));
    await renew();
    assert.equal(used.reloads(), 1);
    rmSync(folder.file('web.pem'));
    assert.equal((await renew()).code, 'SY-OK');
    assert.equal(await serialOf(folder.file('web.pem')), first);
    assert.equal(used.reloads(), 2);
  });

  test('renews when the server says that it is time, with a new key', async () => {
    const [serial, key] = [
      await serialOf(folder.file('web.pem')),
      readFileSync(folder.file('web.key'), 'utf8'),
    ];
    await server.hurry(folder.file('web.pem'));
    assert.equal((await renew()).code, 'SY-OK');
    assert.notEqual(await serialOf(folder.file('web.pem')), serial);
    assert.notEqual(readFileSync(folder.file('web.key'), 'utf8'), key);
  });

  test('`sealyard issue` obtains one certificate, and says in words why another is refused', async () => {
    const out = folder.file('out');
    const acme = ['--acme', server.directory, '--acme-roots', server.rootsFile, '--out', out];
    const http = ['--http', `127.0.0.1:${server.laboratory.httpPort}`];
    const issue = (name: string) =>
      execute(process.execPath, [BUILT, 'issue', name, ...acme, ...http, '--json'], { timeout: 60_000 });
    const made = JSON.parse((await issue('issued.example.test')).stdout) as { code: string; files: string[] };
    assert.equal(made.code, 'SY-OK');
    const [key = '', certificate = ''] = made.files;
    assert.equal(statSync(key).mode & 0o777, 0o600);
    await execute('openssl', [
      ...['verify', '-partial_chain', '-CAfile'],
      `${out}/issued.example.test.chain.pem`,
      certificate,
    ]);
    const refused = await issue('www.example.com').then(
      () => assert.fail('it was issued'),
      (error: { code: number; stdout: string }) => error,
    );
    assert.equal(refused.code, 4);
    assert.match(refused.stdout, /"code":"SY-AGENT-REFUSED".*www\.example\.com/);
  });
});
