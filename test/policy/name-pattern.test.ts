// Names of certificates, and the patterns that grant them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NameType, RequestedName } from '../../src/policy/issuance.ts';
import {
  comparable,
  matchesPattern,
  type NamePattern,
  parseNamePattern,
  patternsMeet,
} from '../../src/policy/name-pattern.ts';
import { nameObjection, quoteName } from '../../src/policy/requested-name.ts';

function pattern(text: string): NamePattern {
  const parsed = parseNamePattern(text);
  if ('problem' in parsed) throw new TypeError(`${text} ${parsed.problem}`);
  return parsed;
}

function name(type: NameType, value: string): RequestedName {
  return { type, value };
}

function grants(text: string, type: NameType, value: string): boolean {
  assert.equal(nameObjection(name(type, value)), undefined, `${value} ${nameObjection(name(type, value))}`);
  return matchesPattern(pattern(text), comparable(name(type, value)));
}

const GRANTS: readonly [string, NameType, string, boolean][] = [
  ['db.example.com', 'dns', 'db.example.com', true],
  ['db.example.com', 'dns', 'xdb.example.com', false],
  ['db.example.com', 'dns', 'db.example.com.evil', false],
  ['*.example.com', 'dns', 'a.example.com', true],
  ['*.example.com', 'dns', 'example.com', false],
  ['*.example.com', 'dns', 'a.b.example.com', false],
  ['*.example.com', 'dns', 'aexample.com', false],
  ['**.example.com', 'dns', 'a.b.example.com', true],
  ['**.example.com', 'dns', 'a.example.com', true],
  ['**.example.com', 'dns', 'example.com', false],
  ['**.example.com', 'dns', 'evilexample.com', false],
  ['web-*.example.com', 'dns', 'web-1.example.com', true],
  ['web-*.example.com', 'dns', 'web-1.a.example.com', false],
  ['web-*-eu.*.example.com', 'dns', 'web-1-eu.a.example.com', true],
  ['web-*-eu.*.example.com', 'dns', 'web-1-us.a.example.com', false],
  ['*', 'dns', 'localhost', true],
  ['*', 'dns', 'a.b', false],
  ['**', 'dns', 'a.b', true],
  ['10.1.0.0/16', 'ip', '10.1.255.255', true],
  ['10.1.0.0/16', 'ip', '10.2.0.0', false],
  ['10.1.2.3', 'ip', '10.1.2.3', true],
  ['10.1.2.3', 'ip', '10.1.2.4', false],
  ['10.1.2.0/25', 'ip', '10.1.2.127', true],
  ['10.1.2.0/25', 'ip', '10.1.2.128', false],
  ['0.0.0.0/0', 'ip', '255.255.255.255', true],
  ['0.0.0.0/0', 'ip', '::1', false],
  ['2001:db8::/33', 'ip', '2001:db8:7fff::1', true],
  ['2001:db8::/33', 'ip', '2001:db8:8000::1', false],
  ['::/0', 'ip', '10.0.0.1', false],
  ['**', 'ip', '10.0.0.1', false],
  ['10.0.0.1', 'dns', 'a.b', false],
  ['spiffe://acme/ns/payments/**', 'uri', 'spiffe://acme/ns/payments/sa/db', true],
  ['spiffe://acme/ns/payments/**', 'uri', 'spiffe://acme/ns/payments', false],
  ['spiffe://acme/ns/payments/**', 'uri', 'spiffe://acme/ns/payments-evil/sa/db', false],
  ['spiffe://acme/ns/*/sa/db', 'uri', 'spiffe://acme/ns/a/sa/db', true],
  ['spiffe://acme/ns/*/sa/db', 'uri', 'spiffe://acme/ns/a/b/sa/db', false],
  ['spiffe://acme/ns/x', 'uri', 'spiffe://acme/ns/x', true],
  ['spiffe://acme/**', 'uri', 'spiffe://acme.evil/ns/x', false],
  ['https://ci.example.com/jobs/*', 'uri', 'https://ci.example.com/jobs/1', true],
  ['https://ci.example.com/jobs/**', 'uri', 'https://ci.example.com/jobs/1?as=admin', false],
  ['https://ci.example.com/jobs/*', 'uri', 'https://ci.example.com:444/jobs/1', false],
  ['urn:acme:host:*', 'uri', 'urn:acme:host:a', true],
  ['urn:acme:host:*', 'uri', 'urn:acme:host:a:b', false],
  ['ada@example.com', 'email', 'ada@example.com', true],
  ['ada@example.com', 'email', 'bob@example.com', false],
  ['*@example.com', 'email', 'bob@example.com', true],
  ['*@example.com', 'email', 'bob@a.example.com', false],
  ['**', 'email', 'bob@example.com', false],
];
for (const [text, type, value, expected] of GRANTS)
  test(`${text} ${expected ? 'grants' : 'does not grant'} ${value}`, () => {
    assert.equal(grants(text, type, value), expected);
  });

