// What scripts and people rely on: exit statuses, one JSON object, help that teaches, errors that say what to do.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands/index.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { onlyObject, sealyard } from './run.ts';

describe('the command line', () => {
  test('--help and --version end with 0', async () => {
    assert.equal((await sealyard(['--help'])).status, 0);
    const version = await sealyard(['--version']);
    assert.equal(version.status, 0);
    assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  });

  for (const { name, examples } of COMMANDS) {
    test(`\`${name} --help\` teaches by example`, async () => {
      const help = await sealyard([name, '--help']);
      assert.equal(help.status, 0);
      assert.ok(examples.length > 0);
      for (const example of examples) assert.ok(help.out.includes(example), example);
    });
  }

  for (const [what, args] of [
    ['no such command', ['sing']],
    ['no such option', ['verify', 'x', '--identiti', 'y']],
    ['a missing argument', ['sign']],
    ['a missing required option', ['admit', 'x']],
    ['an expectation cut in half', ['verify', 'localhost:1/x', '--identity', 'y']],
    ['no expectation at all', ['verify', 'localhost:1/x']],
    ['two expectations', ['verify', 'localhost:1/x', '--by', 'y', '--environment', 'z']],
    ['a missing file', ['verify', './nothing-here', '--by', 'x']],
    ['no yard', ['status']],
    ['no command', []],
    ['a server that is no URL', ['--server', 'nonsense', 'status']],
    [
      'an environment that the policy lacks',
      ['--policy', 'docs/examples/policy.yaml', 'admit', 'localhost:1/x', '--environment', 'z'],
    ],
  ] as const) {
    test(`${what} is wrong use: status 2, with a code, a cause and a next step`, async () => {
      using folder = temporaryFolder('cli');
      const people = await sealyard(['--data', folder.path, ...args]);
      assert.equal(people.status, 2, people.err);
      assert.equal(people.out, '');
      assert.match(people.err, /^sealyard: .+\n {2}why: {2}.+\n {2}next: .+\n {2}code: SY-/);
      const script = await sealyard(['--data', folder.path, '--json', ...args]);
      assert.equal(script.status, 2);
      const value = onlyObject(script);
      assert.match(String(value['code']), /^SY-CLI-/);
      assert.ok(value['next']);
      assert.equal(script.err, '');
    });
  }

  test('a mistyped command is answered with the one that was meant', async () => {
    assert.match((await sealyard(['veryfy'])).err, /verify/);
  });

  test('a yard that does not answer is "could not tell": status 3', async () => {
    using folder = temporaryFolder('cli');
    writeFileSync(folder.file('cli-token'), 'sy_x');
    const ran = await sealyard([
      '--json',
      '--data',
      folder.path,
      '--server',
      'https://127.0.0.1:9',
      'status',
    ]);
    assert.equal(ran.status, 3);
    assert.equal(onlyObject(ran)['code'], 'SY-CLI-YARD-UNREACHABLE');
  });

  test('without any administrator token the answer is "refused": status 4', async () => {
    using folder = temporaryFolder('cli');
    const ran = await sealyard([
      '--json',
      '--data',
      folder.path,
      '--server',
      'https://127.0.0.1:9',
      'status',
    ]);
    assert.equal(ran.status, 4);
    assert.equal(onlyObject(ran)['code'], 'SY-CLI-ADMIN-TOKEN');
  });

  test('signing without any token says where to get one', async () => {
    using folder = temporaryFolder('cli');
    const ran = await sealyard([
      '--data',
      folder.path,
      '--server',
      'https://127.0.0.1:9',
      'sign',
      'localhost:1/x',
    ]);
    assert.equal(ran.status, 2);
    assert.match(ran.err, /SY-CLI-NO-TOKEN/);
    assert.match(ran.err, /token ci/);
  });

  test('a token in the environment never shows in an error', async () => {
    using folder = temporaryFolder('cli');
    const secret = `sy_${'q'.repeat(43)}`;
    const ran = await sealyard(['--data', folder.path, '--server', 'https://127.0.0.1:9', 'status'], {
      SEALYARD_TOKEN: secret,
    });
    assert.equal(ran.status, 3);
    assert.ok(!(ran.out + ran.err).includes('qqqq'));
  });
});

