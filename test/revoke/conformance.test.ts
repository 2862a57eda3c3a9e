// The conformance pages of revocation name tests that exist, and every clause has one.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

for (const page of ['rfc6960', 'rfc5280-revocation'])
  test(`every test that docs/conformance/${page}.md names exists`, () => {
    const rows = readFileSync(`docs/conformance/${page}.md`, 'utf8').match(/^\| (§|RFC|Appendix).*$/gm) ?? [];
    assert.ok(rows.length > 10);
    for (const row of rows) {
      const named = [...row.matchAll(/`([a-z0-9/-]+)` “([^”]+)”/g)];
      assert.ok(named.length > 0, `no test: ${row}`);
      for (const [, file = '', title = ''] of named)
        assert.ok(
          titlesOf(file).some((text) => fits(text, title)),
          `${file} has no “${title}”`,
        );
    }
  });

function titlesOf(where: string): readonly string[] {
  const path = `test/${where}.test.ts`;
  if (!existsSync(path)) return [];
  const found = readFileSync(path, 'utf8').matchAll(/\btest\(\s*(['`])((?:(?!\1).)*)\1/g);
  return [...found].map(([, , text = '']) => text);
}

/** What a template fills in may be anything. */
function fits(text: string, title: string): boolean {
  const literal = text
    .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`).test(title);
}
