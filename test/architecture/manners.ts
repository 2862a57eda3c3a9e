// What every text file of the repository keeps to, whatever room it stands in.
import type { Rule } from './rules.ts';
import type { SourceFile } from './source.ts';

const LONGEST_FILE_LINES = 400;
const CODE = /^(src|test|bench|scripts)\/.*\.(ts|mjs)$/;

// Written so that they do not match themselves.
const UNFINISHED = /\b(TO[D]O|FIX[M]E|XX[X])\b|not[ ]implemented|unimplemente[d]/;
// `any` and `!` are the linter's to find.
const TYPE_ESCAPES = /@ts-(ignor[e]|nochec[k]|expect-erro[r])|as unknow[n] as/;
const FOREIGN =
  /\/(work|farm|root)\/|\/tmp\/bash_job[s]|registry\.npmjs\.or[g]|proxy\.golang\.or[g]|deb\.debian\.or[g]|\bpypi\.or[g]|repo1\.mave[n]/;
const FOCUSED = /\b(it|test|describe)\.(only|todo)\b|\{\s*(only|todo):\s*true/;

export const MANNERS: Readonly<Record<string, Rule>> = {
  'no file has more than 400 lines': inCode((file) => {
    const lines = file.text.split('\n').length - 1;
    return lines > LONGEST_FILE_LINES ? [`${file.path} has ${lines} lines: it holds more than one idea`] : [];
  }),
  'the first line of a file says what it is for': inCode((file) =>
    /^(#!.*\n)?(\/\/ \S|\/\*\*? ?\S?)/.test(file.text)
      ? []
      : [`${file.path} does not begin with a comment that says what it is for`],
  ),
  'nothing escapes from the type system': inCode((file) =>
    matchesOf(file, TYPE_ESCAPES, 'escapes from the type system'),
  ),
  'nothing is left to be done': (files) =>
    files.flatMap((file) => matchesOf(file, UNFINISHED, 'is not finished')),
  'no test is focused by hand': inCode((file) => matchesOf(file, FOCUSED, 'is focused or put off')),
  'the repository speaks of the product alone': (files) =>
    files.flatMap((file) => matchesOf(file, FOREIGN, 'names a machine or a registry that no user has')),
};

function inCode(check: (file: SourceFile) => string[]): Rule {
  return (files) => files.filter(({ path }) => CODE.test(path)).flatMap(check);
}

function matchesOf(file: SourceFile, pattern: RegExp, what: string): string[] {
  return file.text
    .split('\n')
    .flatMap((line, i) =>
      pattern.test(line) ? [`${file.path}:${i + 1} ${what}: ${line.trim().slice(0, 80)}`] : [],
    );
}
