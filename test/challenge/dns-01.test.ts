// dns-01 and dns-persist-01 over a real DNS server: right records, wrong ones, aliases, and servers that misbehave.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashedAccountUri } from '../../src/challenge/validator.ts';
import { reply } from '../driver/dns-server.ts';
import { ACCOUNT, digestOf, lab, NOW, THUMBPRINT, target, verdict } from './lab.ts';

const NAME = 'shop.example.com';
const AT = `_acme-challenge.${NAME}`;

test('RFC 8555 §8.4: the digest in a TXT record proves the name', async (t) => {
  const { dns, validator } = await lab(t);
  const asked = target('dns-01', NAME);
  dns.txt(AT, digestOf(asked));
  const result = await validator.validate(asked);
  assert.equal(verdict(result), 'valid');
  assert.match(JSON.stringify(result.evidence), new RegExp(`"record":"${AT}","value":"${digestOf(asked)}"`));
});

test('the record may stand among others, in several strings, and behind aliases', async (t) => {
  const { dns, validator } = await lab(t);
  const asked = target('dns-01', NAME);
  const digest = digestOf(asked);
  dns.cname(AT, 'shop.validation.example.net');
  dns.cname('shop.validation.example.net', 'records.example.org');
  dns.txt('records.example.org', 'v=spf1 -all');
  dns.txt('records.example.org', digest.slice(0, 20), digest.slice(20));
  const result = await validator.validate(asked);
  assert.equal(verdict(result), 'valid');
  assert.match(
    JSON.stringify(result.evidence),
    /"aliases":\["shop\.validation\.example\.net","records\.example\.org"\]/,
  );
  dns.stopAtAlias = true;
  assert.equal(verdict(await validator.validate(asked)), 'valid');
});

test('a wildcard is proven at the name below the asterisk', async (t) => {
  const { dns, validator } = await lab(t);
  const asked = target('dns-01', NAME, { wildcard: true });
  dns.txt(AT, digestOf(target('dns-01', NAME)));
  dns.txt(AT, digestOf(asked));
  assert.equal(verdict(await validator.validate(asked)), 'valid');
  const written = { ...asked, identifier: { type: 'dns', value: `*.${NAME}` } } as const;
  assert.equal(verdict(await validator.validate(written)), 'valid');
});

test('no record, and wrong records, are told with what was found and what was expected', async (t) => {
  const { dns, validator } = await lab(t);
  const asked = target('dns-01', NAME);
  assert.equal(
    verdict(await validator.validate(asked)),
    `SY-CHALLENGE-RECORD-MISSING retry ${AT}: no TXT record; expected "${digestOf(asked)}"`,
  );
  dns.txt(AT, 'old\x00"value');
  dns.txt(AT, asked.keyAuthorization);
  const told = verdict(await validator.validate(asked));
  assert.match(
    told,
    /^SY-CHALLENGE-MISMATCH retry _acme-challenge\.shop\.example\.com: 2 TXT record\(s\), "old\.\.value"/,
  );
  assert.ok(told.endsWith(`expected "${digestOf(asked)}"`));
});

test('an error of the name server is not the same as no record', async (t) => {
  const { dns, validator } = await lab(t);
  for (const [rcode, word] of [
    [2, 'SERVFAIL'],
    [5, 'REFUSED'],
    [9, 'error 9'],
  ] as const) {
    dns.misbehave = (question) => [reply(question, { rcode })];
    assert.match(
      verdict(await validator.validate(target('dns-01', NAME))),
      new RegExp(`^SY-CHALLENGE-DNS retry ${AT} TXT at 127\\.0\\.0\\.1:\\d+: ${word}$`),
    );
  }
});

test('a silent name server costs the time that the configuration gives it', async (t) => {
  const { dns, validator } = await lab(t, { timeoutMs: 300 });
  dns.misbehave = () => [];
  const began = performance.now();
  assert.match(
    verdict(await validator.validate(target('dns-01', NAME))),
    /^SY-CHALLENGE-TIMEOUT retry asking DNS for TXT of _acme-challenge\.shop\.example\.com: not within 300 ms/,
  );
  assert.ok(performance.now() - began < 900);
});

test('a loop of aliases and a name that is too long for its prefix end as DNS failures', async (t) => {
  const { dns, validator } = await lab(t);
  dns.cname(AT, 'a.example.net');
  dns.cname('a.example.net', AT);
  assert.match(verdict(await validator.validate(target('dns-01', NAME))), /^SY-CHALLENGE-DNS retry .*loop/);
  const long = `${Array<string>(4).fill('a'.repeat(60)).join('.')}.example`;
  assert.match(
    verdict(await validator.validate(target('dns-01', long))),
    /^SY-CHALLENGE-DNS retry .*does not fit/,
  );
});

test('RFC 8738 §7: DNS challenges prove no IP address', async (t) => {
  const { validator } = await lab(t);
  for (const type of ['dns-01', 'dns-persist-01'] as const)
    assert.match(
      verdict(await validator.validate(target(type, { type: 'ip', value: '192.0.2.1' }))),
      /^SY-CHALLENGE-UNSUPPORTED final/,
    );
});

