// The policy document: what is accepted, and how mistakes are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PolicyError } from '../../src/policy/findings.ts';
import { findings, load, SHOP } from './scene.ts';

const HEAD = 'apiVersion: sealyard/v1\nkind: Policy\n';

test('a good document loads, with its version the digest of its bytes', () => {
  const policy = load(SHOP);
  assert.match(policy.version, /^sha256:[0-9a-f]{64}$/);
  assert.notEqual(policy.version, load(`${SHOP}# a comment\n`).version);
  assert.deepEqual([...policy.environments.keys()], ['base', 'production']);
  assert.deepEqual(policy.issuers[0]?.audiences, ['https://yard.example']);
  assert.deepEqual([...(policy.mentionedClaims.get('github') ?? [])].sort(), ['actor', 'ref', 'repository']);
});

test('an error carries every finding, and its message names file and line', () => {
  assert.throws(
    () => load(`${HEAD}isuers: {}\nidentites: {}\n`),
    (error) =>
      error instanceof PolicyError && error.findings.length === 2 && error.message.includes('policy.yaml:3'),
  );
});

/** Replaces `from` in the good document. */
const changed = (from: string, to: string) => {
  assert.ok(SHOP.includes(from));
  return SHOP.replace(from, to);
};

const MISTAKES: readonly [string, string, RegExp][] = [
  [
    'an unknown key',
    changed('administer:', 'adminster:'),
    /^5: unknown key "adminster" \(did you mean "administer"\?\)/,
  ],
  [
    'an unknown key in a rule',
    changed('counts-for: ["**"]', 'count-for: ["**"]'),
    /unknown key "count-for" \(did you mean "counts-for"\?\)/,
  ],
  [
    'a key that is there twice',
    `${SHOP}kind: Policy\n`,
    /^36: the key "kind" is there twice, first at line 2/,
  ],
  [
    'another apiVersion',
    changed('sealyard/v1', 'sealyard/v2'),
    /^1: "sealyard\/v2" is not one of sealyard\/v1/,
  ],
  ['no kind', changed('kind: Policy\n', ''), /"kind" is missing/],
  ['an unknown role', changed('operator', 'operater'), /^6: .*did you mean "operator"/],
  [
    'an unknown issuer',
    changed('issuer: github', 'issuer: guthub'),
    /^11: there is no issuer "guthub" \(did you mean "github"\?\)/,
  ],
  [
    'an unknown identity',
    changed('who: shop-release\n        counts', 'who: shop-relase\n        counts'),
    /^20: there is no identity "shop-relase" \(did you mean "shop-release"\?\)/,
  ],
  [
    'an unknown parent',
    changed('extends: base', 'extends: bse'),
    /^30: there is no environment "bse" to extend \(did you mean "base"\?\)/,
  ],
  ['an identity without where', changed('    where: claims.actor == "auditor"\n', ''), /"where" is missing/],
  ['an issuer over plain http', changed('{ url: https:', '{ url: http:'), /is not an https URL/],
  ['an issuer with a password', changed('https://token', 'https://a:b@token'), /is not an https URL/],
  [
    'an issuer of unknown type',
    changed('https://token.actions.githubusercontent.com', 'https://id.example.com'),
    /add "type: github\|gitlab\|development"/,
  ],
  [
    'the built-in type elsewhere',
    changed(' }\nadminister', ', type: development }\nadminister'),
    /built-in issuer/,
  ],
  ['a lifetime of a day', changed('20m', '24h'), /"lifetime" must be a duration from 5m to 1h/],
  ['a lifetime of a second', changed('20m', '1s'), /duration from 5m to 1h/],
  ['a lifetime without unit', changed('20m', '20'), /duration from 5m to 1h/],
  ['no signers demanded', changed('at-least: 2', 'at-least: 0'), /whole number from 1 to 10/],
  ['a pattern with a space', changed('["**"]', '["a b"]'), /is not a pattern/],
  ['a pattern with three stars', changed('["**"]', '["***"]'), /is not a pattern/],
  ['an empty list of patterns', changed('["**"]', '[]'), /matches nothing/],
  [
    'a requirement of two kinds',
    changed(
      '- signed: { by: shop-release }',
      '- { signed: { by: shop-release }, attested: { by: shop-release, type: x } }',
    ),
    /one of "signed" and "attested"/,
  ],
  [
    'a number where text is due',
    changed('who: platform-team', 'who: 12'),
    /"who" must be text: put it in quotes/,
  ],
  [
    'a map where a list is due',
    changed(
      'administer:\n  - { who: platform-team, role: operator }\n  - { who: shop-release, role: viewer }',
      'administer: { who: x }',
    ),
    /"administer" must be a list/,
  ],
  [
    'include, which cannot be honoured yet',
    `${SHOP}include: []\n`,
    /"include" is not supported by this version/,
  ],
  [
    'a Kubernetes identity, which cannot be honoured yet',
    changed('from: oidc', 'from: kubernetes'),
    /"from: kubernetes" are not supported by this version/,
  ],
  [
    'a cluster of an unknown environment',
    `${SHOP}clusters:\n  eu: { environment: prod }\n`,
    /^37: there is no environment "prod"/,
  ],
  [
    'a cluster’s issuer, which cannot be honoured yet',
    `${SHOP}clusters:\n  eu: { environment: base, issuer: https://a.example }\n`,
    /not supported by this version/,
  ],
  [
    'an expression that cannot be parsed',
    changed('claims.actor ==', 'claims.actor = ='),
    /the expression cannot be used/,
  ],
  ['an expression of text', changed('claims.actor == "auditor"', `'"yes"'`), /not true or false/],
  ['an unknown variable', changed('claims.actor ==', 'claim.actor =='), /Unknown variable: claim/],
  [
    'a matching expression',
    changed('claims.actor == "auditor"', 'claims.actor.matches("(a+)+")'),
    /matches\(\) is not available/,
  ],
  ['all claims at once', changed('claims.actor == "auditor"', 'size(claims) > 3'), /name each claim/],
  [
    'a claim chosen at run time',
    changed('claims.actor == "auditor"', 'claims[subject] == "x"'),
    /name each claim/,
  ],
  ['a tag of its own', changed('"auditor"', '!!js/function "auditor"'), /./],
  ['a date', changed('who: platform-team', 'who: 2026-01-01T00:00:00Z\n    x: 1'), /./],
  ['an anchor that is not there', changed('["**"]', '*none'), /./],
  ['tabs', changed('    from: oidc', '\tfrom: oidc'), /./],
  ['two documents', `${SHOP}---\n${SHOP}`, /./],
  ['NUL', `${SHOP}\u0000`, /./],
];
for (const [what, text, expected] of MISTAKES)
  test(`a document with ${what} is refused with its line`, () => {
    const found = findings(text);
    assert.ok(
      found.some((one) => expected.test(one)),
      found.join('\n') || 'no finding',
    );
  });

