// Patterns of repositories.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Glob, matchesGlob, overlaps, parseGlob } from '../../src/policy/glob.ts';

function glob(text: string): Glob {
  const parsed = parseGlob(text);
  if (parsed === undefined) throw new TypeError(text);
  return parsed;
}

const MATCHES: readonly [string, string, boolean][] = [
  ['registry.example.com/shop/**', 'registry.example.com/shop/app', true],
  ['registry.example.com/shop/**', 'registry.example.com/shop/a/b/c', true],
  ['registry.example.com/shop/**', 'registry.example.com/shop', false],
  ['registry.example.com/shop/**', 'registry.example.com/shop-evil/app', false],
  ['registry.example.com/shop/**', 'registryXexample.com/shop/app', false],
  ['registry.example.com/shop/**', 'evil.com/registry.example.com/shop/app', false],
  ['registry.example.com/*', 'registry.example.com/app', true],
  ['registry.example.com/*', 'registry.example.com/shop/app', false],
  ['registry.example.com/shop', 'registry.example.com/shop', true],
  ['registry.example.com/shop', 'registry.example.com/shop2', false],
  ['*/shop', 'a/shop', true],
  ['*/shop', 'a/b/shop', false],
  ['**/shop', 'a/b/shop', true],
  ['a*b*c', 'aXbYc', true],
  ['a*b*c', 'ac', false],
  ['**', 'anything/at/all', true],
  ['localhost:5000/**', 'localhost:5000/x', true],
];
for (const [pattern, name, expected] of MATCHES)
  test(`${pattern} ${expected ? 'matches' : 'does not match'} ${name}`, () => {
    assert.equal(matchesGlob(glob(pattern), name), expected);
  });

test('a pattern that makes matchers backtrack takes no time', () => {
  const started = performance.now();
  assert.equal(matchesGlob(glob(`${'*a'.repeat(200)}b`), 'a'.repeat(2000)), false);
  assert.ok(performance.now() - started < 2_000);
});

for (const [a, b, expected] of [
  ['a/**', 'a/b/*', true],
  ['a/**', 'b/**', false],
  ['**/x', 'a/*', true],
  ['*/x/y', 'a/*', false],
  ['a*c', 'ab*', true],
  ['a*', '*b', true],
  ['a/*', 'a/b/c', false],
  ['**', 'a', true],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
] as const)
  test(`${a} and ${b} ${expected ? 'have names in common' : 'have nothing in common'}`, () => {
    assert.equal(overlaps(glob(a), glob(b)), expected);
    assert.equal(overlaps(glob(b), glob(a)), expected);
  });

for (const text of ['', 'a b', 'a***', 'a\u0000', 'ä', 'a'.repeat(600), 'a?b', 'a[b]'])
  test(`${JSON.stringify(text.slice(0, 10))} is no pattern`, () => {
    assert.equal(parseGlob(text), undefined);
  });