const WILDCARDS: readonly [string, string, boolean][] = [
  ['*.example.com', '*.example.com', true],
  ['**.example.com', '*.example.com', true],
  ['**.example.com', '*.a.example.com', true],
  ['**', '*.example.com', true],
  ['*.example.com', '*.a.example.com', false],
  ['web-*.example.com', '*.example.com', false],
  ['*-web.example.com', '*.example.com', false],
  ['a.example.com', '*.example.com', false],
  ['example.com', '*.example.com', false],
  ['*.web-*.example.com', '*.web-1.example.com', true],
  ['*', '*.example.com', false],
];
for (const [text, value, expected] of WILDCARDS)
  test(`the wildcard name ${value} is ${expected ? '' : 'not '}covered by ${text}`, () => {
    assert.equal(grants(text, 'dns', value), expected);
  });

const NOT_NAMES: readonly [NameType, string, string][] = [
  ['dns', 'nothing', ''],
  ['dns', 'upper case', 'A.example.com'],
  ['dns', 'a final dot', 'a.example.com.'],
  ['dns', 'an empty label', 'a..example.com'],
  ['dns', 'NUL', 'a\0.example.com'],
  ['dns', 'a line end', 'a.example.com\n'],
  ['dns', 'a U-label', 'münchen.example'],
  ['dns', 'a full-width dot', 'a。example.com'],
  ['dns', 'an A-label that decodes to nothing', 'xn--a.example'],
  ['dns', 'an A-label of ASCII', 'xn--abc-.example'],
  ['dns', 'two dashes where A-labels have them', 'ab--cd.example'],
  ['dns', 'a star within a label', 'a*.example.com'],
  ['dns', 'a star further right', 'a.*.example.com'],
  ['dns', 'two stars', '**.example.com'],
  ['dns', 'a star before a star', '*.*.example.com'],
  ['dns', 'a star alone', '*'],
  ['dns', 'a star over nothing', '*.'],
  ['dns', 'a number for its last label', '10.0.0.1'],
  ['dns', 'a hexadecimal last label', 'a.0x7f'],
  ['dns', 'a star over an address', '*.0.0.1'],
  ['dns', 'a label of 64', `${'a'.repeat(64)}.example`],
  ['dns', '254 characters', `${'a.'.repeat(126)}aa`],
  ['dns', 'a leading dash', '-a.example'],
  ['ip', 'a leading zero', '010.0.0.1'],
  ['ip', 'a short spelling', '127.1'],
  ['ip', 'one number', '2130706433'],
  ['ip', 'a network', '10.0.0.0/8'],
  ['ip', 'upper case', '2001:DB8::1'],
  ['ip', 'zeros written out', '2001:db8:0:0:0:0:0:1'],
  ['ip', 'a mapped address', '::ffff:a00:1'],
  ['ip', 'a mapped address with dots', '::ffff:10.0.0.1'],
  ['ip', 'a zone', 'fe80::1%eth0'],
  ['ip', 'brackets', '[::1]'],
  ['uri', 'no scheme', '//example.com/a'],
  ['uri', 'an upper-case scheme', 'SPIFFE://acme/a'],
  ['uri', 'a blank', 'spiffe://acme/a b'],
  ['uri', 'a star', 'spiffe://acme/ns/*'],
  ['uri', 'dots for a segment', 'spiffe://acme/ns/payments/../admin'],
  ['uri', 'dots for a segment of another scheme', 'https://example.com/a/../b'],
  ['uri', 'escaped dots', 'https://example.com/a/%2E%2E/b'],
  ['uri', 'an escaped slash', 'https://example.com/a%2Fb'],
  ['uri', 'an escaped star', 'https://example.com/a%2A'],
  ['uri', 'an escape in lower case', 'https://example.com/a%c3'],
  ['uri', 'half an escape', 'https://example.com/a%c'],
  ['uri', 'an escaped letter', 'https://example.com/%61'],
  ['uri', 'an escaped digit', 'https://example.com/%31'],
  ['uri', 'a user', 'https://ci.example.com@evil.example/jobs/1'],
  ['uri', 'a fragment', 'https://example.com/a#b'],
  ['uri', 'a SPIFFE ID with a query', 'spiffe://acme/a?b'],
  ['uri', 'a SPIFFE ID with a port', 'spiffe://acme:1/a'],
  ['uri', 'a SPIFFE ID that ends in a slash', 'spiffe://acme/a/'],
  ['uri', 'a SPIFFE ID in upper case', 'spiffe://Acme/a'],
  ['uri', '2049 characters', `spiffe://acme/${'a'.repeat(2040)}`],
  ['email', 'no host', 'ada@'],
  ['email', 'no local part', '@example.com'],
  ['email', 'two hosts', 'ada@example.com@evil.example'],
  ['email', 'a quoted local part', '"a b"@example.com'],
  ['email', 'a star', '*@example.com'],
  ['email', 'an upper-case host', 'ada@Example.com'],
  ['email', 'a wildcard host', 'ada@*.example.com'],
  ['email', 'two dots', 'a..b@example.com'],
  ['email', 'a local part of 65', `${'a'.repeat(65)}@example.com`],
];
for (const [type, what, value] of NOT_NAMES)
  test(`a name of type ${type} with ${what} is refused, not repaired`, () => {
    assert.notEqual(nameObjection(name(type, value)), undefined);
  });

