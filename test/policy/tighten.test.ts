// A child environment can narrow and demand, never widen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentName, findings, load, SHOP } from './scene.ts';

const withEnvironment = (text: string) => `${SHOP}${text}`;

test('what a child says nothing of, it inherits', () => {
  const policy = load(withEnvironment('  child:\n    extends: base\n'));
  const child = policy.environments.get(environmentName('child'));
  assert.deepEqual(child?.sign, policy.environments.get(environmentName('base'))?.sign);
  assert.equal(child?.run.length, 1);
});

test('a child’s grant intersects its parent’s: globs of both, the shorter lifetime', () => {
  const text =
    '  child:\n    extends: base\n    sign:\n      - { who: shop-release, counts-for: ["registry.example.com/shop/front/*"], lifetime: 5m }\n';
  const [rule, ...rest] = load(withEnvironment(text)).environments.get(environmentName('child'))?.sign ?? [];
  assert.deepEqual(rest, []);
  assert.deepEqual(
    rule?.countsFor.map((globs) => globs.map((glob) => glob.text)),
    [['registry.example.com/shop/**'], ['registry.example.com/shop/front/*']],
  );
  assert.equal(rule?.lifetimeSeconds, 300);
  assert.deepEqual(rule?.narrows, [20]);
});

test('a child that leaves the lifetime open keeps its parent’s', () => {
  const text = '  child:\n    extends: base\n    sign:\n      - { who: shop-release, counts-for: ["**"] }\n';
  assert.equal(
    load(withEnvironment(text)).environments.get(environmentName('child'))?.sign[0]?.lifetimeSeconds,
    1200,
  );
});

test('a child’s requirements are added to its parent’s', () => {
  const production = load(SHOP).environments.get(environmentName('production'));
  assert.deepEqual(
    production?.run.map((rule) => [rule.environment, rule.opens, rule.require.length]),
    [
      ['base', true, 1],
      ['production', false, 2],
    ],
  );
});

const NEVER: readonly [string, string, RegExp][] = [
  [
    'a grant to whom the parent grants nothing',
    '  mid:\n    extends: base\n    sign:\n      - { who: auditor, counts-for: ["**"] }\n  low:\n    extends: mid\n    sign:\n      - { who: shop-release, counts-for: ["**"] }\n',
    /^43: .*never take effect: "mid" \(line 36\) lets "shop-release" sign nothing/,
  ],
  [
    'a grant for other images than the parent’s',
    '  child:\n    extends: base\n    sign:\n      - { who: shop-release, counts-for: ["other.example.com/**"] }\n',
    /^39: .*nothing in common with line 20/,
  ],
  [
    'a longer lifetime than the parent’s',
    '  child:\n    extends: base\n    sign:\n      - { who: shop-release, counts-for: ["**"], lifetime: 30m }\n',
    /^39: .*line 20 allows a lifetime of 20m at most/,
  ],
  [
    'a run rule for images that the parent lets not run',
    '  child:\n    extends: base\n    run:\n      - { images: ["other.example.com/**"], require: [] }\n',
    /^39: .*none that line 26 of "base" lets run/,
  ],
  [
    'a run rule where nothing runs',
    '  none: {}\n  child:\n    extends: none\n    run:\n      - { images: ["**"], require: [] }\n',
    /^40: .*nothing runs in "none" \(line 36\)/,
  ],
  [
    'a mark that the parent does not bear',
    '  child:\n    extends: base\n    development: true\n',
    /^38: .*"base" \(line 18\)/,
  ],
  [
    'a requirement of somebody who may not sign',
    '  child:\n    sign:\n      - { who: auditor, counts-for: ["**"] }\n    run:\n      - images: ["**"]\n        require: [ { signed: { by: shop-release } } ]\n',
    /^41: this could never be met: no "sign" rule of "child" \(line 36\) names "shop-release"/,
  ],
  [
    'a requirement that counts for other images',
    '  child:\n    sign:\n      - { who: auditor, counts-for: ["a/*"] }\n    run:\n      - images: ["b/*"]\n        require: [ { signed: { by: auditor } } ]\n',
    /^41: this could never be met: .*line 38/,
  ],
];
for (const [what, text, expected] of NEVER)
  test(`${what} is an error that names both lines`, () => {
    const found = findings(withEnvironment(text));
    assert.ok(
      found.some((one) => expected.test(one)),
      found.join('\n') || 'no finding',
    );
  });

test('environments that extend each other are refused with the circle', () => {
  const found = findings(withEnvironment('  a:\n    extends: b\n  b:\n    extends: a\n'));
  assert.ok(
    found.some((one) => /extends itself: a → b → a/.test(one)),
    found.join('\n'),
  );
  assert.ok(findings(withEnvironment('  a:\n    extends: a\n')).some((one) => /extends itself/.test(one)));
});

test('an environment may stand above the one that it extends', () => {
  const text = SHOP.replace('environments:\n', 'environments:\n  first:\n    extends: base\n');
  assert.deepEqual([...load(text).environments.keys()], ['first', 'base', 'production']);
});
