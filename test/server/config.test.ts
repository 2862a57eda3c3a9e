// The configuration: defaults, precedence, errors that name line and nearest key, explanation and schema.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  CONFIG_KEYS,
  configJsonSchema,
  environmentVariable,
  explainConfig,
  loadConfig,
} from '../../src/server/config.ts';
import { parseConfigText } from '../../src/server/config-file.ts';
import { isElsewhere, wantedAddress } from '../../src/server/fixed-urls.ts';
import { listenerNames } from '../../src/server/listener-names.ts';

const directory = mkdtempSync(join(tmpdir(), 'sealyard-config-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(directory, 'config.yaml');
  writeFileSync(path, text);
  return path;
}

const refused = (text: string, message: RegExp) =>
  assert.throws(
    () => loadConfig({ file: file(text) }),
    (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SY-SERVER-CONFIG');
      assert.match(error.message, message);
      return true;
    },
  );

describe('the configuration', () => {
  test('needs nothing: every key has a default, on loopback', () => {
    const config = loadConfig({});
    assert.deepEqual(config.listen, { host: '127.0.0.1', port: 8443 });
    assert.deepEqual(config.listenPlain, { host: '127.0.0.1', port: 8080 });
    assert.equal(config.listenAdmission, undefined);
    assert.equal(config.development, false);
    assert.equal(config.allowPrivateAddresses, false);
  });

  test('takes flags before environment before file', () => {
    const path = file('listen: 127.0.0.1:1001\nlisten-plain: off\nlog-level: debug\n');
    const environment = { SEALYARD_LISTEN: '127.0.0.1:1002', SEALYARD_LISTEN_PLAIN: '127.0.0.1:1003' };
    const config = loadConfig({ file: path, environment, flags: { listen: '[::1]:1004' } });
    assert.deepEqual(config.listen, { host: '::1', port: 1004 });
    assert.deepEqual(config.listenPlain, { host: '127.0.0.1', port: 1003 });
    assert.equal(config.logLevel, 'debug');
    assert.equal(loadConfig({ file: path }).listenPlain, undefined);
  });

  test('names line and nearest right key for an unknown one', () => {
    refused(
      'data: x\nlissten: 127.0.0.1:1\n',
      /config\.yaml:2: unknown key "lissten", did you mean listen\?/,
    );
    refused('zzzzzzzz: 1\n', /config\.yaml:1: unknown key "zzzzzzzz"$|unknown key "zzzzzzzz"\)/);
    assert.throws(() => loadConfig({ flags: { polcy: 'x' } }), /did you mean policy\?/);
  });

  test('names line and reason for a wrong value', () => {
    refused('\nlisten: nonsense\n', /config\.yaml:2: listen must be an address/);
    refused('listen: 127.0.0.1:99999\n', /must be an address/);
    refused('development: perhaps\n', /config\.yaml:1: development/);
    refused('public-url: http://pki.example\n', /public-url must be https:/);
    refused('public-url: https://pki.example/path\n', /without a path/);
    refused('unlock-secret: swordfish\n', /must be a reference/);
    refused('max-connections: many\n', /max-connections/);
    refused('log-level: loud\n', /log-level/);
    refused('listen: [127.0.0.1, 1]\n', /must be a single value/);
    refused('- listen\n', /must be a mapping/);
    refused('listen: a:1\nlisten: b:2\n', /config\.yaml:2/);
    refused('listen: "unclosed\n', /config\.yaml:/);
    refused('a: &a x\ndata: *a\n', /config\.yaml/);
  });

  test('never repeats a secret that was put where a reference belongs', () => {
    assert.throws(
      () => loadConfig({ flags: { 'unlock-secret': 'swordfish' } }),
      (error: Error) => !error.message.includes('swordfish'),
    );
  });

  test('refuses combinations that are not safe', () => {
    refused('development: true\nlisten: 0.0.0.0:8443\n', /loopback/);
    refused('listen-plain: off\npublic-plain-url: http://pki.example\n', /listen-plain is off/);
  });

  test('a file that is absent or too large is an error that names it', () => {
    assert.throws(() => loadConfig({ file: join(directory, 'none.yaml') }), /none\.yaml: cannot be read/);
    assert.throws(() => loadConfig({ file: '/dev/zero' }), /larger than 64 KiB/);
    refused(`data: ${'x'.repeat(70_000)}\n`, /larger than 64 KiB/);
    assert.deepEqual(parseConfigText('', 'empty'), []);
    assert.deepEqual(parseConfigText('# nothing\n', 'empty'), []);
  });

  test('explains each key in one line, and its JSON Schema has them all', () => {
    const rows = explainConfig();
    assert.deepEqual(
      rows.map(({ key }) => key),
      CONFIG_KEYS,
    );
    for (const row of rows) {
      assert.ok(row.describe.length > 10 && !row.describe.includes('\n'), row.key);
      assert.equal(row.variable, environmentVariable(row.key));
    }
    const schema = configJsonSchema() as { properties: object; additionalProperties: boolean };
    assert.deepEqual(Object.keys(schema.properties), [...CONFIG_KEYS]);
    assert.equal(schema.additionalProperties, false);
  });
});

describe('addresses', () => {
  test('port 0 asks again for the port that the fixed URL names, and for no other host', () => {
    const free = { host: '127.0.0.1', port: 0 };
    assert.equal(wantedAddress(free, undefined).port, 0);
    assert.equal(wantedAddress(free, 'https://127.0.0.1:8555').port, 8555);
    assert.equal(isElsewhere(free, 8555, 'https://127.0.0.1:8555'), false);
    assert.equal(isElsewhere(free, 8443, 'https://127.0.0.1:8555'), true);
    assert.equal(isElsewhere(free, 8443, 'https://pki.example.com'), false);
    assert.equal(wantedAddress(free, 'https://pki.example').port, 0);
    assert.equal(wantedAddress({ host: '127.0.0.1', port: 1 }, 'https://127.0.0.1:8555').port, 1);
  });

  test('the listener certificate names the public host, and loopback where it listens there', () => {
    const names = (url: string, host: string) =>
      listenerNames(url, { listen: { host, port: 1 } }).map((name) =>
        name.type === 'dns' ? name.value : name.value.length,
      );
    assert.deepEqual(names('https://127.0.0.1:8443', '127.0.0.1'), [4, 'localhost', 16]);
    assert.deepEqual(names('https://pki.example', '0.0.0.0'), ['pki.example']);
    assert.deepEqual(names('https://pki.example', '10.0.0.5'), ['pki.example', 4]);
    assert.deepEqual(names('https://[::1]:8443', '::1'), [16, 'localhost', 4]);
  });
});