for (const [what, text] of [
  ['nothing', ''],
  ['a comment', '# nothing'],
  ['a list', '- a'],
  ['text', 'hello'],
  ['null', 'null'],
  ['a map with a list for a key', '[1]: 2'],
  ['a map with a map for a key', '{a: 1}: 2'],
  ['an unclosed bracket', '{'],
] as const)
  test(`a document that is ${what} is refused`, () => {
    assert.notEqual(findings(text).length, 0);
  });

test('anchors may say a list twice', () => {
  const text = changed(
    '["registry.example.com/shop/**"]\n        lifetime',
    '&shop ["registry.example.com/shop/**"]\n        lifetime',
  ).replaceAll('images: ["registry.example.com/shop/**"]', 'images: *shop');
  assert.deepEqual(findings(text), []);
});

const BOMBS: readonly [string, () => string][] = [
  [
    'aliases of aliases',
    () =>
      `${HEAD}a0: &a0 [x]\n${Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]\n`).join('')}`,
  ],
  ['a list that holds itself', () => `${HEAD}administer: &a [*a, *a]\n`],
  ['a megabyte of open brackets', () => `${HEAD}a: ${'['.repeat(1_000_000)}`],
  ['a megabyte of dashes', () => `${HEAD}${'- '.repeat(500_000)}`],
  ['a megabyte of question marks', () => `${HEAD}${'? '.repeat(500_000)}`],
  ['more than a megabyte', () => `${HEAD}# ${'x'.repeat(1_100_000)}`],
  [
    'a flow map without end',
    () => `${HEAD}a: {${Array.from({ length: 90_000 }, (_, i) => `k${i}: 1`).join(',')}}`,
  ],
  [
    'nearly as many lines as are allowed',
    () => `${HEAD}${Array.from({ length: 19_900 }, (_, i) => `k${i}: 1\n`).join('')}`,
  ],
  [
    'a hundred thousand keys',
    () => `${HEAD}${Array.from({ length: 70_000 }, (_, i) => `k${i}: 1\n`).join('')}`,
  ],
  [
    'indentation without end',
    () => `${HEAD}${Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')}`,
  ],
  [
    'environments that multiply rules',
    () => {
      const rule = '      - { who: x, counts-for: ["**"] }\n';
      const environment = (i: number) =>
        `  e${i}:\n${i === 0 ? '' : `    extends: e${i - 1}\n`}    sign:\n${rule.repeat(20)}`;
      const identity = 'identities:\n  x: { from: oidc, issuer: gitlab, where: "true" }\n';
      return `${HEAD}issuers: { gitlab: { url: https://gitlab.com } }\n${identity}environments:\n${Array.from({ length: 12 }, (_, i) => environment(i)).join('')}`;
    },
  ],
];
for (const [what, make] of BOMBS)
  test(`a document of ${what} is refused within two seconds`, () => {
    const text = make();
    const started = performance.now();
    assert.notEqual(findings(text).length, 0);
    assert.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`);
  });

test('the document of the manual loads, but for what this version cannot honour', () => {
  const text = `${HEAD}issuers:
  gitlab: { url: https://gitlab.example.com }
identities:
  shop-release:
    from: oidc
    issuer: gitlab
    where: claims.project_path == "acme/shop" && claims.ref_protected == "true"
environments:
  base:
    sign:
      - who: shop-release
        counts-for: ["registry.example.com/shop/**"]
        lifetime: 10m
    run:
      - images: ["registry.example.com/shop/**"]
        require:
          - signed: { by: shop-release }
          - attested: { by: shop-release, type: https://slsa.dev/provenance/v1, where: 'predicate.buildDefinition.buildType.startsWith("https://")' }
  production:
    extends: base
    run:
      - images: ["registry.example.com/shop/**"]
        require: [ { signed: { by: shop-release, at-least: 2 } } ]
`;
  assert.deepEqual(findings(text), []);
});
