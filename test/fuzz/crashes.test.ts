// Inputs that once crashed a parser, replayed; and the fuzzer's own parts: seeded, and able to see a fault.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { judge } from './judge.ts';
import { mutate, mutateJson, SeededRandom } from './mutate.ts';
import { PARSERS } from './parsers.ts';

const CRASHES = 'test/fuzz/crashes';

for (const file of existsSync(CRASHES) ? readdirSync(CRASHES) : []) {
  const parser = PARSERS[file.split('--')[0] ?? ''];
  if (parser === undefined) continue;
  test(`an input that crashed once is answered: ${file}`, () => {
    assert.equal(judge(parser, readFileSync(`${CRASHES}/${file}`)), undefined);
  });
}

test('every parser answers the empty input and short garbage with a value or a coded error', () => {
  for (const [name, parser] of Object.entries(PARSERS)) {
    for (const input of ['', '\0', '{', '{}', '[]', '"', '0', '\u00ff'.repeat(300), '0'.repeat(5000)]) {
      assert.equal(
        judge(parser, Buffer.from(input, 'latin1')),
        undefined,
        `${name}: ${JSON.stringify(input.slice(0, 9))}`,
      );
    }
  }
});

test('the same seed bends the same inputs, another seed others', () => {
  const bytes = Buffer.from(JSON.stringify({ a: [1, 2, { b: 'text' }] }));
  const series = (seed: number): string[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 50 }, (_, i) =>
      Buffer.from((i % 2 === 0 ? mutate : mutateJson)(bytes, random, [bytes])).toString('hex'),
    );
  };
  assert.deepEqual(series(7), series(7));
  assert.notDeepEqual(series(7), series(8));
});

test('a parser that throws anything but a coded error is found, and one that takes too long', () => {
  const throws = { kind: 'bytes', seeds: [], parse: () => decodeURIComponent('%') } as const;
  assert.match(judge(throws, new Uint8Array(1)) ?? '', /URIError/);
  const slow = {
    kind: 'bytes',
    seeds: [],
    parse: () => {
      for (const from = performance.now(); performance.now() - from < 150; );
    },
  } as const;
  assert.match(judge(slow, new Uint8Array(1)) ?? '', /took \d+ ms/);
});
