// Several points of view, the settings, and what the validator promises whatever the challenge is.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ChallengeConfig } from '../../src/challenge/validator.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { type DnsServer, reply } from '../driver/dns-server.ts';
import { ACCOUNT, digestOf, dnsServer, target, validatorFor, verdict } from './lab.ts';

const NAME = 'shop.example.com';
const AT = `_acme-challenge.${NAME}`;

async function views(t: TestContext, further: number) {
  const servers: DnsServer[] = [];
  for (let i = 0; i <= further; i++) servers.push(await dnsServer(t));
  const [own, ...others] = servers.map(({ address }) => [address]);
  return { servers, validator: validatorFor({ resolvers: own ?? [], perspectives: others }) };
}

for (const [further, agreeing, valid] of [
  [0, 0, true],
  [1, 1, true],
  [1, 0, false],
  [2, 2, true],
  [2, 1, false],
  [3, 3, true],
  [3, 2, true],
  [3, 1, false],
  [5, 4, true],
  [5, 3, false],
] as const)
  test(`${agreeing} of ${further} further points of view that agree are ${valid ? 'enough' : 'too few'}`, async (t) => {
    const { servers, validator } = await views(t, further);
    const asked = target('dns-01', NAME);
    for (const server of servers.slice(0, agreeing + 1)) server.txt(AT, digestOf(asked));
    const result = await validator.validate(asked);
    if (valid) assert.equal(verdict(result), 'valid');
    else {
      const missing = further - agreeing;
      assert.match(
        verdict(result),
        new RegExp(
          `^SY-CHALLENGE-PERSPECTIVES retry ${missing} of ${further} further points of view disagree; perspective \\d: ${AT}`,
        ),
      );
    }
    assert.equal((result.evidence['views'] as readonly unknown[]).length, further + 1);
  });

test('where our own view fails, no other is asked', async (t) => {
  const { servers, validator } = await views(t, 2);
  const asked = target('dns-01', NAME);
  for (const server of servers.slice(1)) server.txt(AT, digestOf(asked));
  assert.match(verdict(await validator.validate(asked)), /^SY-CHALLENGE-RECORD-MISSING/);
  assert.deepEqual(
    servers.map((server) => server.asked.length > 0),
    [true, false, false],
  );
});

test('CAA is asked from every point of view: one that is shown a denial stops issuance', async (t) => {
  const { servers, validator } = await views(t, 1);
  servers[1]?.caa(NAME, 0, 'issue', ';');
  const o = { wildcard: false, accountUri: ACCOUNT, method: 'dns-01' } as const;
  const result = await validator.caa({ type: 'dns', value: NAME }, o);
  assert.ok(!result.allowed && result.code === 'SY-CHALLENGE-CAA-UNKNOWN');
  assert.match(result.detail, /nobody may issue/);
});

test('a resolver that fails is followed by the next of its set', async (t) => {
  const [bad, good] = [await dnsServer(t), await dnsServer(t)];
  bad.misbehave = (question) => [reply(question, { rcode: 5 })];
  const asked = target('dns-01', NAME);
  good.txt(AT, digestOf(asked));
  const validator = validatorFor({ resolvers: [bad.address, good.address] });
  assert.equal(verdict(await validator.validate(asked)), 'valid');
});

for (const [what, changes] of Object.entries<Partial<ChallengeConfig>>({
  'a resolver by name': { resolvers: ['dns.example.com:53'] },
  'a resolver without a real port': { resolvers: ['192.0.2.1:99999'] },
  'a perspective by name': { perspectives: [['dns.example.com']] },
  'nine perspectives': { perspectives: Array(9).fill(['192.0.2.1']) },
  'an empty perspective': { perspectives: [[]] },
  'a network without a prefix': { allowNetworks: ['10.0.0.0'] },
  'a network that is too long': { allowNetworks: ['10.0.0.0/33'] },
  'a network in a mapped spelling': { allowNetworks: ['::ffff:10.0.0.0/104'] },
  'port 0': { httpPort: 0 },
  'a port beyond all': { tlsPort: 70_000 },
  'no time': { timeoutMs: 0 },
  'the metadata networks as a kind': { allow: ['public', 'metadata'] },
}))
  test(`settings with ${what} are refused`, () => {
    assert.throws(
      () => validatorFor(changes),
      (error) => isSealyardError(error, 'SY-CHALLENGE-CONFIGURATION'),
    );
  });

test('a token that is not base64url is our own bug and never reaches a URL', async () => {
  const asked = target('http-01', NAME, { token: '../../admin?x=' });
  await assert.rejects(validatorFor({}).validate(asked), TypeError);
});

for (const value of [
  '127.0.0.1',
  '0x7f.1',
  '2130706433',
  '0177.0.0.1',
  'x.1',
  'a.0x',
  'A.example',
  'a..b',
  'a b',
  'a/b',
  'ä.example',
  '',
])
  test(`a DNS name spelt "${value}" is none and is looked for nowhere`, async (t) => {
    const dns = await dnsServer(t);
    const validator = validatorFor({ resolvers: [dns.address], allow: ['public', 'loopback'] });
    for (const type of ['http-01', 'tls-alpn-01', 'dns-01', 'dns-persist-01'] as const)
      assert.match(verdict(await validator.validate(target(type, value))), /^SY-CHALLENGE-UNSUPPORTED final/);
    assert.equal(dns.asked.length, 0);
  });

test('an identifier that is neither a name nor an address is refused', async () => {
  const validator = validatorFor({});
  for (const type of ['http-01', 'tls-alpn-01', 'dns-01', 'dns-persist-01'] as const)
    for (const identifier of [
      { type: 'email', value: 'a@example.com' },
      { type: 'uri', value: 'https://example.com' },
      { type: 'ip', value: 'fe80::1%lo' },
      { type: 'ip', value: '127.1' },
    ] as const)
      assert.match(
        verdict(await validator.validate(target(type, identifier))),
        /^SY-CHALLENGE-UNSUPPORTED final/,
      );
});

test('evidence stays small whatever a server does', async (t) => {
  const dns = await dnsServer(t);
  const longest = (i: number): string => `${i}${`.${'x'.repeat(55)}`.repeat(4)}.net`;
  for (let i = 0; i < 9; i++) dns.cname(longest(i), longest(i + 1));
  dns.misbehave = (question) => {
    dns.cname(question.name, longest(0));
    return undefined;
  };
  const deep = `${'a.'.repeat(40)}example.com`;
  const perspectives = Array<string[]>(8).fill([dns.address]);
  const validator = validatorFor({ resolvers: [dns.address], perspectives, timeoutMs: 5000 });
  const o = { wildcard: false, accountUri: ACCOUNT, method: 'dns-01' } as const;
  const result = await validator.caa({ type: 'dns', value: deep }, o);
  assert.ok(result.allowed);
  assert.ok(dns.asked.length > 40);
  assert.ok(JSON.stringify(result.evidence).length < 1000);
});