test('a name that could do harm in a message is not quoted in it', () => {
  assert.equal(quoteName(name('dns', 'a\u001b[31m')), 'a name of type dns');
  assert.equal(quoteName(name('dns', 'a.b')), '"a.b"');
});

const NOT_PATTERNS: readonly [string, string, RegExp][] = [
  ['three stars', '***.example.com', /three stars/],
  ['many labels in the middle', 'a.**.example.com', /only as its first label/],
  ['many labels within a label', 'a**.example.com', /only as its first label/],
  ['a star for the last label', 'example.*', /star in its last label/],
  ['a star in an A-label', 'xn--*.example.com', /A-label/],
  ['upper case', '*.Example.com', /lower-case/],
  ['an address that is none', '10.0.0.256', /not an IP address/],
  ['a star in an address', '10.0.0.*', /last label/],
  ['bits beyond the prefix', '10.1.2.3/16', /did you mean 10\.1\.0\.0\/16\?/],
  ['a prefix that is too long', '10.0.0.0/33', /longer than the address/],
  ['a mapped network', '::ffff:10.0.0.0/104', /not an IP address/],
  ['a star for a host', 'https://*/a', /scheme and host are written out/],
  ['a star in a host', 'https://*.example.com/a', /scheme and host are written out/],
  ['a star right after a host', 'https://example.com*', /scheme and host are written out/],
  ['a star in a trust domain', 'spiffe://acme*/a', /scheme and host are written out/],
  ['a star in a scheme', 'spiff*://acme/a', /./],
  ['a star that completes an escape', 'https://example.com/%2*', /escape/],
  ['dots for a segment', 'spiffe://acme/../**', /SPIFFE ID/],
  ['a star in a host of mail', 'ada@*.example.com', /before the "@"/],
  ['a part of a local part', 'a*@example.com', /before the "@"/],
  ['a blank', 'a b', /./],
  ['513 characters', `*.${'a.'.repeat(256)}a`, /longer than 512/],
];
for (const [what, text, expected] of NOT_PATTERNS)
  test(`a pattern with ${what} is refused with the reason`, () => {
    const parsed = parseNamePattern(text);
    assert.ok('problem' in parsed, 'it was accepted');
    assert.match(parsed.problem, expected);
  });

const MEETINGS: readonly [string, string, boolean][] = [
  ['*.payments.svc', 'db.payments.svc', true],
  ['*.payments.svc', 'db.other.svc', false],
  ['*.payments.svc', '**.svc', true],
  ['*.payments.svc', '*.svc', false],
  ['web-*.a', '*-eu.a', true],
  ['10.0.0.0/8', '10.1.0.0/16', true],
  ['10.1.0.0/16', '10.0.0.0/8', true],
  ['10.0.0.0/8', '11.0.0.0/8', false],
  ['10.0.0.0/8', '::/0', false],
  ['**', '10.0.0.0/8', false],
  ['spiffe://acme/ns/*/sa/db', 'spiffe://acme/ns/payments/**', true],
  ['spiffe://acme/ns/a/**', 'spiffe://acme/ns/b/**', false],
  ['*@example.com', 'ada@example.com', true],
  ['*@example.com', '*@example.org', false],
  ['**', '*@example.com', false],
];
for (const [a, b, expected] of MEETINGS)
  test(`${a} and ${b} have ${expected ? 'names' : 'nothing'} in common`, () => {
    assert.equal(patternsMeet(pattern(a), pattern(b)), expected);
    assert.equal(patternsMeet(pattern(b), pattern(a)), expected);
  });

test('names that patterns share are found by their meeting', () => {
  for (const [text, type, value, expected] of GRANTS) {
    const exact = parseNamePattern(value);
    if ('problem' in exact || exact.type !== type) continue;
    assert.equal(patternsMeet(pattern(text), exact), expected, `${text} ${value}`);
  }
});

test('a long hostile name is judged in linear time', () => {
  const started = performance.now();
  for (const text of [`${'a-'.repeat(100)}*.example.com`, 'spiffe://acme/*a*a*a*a*a*a*a*/**/b'])
    for (const [type, value] of [
      ['dns', `${'a-'.repeat(31)}a.example.com`],
      ['uri', `spiffe://acme/${'a'.repeat(2000)}`],
      ['uri', `https://example.com/${'%'.repeat(2000)}`],
      ['email', `${'a.'.repeat(1000)}@example.com`],
      ['dns', 'xn--'.repeat(60)],
    ] as const) {
      const parsed = parseNamePattern(text);
      if (!('problem' in parsed) && nameObjection(name(type, value)) === undefined)
        matchesPattern(parsed, comparable(name(type, value)));
    }
  assert.ok(performance.now() - started < 500, `${performance.now() - started} ms`);
});