const PERSIST = `_validation-persist.${NAME}`;
const PREFIX = 'https://ca.example/account-hash/';
const hashed = (domain: string, thumbprint = THUMBPRINT): string =>
  hashedAccountUri({ prefix: PREFIX, domain, thumbprint, accountUri: ACCOUNT });

test('draft-ietf-acme-dns-persist-02 §10.2: the hashed account URI of the example', () => {
  const example = { prefix: PREFIX, thumbprint: THUMBPRINT, accountUri: 'https://ca.example/acct/123' };
  assert.equal(
    hashedAccountUri({ ...example, domain: 'example.com' }),
    `${PREFIX}sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw`,
  );
  assert.equal(
    hashedAccountUri({ ...example, domain: '*' }),
    `${PREFIX}sha-256/NpDnSwUthQK8zCgFdefYxAdAVPnygMLbs9US6oO-5ug`,
  );
});

for (const [what, record] of Object.entries({
  'the account by hash': `ca.example; accounturi=${hashed(NAME)}`,
  'the account by hash for any domain': `ca.example;accounturi=${hashed('*')}`,
  'a former key of the account': `ca.example; accounturi=${hashed(NAME, 'former')}`,
  'the account by its URL (draft -01)': `ca.example; accounturi=${ACCOUNT}`,
  'capital letters where they do not count': `CA.Example;\t AccountURI = ${ACCOUNT} ;Policy=WILDCARD`,
  'parameters that nobody knows': `ca.example; accounturi=${ACCOUNT}; future=thing`,
  'a semicolon at the end': `ca.example; accounturi=${ACCOUNT};`,
  'a time that has not come': `ca.example; accounturi=${ACCOUNT}; persistUntil=${NOW.getTime() / 1000 + 60}`,
}))
  test(`dns-persist-01: a record with ${what} proves the name`, async (t) => {
    const { dns, validator } = await lab(t, { accountHashPrefix: PREFIX });
    dns.txt(PERSIST, 'other.example; accounturi=https://other.example/1');
    dns.txt(PERSIST, 'nonsense ;;; ===');
    dns.txt(PERSIST, record.slice(0, 30), record.slice(30));
    const asked = target('dns-persist-01', NAME, { formerThumbprints: ['former'] });
    const result = await validator.validate(asked);
    assert.equal(verdict(result), 'valid');
    const until = result.valid ? result.usableUntil?.getTime() : undefined;
    assert.equal(until, record.includes('persistUntil') ? NOW.getTime() + 60_000 : undefined);
  });

for (const [what, record, expected] of [
  [
    'another account',
    'ca.example; accounturi=https://ca.example/acme/account/2',
    /MISMATCH retry .*another account/,
  ],
  ['another case of the account', `ca.example; accounturi=${ACCOUNT.toUpperCase()}`, /MISMATCH retry/],
  ['a hash for another domain', `ca.example; accounturi=${hashed('example.com')}`, /MISMATCH retry/],
  ['a hash of another key', `ca.example; accounturi=${hashed(NAME, 'other')}`, /MISMATCH retry/],
  ['no account', 'ca.example', /MISMATCH retry .*no accounturi/],
  [
    'two accounts',
    `ca.example; accounturi=${ACCOUNT}; accounturi=https://x.example`,
    /MISMATCH retry .*twice/,
  ],
  [
    'a time that has passed',
    `ca.example; accounturi=${ACCOUNT}; persistUntil=${NOW.getTime() / 1000 - 1}`,
    /RECORD-EXPIRED final/,
  ],
  [
    'a time in words',
    `ca.example; accounturi=${ACCOUNT}; persistUntil=tomorrow`,
    /MISMATCH retry .*not a number/,
  ],
  ['a negative time', `ca.example; accounturi=${ACCOUNT}; persistUntil=-1`, /MISMATCH retry .*not a number/],
  [
    'another authority',
    `other.example; accounturi=${ACCOUNT}`,
    /RECORD-MISSING retry .*expected "ca\.example; accounturi=/,
  ],
  ['no authority', `; accounturi=${ACCOUNT}`, /RECORD-MISSING/],
  ['bytes outside ASCII', `ca.example; accounturi=${ACCOUNT}\xff`, /RECORD-MISSING/],
] as const)
  test(`dns-persist-01: a record with ${what} proves nothing`, async (t) => {
    const { dns, validator } = await lab(t, { accountHashPrefix: PREFIX });
    dns.txt(PERSIST, record);
    assert.match(verdict(await validator.validate(target('dns-persist-01', NAME))), expected);
  });

test('dns-persist-01: a wildcard needs policy=wildcard', async (t) => {
  const { dns, validator } = await lab(t);
  const asked = target('dns-persist-01', NAME, { wildcard: true });
  dns.txt(PERSIST, `ca.example; accounturi=${ACCOUNT}`);
  assert.match(verdict(await validator.validate(asked)), /MISMATCH retry .*lacks policy=wildcard/);
  dns.txt(PERSIST, `ca.example; accounturi=${ACCOUNT}; policy=wildcard`);
  assert.equal(verdict(await validator.validate(asked)), 'valid');
});
