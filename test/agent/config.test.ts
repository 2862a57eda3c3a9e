// What people write in the agent's file: read whole, and every mistake named with its line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAgentConfig } from '../../src/agent/read-config.ts';

const GOOD = `apiVersion: sealyard/v1
kind: Agent
state: ./state
status: 127.0.0.1:9464
issuers:
  public:
    type: acme
    directory: https://ca.example/directory
    contacts: ["mailto:ops@example.com"]
    agree-to-terms: true
    binding: { key-id: k1, key-file: ./eab.key }
    challenges: [ { http: "0.0.0.0:80" }, { dns: [/usr/local/bin/hook, --fast] } ]
  yard: { type: yard, server: "https://127.0.0.1:8443", roots: ./roots.pem, token-file: ./token }
certificates:
  web:
    issuer: public
    names: [shop.example.com, 10.0.0.1, "spiffe://acme/ns/shop"]
    key: ec-p384
    lifetime: 7d
    files:
      - { path: /etc/nginx/tls.pem, content: fullchain }
      - { path: /etc/nginx/tls.key, content: key, mode: "0640", owner: "root:www-data" }
    reload: [ { signal: HUP, pid-file: /run/nginx.pid }, { systemd: nginx.service } ]
    check: { address: "127.0.0.1:443" }
`;

test('a whole configuration is read as it was meant', () => {
  const config = readAgentConfig(GOOD, 'agent.yaml');
  assert.deepEqual([...config.issuers.keys()], ['public', 'yard']);
  const [web] = config.certificates;
  assert.deepEqual(web?.names, [
    { type: 'dns', value: 'shop.example.com' },
    { type: 'ip', value: '10.0.0.1' },
    { type: 'uri', value: 'spiffe://acme/ns/shop' },
  ]);
  assert.equal(web?.lifetimeSeconds, 7 * 86_400);
  assert.deepEqual(
    web?.files.map(({ mode }) => mode),
    [0o644, 0o640],
  );
  assert.equal(web?.reload[0]?.kind, 'signal');
});

for (const [what, from, to, line, words] of [
  ['an unknown key', 'key: ec-p384', 'keey: ec-p384', 18, /"keey".*key/],
  ['a missing issuer', 'issuer: public', 'issuer: pubic', 16, /"pubic".*public/],
  ['a name that is none', 'shop.example.com, 10', '"*.*.example", 10', 17, /\*\.\*\.example/],
  ['a key that everybody may read', '"0640"', '"0644"', 22, /private key/],
  ['a key kind', 'ec-p384', 'rsa-512', 18, /rsa-512/],
  ['an address', '127.0.0.1:443', '127.0.0.1', 24, /address/],
  ['a URL', 'https://ca.example/directory', 'ftp://ca.example', 8, /https/],
] as const) {
  test(`${what} is named with its line`, () => {
    assert.ok(GOOD.includes(from));
    assert.throws(
      () => readAgentConfig(GOOD.replace(from, to), 'agent.yaml'),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'SY-AGENT-CONFIG');
        assert.match(error.message, new RegExp(`agent\\.yaml:${line}:`));
        assert.match(error.message, words);
        return true;
      },
    );
  });
}

test('two certificates may not write one file, and a store needs its password', () => {
  const twice = `${GOOD}  other: { issuer: yard, names: [a.example], files: [ { path: /etc/nginx/tls.pem, content: chain } ] }\n`;
  assert.throws(() => readAgentConfig(twice, 'f'), /written twice/);
  const store = GOOD.replace('content: fullchain', 'content: pkcs12');
  assert.throws(() => readAgentConfig(store, 'f'), /password-file/);
});
