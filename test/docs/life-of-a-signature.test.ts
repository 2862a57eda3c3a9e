// The page and the code tell the same story: each numbered step of one stands in the other.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const page = readFileSync('docs/life-of-a-signature.md', 'utf8');
const told = [...page.matchAll(/^(\d+)\. \*\*[\s\S]*?`(src\/[^`]+)`$/gm)].map(
  ([, number, file]) => `${number} ${file}`,
);
const inCode = globSync('src/**/*.ts').flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/Life of a signature, step (\d+):/g)].map(
    ([, number]) => `${number} ${file.replaceAll('\\', '/')}`,
  ),
);

test('every step of the page stands in the file that it names, and every step in the code on the page', () => {
  assert.deepEqual(inCode.sort(inOrder), told);
});

test('the steps are numbered from one without a gap', () => {
  assert.deepEqual(
    told.map((step) => Number.parseInt(step, 10)),
    Array.from({ length: told.length }, (_, i) => i + 1),
  );
  assert.ok(told.length > 10);
});

function inOrder(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}
