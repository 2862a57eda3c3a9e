// `sealyard account` against a running yard: bindings made, listed and revoked; accounts listed and let go on.
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { leaveAddresses } from '../../src/cli/addresses.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { type RunningYard, runYard } from '../server/running.ts';
import { onlyObject, type Ran, sealyard } from './run.ts';

const POLICY = `apiVersion: sealyard/v1
kind: Policy
administer:
  - { who: administrator, role: administrator }
identities:
  payments: { from: binding }
environments:
  base:
    issue:
      - { who: payments, profile: workload-tls, names: ["*.payments.svc"], lifetime: 24h }
`;

describe('sealyard account', () => {
  let folder: Folder;
  let running: RunningYard;
  const run = (...args: readonly string[]): Promise<Ran> =>
    sealyard(['--json', '--data', running.directory, 'account', ...args]);
  const people = (...args: readonly string[]): Promise<Ran> =>
    sealyard(['--data', running.directory, 'account', ...args]);

  before(async () => {
    folder = temporaryFolder('account');
    const policy = join(folder.path, 'policy.yaml');
    writeFileSync(policy, POLICY);
    running = await runYard({ policy });
    leaveAddresses(running.directory, running.yard);
  });
  after(async () => {
    await running.close();
    folder[Symbol.dispose]();
  });

  test('a binding’s key is in the file, for its owner alone, and nowhere in what is printed', async () => {
    const out = join(folder.path, 'payments.hmac');
    const made = await run(
      'binding',
      'create',
      '--identity',
      'payments',
      '--uses',
      '2',
      '--days',
      '7',
      '--note',
      'runners',
      '--out',
      out,
    );
    assert.equal(made.status, 0, made.err);
    const key = readFileSync(out, 'utf8');
    assert.match(key, /^[A-Za-z0-9_-]{43}$/);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.ok(!made.out.includes(key) && !made.err.includes(key));
    const listed = await run('binding', 'list');
    const [binding] = onlyObject(listed)['bindings'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      [binding?.['identity'], binding?.['state'], binding?.['uses'], binding?.['note']],
      ['payments', 'active', 2, 'runners'],
    );
    assert.ok(!listed.out.includes(key));
    assert.match(
      (await people('binding', 'list')).out,
      /payments +active +0 of 2 used {2}until .* {2}runners/,
    );
    const keyId = String(binding?.['keyId']);
    assert.equal((await run('binding', 'revoke', keyId)).status, 0);
    assert.match((await people('binding', 'list')).out, /payments +revoked/);
  });

  test('what cannot be made is refused with what to do', async () => {
    const out = join(folder.path, 'no.hmac');
    for (const [wanted, ...args] of [
      ['SY-ENROL-BINDING-WRONG', '--identity', 'nobody'],
      ['SY-ENROL-BINDING-WRONG', '--identity', 'payments', '--environment', 'nowhere'],
      ['SY-CLI-USAGE', '--identity', 'payments', '--uses', '0'],
      ['SY-CLI-USAGE', '--identity', 'payments', '--days', 'ten'],
    ] as const) {
      const ran = await run('binding', 'create', ...args, '--out', out);
      assert.equal(onlyObject(ran)['code'], wanted);
      assert.equal(ran.status, 2);
    }
    assert.throws(() => readFileSync(out), 'no file is left');
    const unknown = await run('binding', 'revoke', 'unknown');
    assert.deepEqual([unknown.status, onlyObject(unknown)['code']], [1, 'SY-ENROL-NOT-FOUND']);
  });

  test('a yard without accounts says so; an account that is not there cannot be let go on', async () => {
    assert.equal((await people('list')).out, 'no accounts\n');
    assert.deepEqual(onlyObject(await run('list'))['accounts'], []);
    const ran = await run('unpause', 'f'.repeat(24));
    assert.deepEqual([ran.status, onlyObject(ran)['code']], [1, 'SY-ENROL-NOT-FOUND']);
  });
});
