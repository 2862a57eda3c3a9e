// `sealyard ca` against a running yard: what it makes, prints, writes and refuses.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { leaveAddresses } from '../../src/cli/addresses.ts';
import { foreign, ISSUING, signedBy } from '../authority/foreign-pki.ts';
import { opensslIn } from '../authority/world.ts';
import { openssl } from '../clients/openssl.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { bearer, type RunningYard, runYard } from '../server/running.ts';
import { onlyObject, type Ran, sealyard } from './run.ts';

const installed = await openssl.install();
const skip = 'skip' in installed ? installed.skip : false;

describe('sealyard ca', () => {
  let folder: Folder;
  let running: RunningYard;
  const people = (...args: readonly string[]): Promise<Ran> =>
    sealyard(['--data', running.directory, 'ca', ...args]);
  const script = (...args: readonly string[]): Promise<Ran> =>
    sealyard(['--json', '--data', running.directory, 'ca', ...args]);
  const good = async (...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> => {
    const ran = await script(...args);
    assert.equal(ran.status, 0, ran.out + ran.err);
    const value = onlyObject(ran);
    assert.equal(value['code'], 'SY-OK');
    return value;
  };
  const refused = async (code: string, status: number, ...args: readonly string[]): Promise<void> => {
    const ran = await script(...args);
    assert.equal(onlyObject(ran)['code'], code, ran.out);
    assert.equal(ran.status, status);
  };
  const idsIn = (value: unknown): readonly string[] =>
    (value as readonly { readonly id: string }[]).map(({ id }) => id);

  before(async () => {
    folder = temporaryFolder('ca');
    running = await runYard();
    leaveAddresses(running.directory, running.yard);
  });
  after(async () => {
    await running.close();
    folder[Symbol.dispose]();
  });

  test('a new yard lists its four authorities, for people and for scripts', async () => {
    const listed = await good('list');
    assert.deepEqual(idsIn(listed['authorities']).toSorted(), [
      'code-signing-1',
      'root-1',
      'timestamping-1',
      'tls-1',
    ]);
    assert.deepEqual(listed['warnings'], []);
    const text = (await people('list')).out;
    assert.match(text, /^root-1 +root +active +until \d{4}-\d\d-\d\d {2}CN=Sealyard Root CA/m);
    assert.match(text, /^tls-1 +tls below root-1 +active/m);
  });

  test('an intermediate with name constraints, an authority below it, and its chain as every form', {
    skip,
  }, async () => {
    await good(
      'create',
      'intermediate',
      '--name',
      'factory',
      '--permit',
      'dns:factory.example',
      'ip:10.0.0.0/8',
      '--exclude',
      'dns:x.factory.example',
      '--organization',
      'Acme & Söhne',
      '--days',
      '1000',
    );
    const made = await good(
      'create',
      'tls',
      '--below',
      'factory',
      '--key',
      'rsa-3072',
      '--common-name',
      'Press CA',
    );
    assert.deepEqual([made['id'], made['parent'], made['keyKind']], ['tls-2', 'factory', 'rsa-3072']);
    const shown = await good('show', 'factory');
    assert.deepEqual(shown['permitted'], ['dns:factory.example', 'ip:10.0.0.0/8']);
    assert.match(String(shown['subject']), /O=Acme & Söhne/);
    assert.ok(
      (shown['warnings'] as readonly { code: string }[]).some(
        ({ code }) => code === 'SY-AUTHORITY-CONSTRAINED',
      ),
    );
    assert.match((await people('show', 'tls-2')).out, /keyKind +rsa-3072[\s\S]*BEGIN CERTIFICATE/);

    const write = async (form: string) => {
      const file = folder.file(`tls-2.${form}`);
      await good('export', 'tls-2', '--form', form, '--out', file);
      return file;
    };
    const chain = readFileSync(await write('chain'), 'utf8');
    assert.equal(chain.match(/BEGIN CERTIFICATE/g)?.length, 3);
    assert.equal(
      readFileSync(await write('certificate'), 'utf8'),
      chain.slice(0, chain.indexOf('-----BEGIN', 1)),
    );
    assert.equal(new X509Certificate(readFileSync(await write('der'))).subject.includes('CN=Press CA'), true);
    const p7c = await opensslIn(
      folder.path,
      `pkcs7 -inform DER -in ${await write('p7c')} -print_certs -noout`,
    );
    assert.equal(p7c.match(/subject=/g)?.length, 3);
    const piped = await people('export', 'tls-2');
    assert.equal(piped.out, chain);
  });

  test('a request for an offline root goes out, and its answer comes back', { skip }, async () => {
    const csr = folder.file('offline.csr');
    const asked = await good('create', 'tls', '--name', 'offline', '--csr-out', csr);
    assert.deepEqual([asked['id'], asked['state'], asked['file']], ['offline', 'pending', csr]);
    assert.ok(idsIn((await good('list'))['pending']).includes('offline'));
    const again = folder.file('again.csr');
    await good('export', 'offline', '--form', 'csr', '--out', again);
    assert.deepEqual(readFileSync(again), readFileSync(csr));
    const root = await foreign(folder.path, { name: 'vault' });
    const answer = await signedBy(folder.path, {
      by: 'vault',
      csr: readFileSync(csr, 'utf8'),
      extensions: ISSUING,
    });
    writeFileSync(folder.file('answer.pem'), answer + root.certificate);
    // The clocks of openssl and of the yard are one; what begins this second is valid in it.
    const imported = await good('import', '--certificate', folder.file('answer.pem'));
    assert.deepEqual(
      [imported['id'], imported['outcome'], imported['state']],
      ['offline', 'completed', 'active'],
    );
    await refused('SY-CLI-USAGE', 2, 'export', 'offline', '--form', 'csr', '--out', again);
  });

  test('an authority with an encrypted key is imported; the key is in no answer and the wrong passphrase opens nothing', {
    skip,
  }, async () => {
    await foreign(folder.path, { name: 'elder' });
    await foreign(folder.path, { name: 'heir', by: 'elder', extensions: ISSUING });
    writeFileSync(folder.file('pass'), 'open sesame\n');
    writeFileSync(folder.file('wrong'), 'closed\n');
    await opensslIn(folder.path, 'pkcs8 -topk8 -in heir.key -out heir.p8 -v2 aes-256-cbc -passout file:pass');
    await opensslIn(folder.path, 'x509 -in elder.pem -outform DER -out elder.der');
    const args = [
      ...['import', '--certificate', folder.file('heir.pem'), folder.file('elder.der')],
      ...['--key', folder.file('heir.p8'), '--purpose', 'tls', '--name', 'heir'],
    ];
    await refused('SY-AUTHORITY-KEY', 2, ...args);
    await refused('SY-AUTHORITY-KEY', 2, ...args, '--passphrase-file', folder.file('wrong'));
    const ran = await script(...args, '--passphrase-file', folder.file('pass'));
    assert.equal(ran.status, 0, ran.out);
    assert.doesNotMatch(ran.out + ran.err, /PRIVATE|sesame/);
    const text = (await people('list')).out;
    assert.match(text, /^heir +tls below root-\d/m);
  });

  test('certificates of others are put on record, each with the authority that signed it', {
    skip,
  }, async () => {
    const leaf = ['basicConstraints=CA:FALSE', 'subjectAltName=DNS:old.example'];
    await foreign(folder.path, { name: 'old', by: 'heir', extensions: leaf });
    await foreign(folder.path, { name: 'stray', extensions: leaf });
    const ran = await people('record', folder.file('old.pem'), folder.file('stray.pem'));
    assert.equal(ran.status, 0, ran.err);
    assert.match(
      ran.out,
      /^[0-9a-f]+ on record, signed by heir: CN=old,O=Elsewhere\n[0-9a-f]+ on record: CN=stray/,
    );
    const again = await good('record', folder.file('old.pem'));
    assert.equal((again['certificates'] as readonly { recorded: boolean }[])[0]?.recorded, false);
  });

  test('a second root, cross-signed by the first, gives the alternate chain', { skip }, async () => {
    const { id } = await good('create', 'root', '--name', 'next');
    await good('create', 'code-signing', '--below', String(id), '--name', 'press');
    const crossed = await good('cross-sign', 'next', '--by', 'root-1', '--days', '100');
    assert.match(String(crossed['crossCertificate']), /BEGIN CERTIFICATE/);
    const alternate = (await people('export', 'press', '--alternate', '1')).out;
    assert.equal(alternate.match(/BEGIN CERTIFICATE/g)?.length, 3);
    await refused('SY-CLI-USAGE', 2, 'export', 'press', '--alternate', '2');
  });

  test('a rotated authority is followed by the next, once', async () => {
    const rotated = await good('rotate', 'timestamping-1');
    assert.deepEqual([rotated['id'], rotated['state']], ['timestamping-2', 'active']);
    assert.equal((await good('show', 'timestamping-1'))['state'], 'retired');
    await refused('SY-AUTHORITY-STATE', 1, 'rotate', 'timestamping-1');
  });

  test('what cannot be is refused with the code and status that scripts rely on', async () => {
    await refused('SY-AUTHORITY-NOT-FOUND', 1, 'show', 'nobody');
    await refused('SY-AUTHORITY-NOT-FOUND', 1, 'show', '../tokens');
    await refused('SY-AUTHORITY-NOT-FOUND', 1, 'rotate', '%2e%2e');
    await refused('SY-ADMIN-MALFORMED', 2, 'create', 'mail');
    await refused('SY-ADMIN-MALFORMED', 2, 'create', 'tls', '--key', 'rsa-1024');
    await refused('SY-AUTHORITY-PARENT', 2, 'create', 'tls', '--below', 'tls-1');
    await refused('SY-AUTHORITY-TERMS', 2, 'create', 'tls', '--permit', 'factory.example');
    await refused('SY-CLI-USAGE', 2, 'create', 'tls', '--days', '0');
    await refused('SY-CLI-USAGE', 2, 'export', 'tls-1', '--form', 'key');
    await refused('SY-CLI-FILE', 2, 'import', '--certificate', folder.file('nothing'));
    writeFileSync(folder.file('large'), Buffer.alloc(10 * 1024 * 1024, 'A'));
    await refused('SY-CLI-FILE', 2, 'import', '--certificate', folder.file('large'));
    writeFileSync(folder.file('empty'), '');
    await refused('SY-PEM-MALFORMED', 2, 'import', '--certificate', folder.file('empty'));
  });

  test('a viewer may look and not change; without a token nothing is shown', async () => {
    const policy = running.file('policy.yaml');
    const text = readFileSync(policy, 'utf8');
    writeFileSync(policy, text.replace('administer:\n', 'administer:\n  - { who: looker, role: viewer }\n'));
    await running.yard.reload();
    const token = folder.file('looker');
    const made = await sealyard([
      '--data',
      running.directory,
      'token',
      'create',
      '--name',
      'looker',
      '--out',
      token,
    ]);
    assert.equal(made.status, 0, made.err);
    const looker = (...args: readonly string[]) => script('--token-file', token, ...args);
    assert.equal((await looker('list')).status, 0);
    assert.equal((await looker('show', 'tls-1')).status, 0);
    for (const args of [
      ['create', 'tls'],
      ['rotate', 'tls-1'],
      ['cross-sign', 'tls-1', '--by', 'root-1'],
      ['import', '--certificate', folder.file('looker')],
    ]) {
      const ran = await looker(...args);
      assert.equal(onlyObject(ran)['code'], 'SY-ADMIN-ROLE', ran.out);
      assert.equal(ran.status, 4);
    }
    for (const method of ['GET', 'POST'] as const)
      assert.equal((await running.ask(method, '/admin/v1/authorities', {})).status, 401);
  });

  test('what was done stands in the audit log, with who did it', async () => {
    const answer = await running.ask('GET', '/admin/v1/audit?type=authority&limit=100', {
      headers: bearer(readFileSync(running.file('cli-token'), 'utf8')),
    });
    const actions = new Set(
      (answer.json()['events'] as readonly { action: string }[]).map(({ action }) => action),
    );
    for (const action of ['created', 'requested', 'imported', 'recorded', 'cross-signed', 'retired'])
      assert.ok(actions.has(`authority.${action}`) || skip !== false, action);
  });
});
