// Which files are tests: `test/**/*.test.ts`, narrowed by the paths that were asked for.
import { globSync } from 'node:fs';
import { relative, resolve } from 'node:path';

/** Paths of test files relative to the present folder; `wanted` are folders or files, none means all. */
export function findTests(wanted: readonly string[]): string[] {
  const all = globSync('test/**/*.test.ts').sort();
  if (wanted.length === 0) return all;
  const prefixes = wanted.map((path) => relative('.', resolve(path)));
  return all.filter((file) => prefixes.some((prefix) => file === prefix || file.startsWith(`${prefix}/`)));
}
