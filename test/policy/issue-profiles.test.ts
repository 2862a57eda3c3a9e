// `profiles` of the document: made from the built-in ones, within bounds, with mistakes told by line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILT_IN_PROFILES, LONGEST_LIFETIME } from '../../src/policy/built-in-profiles.ts';
import { withProfile } from './issue-scene.ts';
import { findings, load } from './scene.ts';

function profileOf(lines: string) {
  const profile = load(withProfile(lines)).profiles.get('mine');
  assert.ok(profile !== undefined);
  return profile;
}

test('each built-in profile is consistent with itself', () => {
  for (const profile of Object.values(BUILT_IN_PROFILES)) {
    const { leastSeconds, defaultSeconds, mostSeconds } = profile.lifetime;
    assert.ok(leastSeconds <= defaultSeconds && defaultSeconds <= mostSeconds, profile.name);
    assert.ok(mostSeconds <= LONGEST_LIFETIME[profile.base], profile.name);
    assert.equal(profile.keyUsage.includes('keyCertSign'), profile.base === 'intermediate');
    assert.equal(profile.extendedKeyUsage.length === 0, profile.base === 'intermediate');
    assert.equal(profile.pathLength !== undefined, profile.base === 'intermediate');
  }
});

test('a profile of the document has what its base has and what it says', () => {
  const profile = profileOf(
    'base: server-tls, description: Long ones, lifetime: { least: 1d, default: 30d, most: 400d }, keys: [ec-p256], names: [dns], subject: empty, wildcard: false, authority: tls-1, environments: [base], caa: true, crl-retention: 7d, lint: { subject-as-profile: off }, extensions: [ { oid: 1.3.6.1.5.5.7.1.24, hex: "3003020105" } ]',
  );
  assert.equal(profile.base, 'server-tls');
  assert.deepEqual(profile.lifetime, {
    leastSeconds: 86_400,
    defaultSeconds: 2_592_000,
    mostSeconds: 34_560_000,
  });
  assert.deepEqual(profile.keys, ['ec-p256']);
  assert.deepEqual(profile.nameTypes, ['dns']);
  assert.equal(profile.wildcard, false);
  assert.equal(profile.authority, 'tls-1');
  assert.equal(profile.caa, true);
  assert.equal(profile.crlRetentionSeconds, 604_800);
  assert.deepEqual([...profile.lint], [['subject-as-profile', 'off']]);
  assert.deepEqual(profile.extensions, [
    { oid: '1.3.6.1.5.5.7.1.24', critical: false, value: Uint8Array.of(0x30, 3, 2, 1, 5) },
  ]);
  assert.deepEqual(profile.extendedKeyUsage, BUILT_IN_PROFILES['server-tls'].extendedKeyUsage);
});

test('one lifetime is what a certificate gets and the most that it can get', () => {
  assert.deepEqual(profileOf('base: workload-tls, lifetime: 2m').lifetime, {
    leastSeconds: 120,
    defaultSeconds: 120,
    mostSeconds: 120,
  });
  assert.deepEqual(profileOf('base: workload-tls, lifetime: { most: 1h }').lifetime, {
    leastSeconds: 300,
    defaultSeconds: 3600,
    mostSeconds: 3600,
  });
});

test('name constraints are subtrees as RFC 5280 §4.2.1.10 has them', () => {
  const { nameConstraints, pathLength } = profileOf(
    'base: intermediate, path-length: 1, name-constraints: { permitted: { dns: [acme.example], ip: [10.0.0.0/9, "2001:db8::/32"], uri: [.acme.example], email: [acme.example, ada@b.example] }, excluded: { dns: [secret.acme.example] } }',
  );
  assert.equal(pathLength, 1);
  assert.deepEqual(nameConstraints?.permitted.slice(0, 2), [
    { type: 'dns', value: 'acme.example' },
    { type: 'ip', value: Uint8Array.of(10, 0, 0, 0, 255, 128, 0, 0) },
  ]);
  assert.equal(nameConstraints?.permitted.length, 6);
  assert.deepEqual(nameConstraints?.excluded, [{ type: 'dns', value: 'secret.acme.example' }]);
});

