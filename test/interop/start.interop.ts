// As a new user does it: what `npm start` leaves, one documented policy file, and an unmodified cosign.
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { install as installCosign } from '../clients/cosign.ts';
import { install as installRegistry } from '../clients/docker-registry.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { freePort } from '../driver/port.ts';
import { type RunningYard, startYard } from '../driver/yard.ts';
import { startRegistry } from './registry.ts';
import { documentedPolicy, missingPrograms, runCosign, SUBJECT } from './stage.ts';

const missing = await missingPrograms();
const NPM_START = ['npm', 'start', '--silent', '--'];

describe('npm start', { skip: missing ?? false }, () => {
  test('what it leaves, and the documented policy, are enough for cosign, sealyard and the gate', async () => {
    const [cosign, registryProgram] = [await installCosign(), await installRegistry()];
    assert.ok('path' in cosign && 'path' in registryProgram);
    using folder = temporaryFolder('start');
    await using registry = await startRegistry(registryProgram.path);
    const data = folder.file('yard');
    const listen = ['--listen', `127.0.0.1:${await freePort()}`];
    const first = await startYard({ data, command: NPM_START, args: listen });
    await endOf(first);
    assert.equal(statSync(data).mode & 0o777, 0o700);
    assert.equal(statSync(folder.file('yard/admin-token')).mode & 0o777, 0o600);

    writeFileSync(folder.file('yard/policy.yaml'), documentedPolicy(first.url, registry.host));
    const yard = await startYard({
      data,
      command: NPM_START,
      args: ['--development', '--allow-private-addresses'],
    });
    const [token, config, root] = ['job.token', 'signing.json', 'root.json'].map((name) => folder.file(name));
    assert.ok(token && config && root);
    await yard.ask('token', 'ci', SUBJECT, '--out', token);
    await yard.ask('trust', 'export', '--signing-config', '--out', config);
    await yard.ask('trust', 'export', '--trusted-root', '--out', root);
    const environment = { SSL_CERT_FILE: yard.rootsFile, HOME: folder.path };
    const issuer = `${yard.url}/oidc`;

    const image = await registry.pushImage('shop/app');
    const unsigned = await yard.sealyard('--json', 'admit', image, '--environment', 'dev');
    assert.equal(unsigned.status, 1, unsigned.stdout);
    const signing = ['--identity-token', token, '--signing-config', config, '--trusted-root', root];
    const signed = await runCosign(cosign.path, ['sign', '--yes', ...signing, image], environment);
    assert.equal(signed.status, 0, signed.stderr);
    const who = ['--certificate-identity', `${issuer}/${SUBJECT}`, '--certificate-oidc-issuer', issuer];
    const theirs = await runCosign(
      cosign.path,
      ['verify', '--trusted-root', root, ...who, image],
      environment,
    );
    assert.equal(theirs.status, 0, theirs.stderr);
    await yard.ask('verify', image, '--by', 'shop-release');
    await yard.ask('admit', image, '--environment', 'dev');
    await yard.ask('why', image);
    await endOf(yard);
  });
});

// SIGTERM to npm must reach the yard: a process that goes on holding the port and the data directory is not ended.
async function endOf(yard: RunningYard): Promise<void> {
  await yard.stop();
  for (let tries = 0; await isListening(yard); tries++) {
    assert.ok(tries < 100, 'npm ended and the yard goes on');
    await sleep(100);
  }
  // The listener closes first, the store last.
  await sleep(500);
}

function isListening(yard: RunningYard): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(Number(new URL(yard.url).port), '127.0.0.1', () => {
      socket.destroy();
      settle(true);
    });
    socket.once('error', () => settle(false));
  });
}
