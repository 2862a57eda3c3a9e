// The whole product in one go: the tour, then its yard used by hand, a backup of it and the yard that comes from that.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { leaveAddresses } from '../../src/cli/addresses.ts';
import { REAL_CLOCK } from '../../src/server/clock.ts';
import { loadConfig } from '../../src/server/config.ts';
import { startYard, type Yard } from '../../src/server/yard.ts';
import { onlyObject, type Ran, sealyard } from '../cli/run.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';

async function start(data: string): Promise<Yard> {
  const flags = {
    data,
    listen: '127.0.0.1:0',
    'listen-plain': '127.0.0.1:0',
    development: 'true',
    'allow-private-addresses': 'true',
    'log-level': 'silent',
  };
  const yard = await startYard(loadConfig({ environment: {}, flags }));
  leaveAddresses(data, yard);
  return yard;
}

describe('the tour and its yard', () => {
  let folder: Folder;
  let data: string;
  let tour: Readonly<Record<string, unknown>>;
  let yard: Yard | undefined;
  const run = (...args: readonly string[]): Promise<Ran> => sealyard(['--json', '--data', data, ...args]);
  const good = async (...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> => {
    const ran = await run(...args);
    assert.equal(ran.status, 0, ran.out + ran.err);
    return onlyObject(ran);
  };
  const text = (name: string): string => String(tour[name]);

  before(async () => {
    folder = temporaryFolder('scenario');
    data = folder.file('yard');
    const ran = await sealyard(['--json', '--quiet', 'tour', '--keep', data]);
    assert.equal(ran.status, 0, ran.out + ran.err);
    tour = onlyObject(ran);
    yard = await start(data);
  });
  after(async () => {
    await yard?.close();
    folder[Symbol.dispose]();
  });

  test('an image that was signed is admitted, its unsigned twin is denied, each with a code', () => {
    const admission = tour['admission'] as Record<string, { allowed: boolean; code: string }>;
    assert.deepEqual([admission['signed']?.allowed, admission['signed']?.code], [true, 'SY-OK']);
    assert.deepEqual(
      [admission['unsigned']?.allowed, admission['unsigned']?.code],
      [false, 'SY-ADMIT-UNSIGNED'],
    );
    assert.notEqual(tour['image'], tour['unsigned']);
    assert.ok(existsSync(text('trustedRoot')));
  });

  test('the yard that the tour kept verifies its image by name and issuer, and by the policy’s identity', async () => {
    await good('verify', text('image'), '--identity', text('identity'), '--issuer', text('issuer'));
    await good('verify', text('image'), '--by', 'developer');
    await good('verify', text('image'), '--environment', 'dev');
  });

  test('another identity, another issuer and the unsigned twin are each a "no" with its own code', async () => {
    const image = text('image');
    for (const [code, ...args] of [
      [
        'SY-VERIFY-IDENTITY-MISMATCH',
        image,
        '--identity',
        `${text('identity')}x`,
        '--issuer',
        text('issuer'),
      ],
      [
        'SY-VERIFY-IDENTITY-MISMATCH',
        image,
        '--identity',
        text('identity'),
        '--issuer',
        `${text('issuer')}x`,
      ],
      ['SY-VERIFY-NO-SIGNATURE', text('unsigned'), '--by', 'developer'],
    ] as const) {
      const ran = await run('verify', ...args);
      assert.equal(ran.status, 1, ran.out);
      assert.equal(onlyObject(ran)['code'], code);
    }
  });

  test('admit answers as the gate did, and denies where the environment is not known', async () => {
    await good('admit', text('image'), '--environment', 'dev');
    const denied = await run('admit', text('unsigned'), '--environment', 'dev');
    assert.equal(denied.status, 1);
    assert.equal(onlyObject(denied)['code'], 'SY-ADMIT-UNSIGNED');
    assert.notEqual((await run('admit', text('image'), '--environment', 'nowhere')).status, 0);
  });

  test('why walks from the decision to the log, and says that nobody outside has witnessed it', async () => {
    const chain = await good('why', text('image'));
    const [decision] = chain['decisions'] as readonly Record<string, unknown>[];
    assert.equal(decision?.['allowed'], true);
    const [signature] = chain['signatures'] as readonly Record<string, unknown>[];
    assert.equal(signature?.['certificateSerial'], tour['certificateSerial']);
    const certificate = signature?.['certificate'] as Record<string, unknown>;
    assert.equal((certificate['identity'] as Record<string, unknown>)['subject'], 'tour/build');
    assert.equal(typeof certificate['logIndex'], 'number');
    assert.equal(certificate['policyVersion'], decision?.['policyVersion']);
    const authorities = signature?.['authorities'] as readonly Record<string, unknown>[];
    assert.deepEqual(
      authorities.map(({ purpose }) => purpose),
      ['code-signing', 'root'],
    );
    assert.equal(chain['witnessed'], false);
    const bySerial = await good('why', text('certificateSerial'));
    assert.equal((bySerial['certificates'] as readonly unknown[]).length, 1);
  });

  test('a job token is written for its reader alone, without a final newline', async () => {
    const file = folder.file('job.token');
    await good('token', 'ci', 'acme/shop', '--out', file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.match(readFileSync(file, 'utf8'), /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  test('a file is signed and verified, and a changed one is not', async () => {
    const { writeFileSync } = await import('node:fs');
    const file = folder.file('artifact');
    const token = folder.file('blob.token');
    writeFileSync(file, 'artifact\n');
    await good('token', 'ci', 'acme/shop', '--out', token);
    await good('--token-file', token, 'sign', file);
    await good('verify', file, '--by', 'developer');
    writeFileSync(file, 'artifact!\n');
    assert.equal((await run('verify', file, '--by', 'developer')).status, 1);
    writeFileSync(`${file}.sigstore.json`, '{"mediaType":"nonsense"}');
    const damaged = await run('verify', file, '--by', 'developer');
    assert.equal(damaged.status, 1);
    assert.equal(onlyObject(damaged)['code'], 'SY-VERIFY-EVIDENCE-UNREADABLE');
  });

  test('an attestation is no signature', async () => {
    const token = folder.file('attest.token');
    const predicate = folder.file('predicate.json');
    const { writeFileSync } = await import('node:fs');
    writeFileSync(predicate, '{"tests":"passed"}');
    await good('token', 'ci', 'acme/shop', '--out', token);
    await good(
      '--token-file',
      token,
      'attest',
      text('unsigned'),
      '--type',
      'https://example.com/tests/v1',
      '--predicate',
      predicate,
    );
    const ran = await run('verify', text('unsigned'), '--by', 'developer');
    assert.equal(ran.status, 1);
    assert.equal(onlyObject(ran)['code'], 'SY-VERIFY-NO-SIGNATURE');
    assert.equal((await run('admit', text('unsigned'), '--environment', 'dev')).status, 1);
  });

  test('the one-time token is gone after its first use, and status needs no other', async () => {
    assert.ok(!existsSync(`${data}/admin-token`));
    const status = await good('status');
    assert.deepEqual(status['problems'], []);
  });

  test('a restored yard verifies and answers why, and neither issues nor appends', async () => {
    const backup = String((await good('backup'))['folder']);
    const restored = folder.file('restored');
    const secret = `${data}/unlock-secret`;
    const ran = await sealyard(['--json', '--data', restored, 'restore', backup, '--unlock-secret', secret]);
    assert.equal(ran.status, 0, ran.out + ran.err);
    assert.ok(Date.parse(String(onlyObject(ran)['takenAt'])) <= REAL_CLOCK.now().getTime());
    await yard?.close();
    yard = undefined;
    yard = await start(restored);
    const again = (...args: readonly string[]) => sealyard(['--json', '--data', restored, ...args]);
    const verified = await again('verify', text('image'), '--by', 'developer');
    assert.equal(verified.status, 0, verified.out + verified.err);
    // Nobody brought a token along: the yard gives the owner of the folder one, and says what it no longer knows.
    const status = onlyObject(await again('status'));
    assert.equal((status['store'] as Record<string, unknown>)['state'], 'restored');
    assert.match(JSON.stringify(status['restored']), /"unknownFrom":\{"certificate":\d+/);
    const why = await again('why', text('certificateSerial'));
    assert.equal(why.status, 0, why.out + why.err);
    const token = folder.file('blob.token');
    const refused = await again('--token-file', token, 'sign', folder.file('artifact'));
    assert.equal(refused.status, 3, refused.out);
    assert.match(refused.out, /SY-STORE-READ-ONLY/);
  });
});
