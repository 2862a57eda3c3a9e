// The rules of the rooms and the manners of the files, checked against the whole tree and against files that break them.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MANNERS } from './architecture/manners.ts';
import { ROOMS, RULES, type Rule } from './architecture/rules.ts';
import { readSource, type SourceFile } from './architecture/source.ts';

const sources = globSync('src/**/*.ts')
  .map(slashes)
  .sort()
  .map((path) => readSource(path));
const texts = globSync([
  '{src,test,bench,scripts,docs}/**/*.{ts,mjs,md,json,sh,yaml}',
  '*.{md,json}',
  'bin/*',
  '.ci/*',
])
  .map(slashes)
  .filter((path) => path !== 'package-lock.json' && !path.startsWith('test/fuzz/crashes/'))
  .map((path): SourceFile => ({ path, text: readFileSync(path, 'utf8'), tokens: [], imports: [] }));

for (const [name, rule] of Object.entries(RULES)) test(name, () => holds(rule, sources));
for (const [name, rule] of Object.entries(MANNERS)) test(name, () => holds(rule, texts));

test('no room is empty', () => {
  const inhabited = new Set(sources.map(({ path }) => path.split('/')[1]));
  const folders = globSync('src/*/').map((path) => slashes(path).split('/')[1]);
  assert.deepEqual(
    folders.filter((folder) => !inhabited.has(folder)),
    [],
  );
});

// Each rule must be able to fail: a file that breaks it, and the word by which its sentence names the fault.
const BREACHES: readonly (readonly [rule: string, path: string, text: string, sentence: RegExp])[] = [
  ['every file of src stands in a room of the list', 'src/utils/a.ts', '', /no room/],
  ['every file of src stands in a room of the list', 'src/a.ts', '', /no room/],
  [
    'a room imports only rooms above it in the list',
    'src/formats/a.ts',
    `/* import */ export type { K } from '../keys/signer.ts';`,
    /src\/formats\/a\.ts:1 imports src\/keys\/signer\.ts: keys stands below formats/,
  ],
  [
    'a room imports only rooms above it in the list',
    'src/log/a.ts',
    `const x = await import('../store/a.ts');`,
    /below log/,
  ],
  [
    'src imports nothing of the tests, the bench or the scripts',
    'src/cli/a.ts',
    `import '../../test/a.ts';`,
    /not part/,
  ],
  [
    'no door imports another door, nor a store or key adapter',
    'src/protocols/fulcio/a.ts',
    `import { x } from '../rekor/b.ts';`,
    /stands alone/,
  ],
  [
    'no door imports another door, nor a store or key adapter',
    'src/protocols/fulcio/a.ts',
    `import type { x } from '../../store/b.ts';`,
    /stands alone/,
  ],
  [
    'only server and cli build adapters of stores and keys',
    'src/sign/a.ts',
    `import { x } from '../keys/sealed-file.ts';`,
    /adapter/,
  ],
  [
    'pure rooms import nothing that reaches the machine',
    'src/verify/a.ts',
    `import { readFile } from 'node:fs/promises';`,
    /pure/,
  ],
  [
    'pure rooms import nothing that reaches the machine',
    'src/policy/a.ts',
    `const x = \`\${await fetch(u)}\`;`,
    /fetch/,
  ],
  ['pure rooms read no clock and no randomness', 'src/ground/a.ts', `const x = Math.random();`, /randomness/],
  [
    'pure rooms read no clock and no randomness',
    'src/ground/a.ts',
    `import { randomBytes } from 'node:crypto';`,
    /randomness/,
  ],
  [
    'only server and cli read the wall clock',
    'src/log/a.ts',
    `const s = /["']/; const t = Date.now();`,
    /clock/,
  ],
  [
    'only server and cli read the wall clock',
    'src/log/a.ts',
    `const t = \`\${{ a: 1 }.a} // \${new Date()}\`;`,
    /clock/,
  ],
  [
    'only server and cli read the environment',
    'src/sign/a.ts',
    `const t = process.env['CI'];`,
    /process\.env/,
  ],
  [
    'no string names a .ts file (workers are found by the extension of import.meta.url)',
    'src/store/a.ts',
    `new URL('./worker.ts', import.meta.url)`,
    /artefact/,
  ],
];
for (const [name, path, text, sentence] of BREACHES) {
  test(`a file that breaks the rule is found: ${name} (${text || path})`, () => {
    const found = RULES[name]?.([readSource(path, text)]) ?? [];
    assert.equal(found.length, 1, found.join('\n'));
    assert.match(found[0] ?? '', sentence);
  });
}

test('two files that import each other are found', () => {
  const pair = [
    readSource('src/log/a.ts', `import { b } from './b.ts';`),
    readSource('src/log/b.ts', `import { a } from './a.ts';`),
  ];
  const found = RULES['no files import each other in a circle']?.(pair);
  assert.deepEqual(found, ['src/log/a.ts -> src/log/b.ts -> src/log/a.ts is a circle']);
});

test('words in comments and strings break no rule', () => {
  const text = `// Date.now() and process.env\nconst x = "import('node:fs')"; const d = new Date(0); const r = a / b / c;`;
  const file = readSource('src/ground/a.ts', text);
  assert.deepEqual(
    Object.values(RULES).flatMap((rule) => rule([file])),
    [],
  );
});

test('the list of rooms names each once', () => assert.equal(new Set(ROOMS).size, ROOMS.length));

function holds(rule: Rule, files: readonly SourceFile[]): void {
  const breaches = rule(files);
  assert.equal(breaches.length, 0, `\n${breaches.join('\n')}`);
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}
