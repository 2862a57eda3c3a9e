// The pages of conformance name tests that exist, and every clause has one.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

for (const page of ['rfc8555', 'rfc9773', 'rfc8738'])
  test(`every test that docs/conformance/${page}.md names exists`, () => {
    const rows = readFileSync(`docs/conformance/${page}.md`, 'utf8').match(/^\| §.*$/gm) ?? [];
    assert.ok(rows.length > 5);
    for (const row of rows) {
      const named = [...row.matchAll(/`([a-z0-9/-]+)` “([^”]+)”/g)];
      assert.ok(named.length > 0, `no test: ${row}`);
      for (const [, file = '', title = ''] of named)
        assert.ok(hasTest(file, title), `${file} has no “${title}”`);
    }
  });

test('a title that no test has is noticed', () => {
  assert.ok(hasTest('protocols/acme/nonces', 'is taken once'));
  assert.equal(hasTest('protocols/acme/nonces', 'is taken twice'), false);
  assert.equal(hasTest('protocols/acme/none', 'is taken once'), false);
});

/** Titles as the files have them; what a template fills in may be anything. */
function hasTest(where: string, title: string): boolean {
  return globSync([`test/${where}.test.ts`, `test/${where}/*.test.ts`]).some((path) => {
    const titles = readFileSync(path, 'utf8').matchAll(/\btest\(\s*(['`])((?:(?!\1).)*)\1/g);
    return [...titles].some(([, , text = '']) => pattern(text).test(title));
  });
}

function pattern(text: string): RegExp {
  const literal = text
    .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`);
}
