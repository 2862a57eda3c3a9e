// `sealyard key block` and the door behind it: a blocked key gets no certificate, whoever asks; a bad list blocks nothing.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { leaveAddresses } from '../../src/cli/addresses.ts';
import { encodePem } from '../../src/formats/pem.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { newCsr } from '../enrol/scene.ts';
import { type Answer, bearer, type RunningYard, runYard } from '../server/running.ts';
import { onlyObject, type Ran, sealyard } from './run.ts';

const PATH = '/admin/v1/blocked-keys';
const POLICY = `apiVersion: sealyard/v1
kind: Policy
administer:
  - { who: administrator, role: administrator }
identities:
  deployer: { from: service-token, name: deploy }
environments:
  base:
    issue:
      - { who: deployer, profile: workload-tls, names: ["*.deploy.svc"], lifetime: 1h }
`;

describe('sealyard key block', () => {
  let folder: Folder;
  let running: RunningYard;
  let deploy: string;
  const block = (...args: readonly string[]): Promise<Ran> =>
    sealyard(['--json', '--data', running.directory, 'key', 'block', ...args]);
  const listOf = (name: string, lines: readonly string[]): string => {
    const file = folder.file(name);
    writeFileSync(file, lines.join('\n'));
    return file;
  };
  const events = async (): Promise<readonly Record<string, unknown>[]> =>
    (await running.admin('GET', '/admin/v1/audit?action=key.blocked')).json()['events'] as readonly Record<
      string,
      unknown
    >[];
  /** Asks for a certificate with this key. */
  const certify = async (key: KeyObject): Promise<Answer> => {
    const csr = encodePem('CERTIFICATE REQUEST', await newCsr(['web.deploy.svc'], key));
    return running.ask('POST', '/admin/v1/certificates', { headers: bearer(deploy), body: { csr } });
  };
  const refusedAsBlocked = async (key: KeyObject): Promise<void> => {
    assert.equal((await certify(key)).json()['code'], 'SY-ISSUE-KEY-BLOCKED');
  };

  before(async () => {
    folder = temporaryFolder('key');
    const policy = folder.file('policy.yaml');
    writeFileSync(policy, POLICY);
    running = await runYard({ policy });
    leaveAddresses(running.directory, running.yard);
    writeFileSync(running.file('cli-token'), await running.administrator());
    const made = await running.admin('POST', '/admin/v1/tokens', { name: 'deploy', lifetimeSeconds: 3600 });
    deploy = String(made.json()['token']);
  });
  after(async () => {
    await running.close();
    folder[Symbol.dispose]();
  });

  test('a key of the list gets no certificate any more, another still does; one event tells who blocked it', async () => {
    const [leaked, good] = [newKey(), newKey()];
    assert.equal((await certify(leaked)).status, 201);
    const file = listOf('leaked.txt', ['# from the incident', '', fingerprint(leaked).toUpperCase(), '']);
    const ran = await block(file, '--reason', 'incident 7');
    assert.deepEqual([ran.status, onlyObject(ran)], [0, { code: 'SY-OK', count: 1 }], ran.err);
    await refusedAsBlocked(leaked);
    assert.equal((await certify(good)).status, 201);
    const [event] = await events();
    const told = JSON.stringify(event);
    for (const part of ['leaked.txt', 'incident 7', 'administrator']) assert.ok(told.includes(part), told);
  });

  test('a list longer than one call takes is blocked as a whole, each key once', async () => {
    const keys = Array.from({ length: 1000 }, (_, i) => i.toString(16).padStart(64, '0'));
    const last = newKey();
    const ran = await block(listOf('long.txt', [...keys, ...keys, fingerprint(last)]));
    assert.equal(onlyObject(ran)['count'], 1001, ran.err);
    await refusedAsBlocked(last);
  });

  test('a list with a bad line, an empty one and one that is not there block nothing', async () => {
    const before = (await events()).length;
    const key = newKey();
    for (const [file, code, text] of [
      [listOf('bad.txt', [fingerprint(key), 'not a key']), 'SY-ISSUE-BLOCK-LIST', 'line 2'],
      [listOf('empty.txt', ['# none']), 'SY-ISSUE-BLOCK-LIST', 'no key'],
      [folder.file('absent.txt'), 'SY-CLI-FILE', 'absent.txt'],
    ] as const) {
      const ran = await block(file);
      assert.equal(onlyObject(ran)['code'], code);
      assert.ok(ran.out.includes(text), ran.out);
      assert.notEqual(ran.status, 0);
    }
    assert.equal((await certify(key)).status, 201);
    assert.equal((await events()).length, before);
  });

  test('the door refuses what is no list of fingerprints, too many of them, and callers without the role', async () => {
    const one = 'ab'.repeat(32);
    for (const body of [
      {},
      { keys: [] },
      { keys: one },
      { keys: [one, '# comment'] },
      { keys: [one, ''] },
      { keys: [one, 7] },
      { keys: [`${one}00`] },
      { keys: [one], colour: 'red' },
      { keys: [one], reason: 'x'.repeat(501) },
      { keys: Array.from({ length: 901 }, () => one) },
    ]) {
      const answer = await running.admin('POST', PATH, body);
      assert.equal(answer.status, 400, JSON.stringify(body).slice(0, 100));
      assert.equal(answer.json()['code'], 'SY-ADMIN-MALFORMED');
    }
    const all = await running.admin('POST', PATH, { keys: Array.from({ length: 900 }, () => one) });
    assert.equal(all.status, 201, all.text);
    const other = await running.admin('POST', '/admin/v1/tokens', { name: 'other', lifetimeSeconds: 60 });
    const headers = bearer(String(other.json()['token']));
    const refused = await running.ask('POST', PATH, { headers, body: { keys: [one] } });
    assert.deepEqual([refused.status, refused.json()['code']], [403, 'SY-ADMIN-ROLE']);
    assert.equal((await running.ask('POST', PATH, { body: { keys: [one] } })).status, 401);
  });
});

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
}

function fingerprint(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex');
}