describe('admit', () => {
  const admit = (manifest: string) =>
    // A data directory that is not there: a yard that was started in this folder has a public URL of its own.
    sealyard([
      '--json',
      '--data',
      'no-yard-here',
      '--policy',
      'docs/examples/policy.yaml',
      'admit',
      manifest,
      '--environment',
      'dev',
    ]);

  test('a manifest that is not there is a missing file and no image', async () => {
    const ran = await admit('./nothing-here.yaml');
    assert.equal(ran.status, 2);
    assert.equal(onlyObject(ran)['code'], 'SY-CLI-FILE');
  });

  test('a manifest of aliases that would expand without end is wrong use', async () => {
    using folder = temporaryFolder('cli');
    const file = folder.file('bomb.yaml');
    const lines = ['a: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 10; level++)
      lines.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}x]`);
    writeFileSync(file, lines.join('\n'));
    const ran = await admit(file);
    assert.equal(ran.status, 2);
    assert.equal(onlyObject(ran)['code'], 'SY-CLI-USAGE');
  });
});

test('a manifest without an object is wrong use: what a failed command piped must not pass', async () => {
  using folder = temporaryFolder('cli');
  const [policy, manifest] = [folder.file('policy.yaml'), folder.file('empty.yaml')];
  writeFileSync(policy, 'apiVersion: sealyard/v1\nkind: Policy\nenvironments:\n  dev: {}\n');
  writeFileSync(manifest, '\n');
  const ran = await sealyard(['--json', '--policy', policy, 'admit', manifest, '--environment', 'dev']);
  assert.equal(ran.status, 2, ran.out);
  assert.match(String(onlyObject(ran)['message']), /no Kubernetes objects/);
});

describe('policy check', () => {
  test('a document that is not valid is a "no", and each finding names its line', async () => {
    using folder = temporaryFolder('cli');
    const file = folder.file('policy.yaml');
    writeFileSync(file, 'apiVersion: sealyard/v1\nkind: Policy\nidentitties: {}\n');
    const ran = await sealyard(['--json', '--policy', file, 'policy', 'check']);
    assert.equal(ran.status, 1);
    const value = onlyObject(ran);
    assert.equal(value['code'], 'SY-POLICY-INVALID');
    const findings = value['findings'] as readonly { line: number; message: string }[];
    assert.ok(findings.some(({ line, message }) => line === 3 && /identities/.test(message)));
  });

  test('show names an environment that is not there, and those that are', async () => {
    using folder = temporaryFolder('cli');
    const file = folder.file('policy.yaml');
    writeFileSync(file, 'apiVersion: sealyard/v1\nkind: Policy\nenvironments:\n  base: {}\n');
    const ran = await sealyard(['--policy', file, 'policy', 'show', '--environment', 'bas']);
    assert.equal(ran.status, 2);
    assert.match(ran.err, /it has base/);
  });
});

test('every command looks for the yard where the configuration file says; a flag or the environment goes before it', async () => {
  using folder = temporaryFolder('cli');
  const config = folder.file('sealyard.yaml');
  writeFileSync(config, `data: ${folder.file('elsewhere')}\n`);
  const named = async (...more: string[]) => (await sealyard(['--config', config, ...more, 'status'])).err;
  assert.match(await named(), /elsewhere/);
  assert.match(await named('--data', folder.file('flagged')), /flagged/);
  const { err } = await sealyard(['status'], {
    SEALYARD_CONFIG: config,
    SEALYARD_DATA: folder.file('variable'),
  });
  assert.match(err, /variable/);
  writeFileSync(config, 'data: [1]\n');
  const wrong = await sealyard(['--config', config, 'status']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.err, /sealyard\.yaml:1/);
});