const MISTAKES: readonly [string, string, RegExp][] = [
  [
    'a profile under a built-in name',
    withProfile('base: server-tls').replace('mine:', 'server-tls:'),
    /built-in profile: give yours another name/,
  ],
  ['a profile without base', withProfile('caa: true'), /"base" is missing/],
  ['a base of its own', withProfile('base: long-lived'), /"long-lived" is not one of/],
  ['a profile that lives too long', withProfile('base: server-tls, lifetime: 826d'), /from 1m to 825d/],
  ['a profile that lives no time', withProfile('base: server-tls, lifetime: 1s'), /from 1m to 825d/],
  [
    'bounds in disorder',
    withProfile('base: server-tls, lifetime: { least: 2d, default: 1d }'),
    /in this order/,
  ],
  [
    'names that the base has not',
    withProfile('base: server-tls, names: [dns, email]'),
    /email is not among them/,
  ],
  [
    'keys that the base has not',
    withProfile('base: timestamping, keys: [ed25519]'),
    /ed25519 is not among them/,
  ],
  ['an unknown key', withProfile('base: server-tls, keys: [rsa-1024]'), /"rsa-1024" is not one of/],
  ['wildcards for clients', withProfile('base: client-tls, wildcard: true'), /is for servers/],
  ['a path length of a leaf', withProfile('base: server-tls, path-length: 1'), /makes no authority/],
  [
    'name constraints of a leaf',
    withProfile('base: server-tls, name-constraints: { permitted: { dns: [a.b] } }'),
    /makes no authority/,
  ],
  [
    'empty name constraints',
    withProfile('base: intermediate, name-constraints: { permitted: {} }'),
    /have no subtree/,
  ],
  [
    'a wildcard in name constraints',
    withProfile('base: intermediate, name-constraints: { permitted: { dns: ["*.a.b"] } }'),
    /not a subtree of dns/,
  ],
  [
    'an unknown environment of a profile',
    withProfile('base: server-tls, environments: [bse]'),
    /there is no environment "bse" \(did you mean "base"\?\)/,
  ],
  [
    'a retention shorter than the base’s',
    withProfile('base: code-signing, crl-retention: 1d'),
    /must be a duration from 3650d/,
  ],
  [
    'an unknown severity',
    withProfile('base: server-tls, lint: { size: loud }'),
    /"loud" is not one of error, warning, off/,
  ],
  [
    'a lint rule that is no name',
    withProfile('base: server-tls, lint: { "A b": off }'),
    /not the name of a lint rule/,
  ],
  ['a description of two lines', withProfile('base: server-tls, description: "a\\nb"'), /one line/],
  [
    'an extension that is not DER',
    withProfile('base: server-tls, extensions: [ { oid: 1.2.3, hex: "3003" } ]'),
    /is not DER/,
  ],
  [
    'an extension with more behind it',
    withProfile('base: server-tls, extensions: [ { oid: 1.2.3, hex: "05000500" } ]'),
    /is not DER/,
  ],
  [
    'an extension of both spellings',
    withProfile('base: server-tls, extensions: [ { oid: 1.2.3, hex: "0500", base64: BQA= } ]'),
    /one of "hex" and "base64"/,
  ],
  [
    'an extension without value',
    withProfile('base: server-tls, extensions: [ { oid: 1.2.3 } ]'),
    /one of "hex" and "base64"/,
  ],
  [
    'an extension twice',
    withProfile('base: ocsp-responder, extensions: [ { oid: 1.3.6.1.5.5.7.48.1.5, hex: "0500" } ]'),
    /is there twice/,
  ],
  [
    'basic constraints of its own',
    withProfile('base: server-tls, extensions: [ { oid: 2.5.29.19, hex: 30030101ff } ]'),
    /written by Sealyard itself/,
  ],
  [
    'names of its own',
    withProfile('base: server-tls, extensions: [ { oid: 2.5.29.17, hex: "3000" } ]'),
    /written by Sealyard itself/,
  ],
  [
    'claims of its own',
    withProfile('base: code-signing, extensions: [ { oid: 1.3.6.1.4.1.57264.1.8, hex: "0500" } ]'),
    /written by Sealyard itself/,
  ],
  [
    'an identifier that is none',
    withProfile('base: server-tls, extensions: [ { oid: "3.1", hex: "0500" } ]'),
    /not an object identifier/,
  ],
  [
    'an enormous identifier',
    withProfile(`base: server-tls, extensions: [ { oid: "1.${'9'.repeat(90)}", hex: "0500" } ]`),
    /not an object identifier/,
  ],
];
for (const [what, text, expected] of MISTAKES)
  test(`a document with ${what} is refused with its line`, () => {
    const found = findings(text);
    assert.ok(
      found.some((one) => expected.test(one)),
      found.join('\n') || 'no finding',
    );
  });
