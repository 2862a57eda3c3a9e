// The rules of the rooms, each a named function from the source to sentences about what breaks it.
import { isString, linesWith, type SourceFile } from './source.ts';

/** From the ground up: a room imports only rooms above it. */
export const ROOMS = [
  'ground',
  'formats',
  'verify',
  'reach',
  'keys',
  'identity',
  'policy',
  'log',
  'audit',
  'authority',
  'challenge',
  'issue',
  'enrol',
  'revoke',
  'trust',
  'registry',
  'sign',
  'admit',
  'inventory',
  'kubernetes',
  'upstream',
  'store',
  'protocols',
  'agent',
  'server',
  'cli',
] as const;

const PURE = new Set(['ground', 'formats', 'verify', 'policy']);
const COMPOSERS = new Set(['server', 'cli']);
const IMPURE_MODULE =
  /^node:(fs|net|tls|http|https|http2|dgram|dns|child_process|worker_threads|cluster|os|process|timers|perf_hooks)(\/|$)/;
const RANDOM =
  /^(randomBytes|randomUUID|randomInt|randomFill|randomFillSync|getRandomValues|generateKeyPair|generateKeyPairSync|generateKey|generateKeySync)$/;

export type Rule = (files: readonly SourceFile[]) => string[];

export const RULES: Readonly<Record<string, Rule>> = {
  'every file of src stands in a room of the list': everyFile((file) =>
    rankOf(file.path) < 0 || !/^src\/[^/]+\/./.test(file.path)
      ? [`${file.path} stands in no room of the list`]
      : [],
  ),
  'a room imports only rooms above it in the list': everyFile((file) =>
    file.imports
      .filter(({ target }) => target !== undefined && rankOf(target) > rankOf(file.path))
      .map(
        (i) =>
          `${file.path}:${i.line} imports ${i.target}: ${roomOf(i.target ?? '')} stands below ${roomOf(file.path)}`,
      ),
  ),
  'src imports nothing of the tests, the bench or the scripts': everyFile((file) =>
    file.imports
      .filter(({ target }) => target !== undefined && !target.startsWith('src/'))
      .map((i) => `${file.path}:${i.line} imports ${i.target}, which is not part of the product`),
  ),
  'no files import each other in a circle': circles,
  'no door imports another door, nor a store or key adapter': everyFile((file) => {
    const door = doorOf(file.path);
    if (door === undefined) return [];
    return file.imports
      .filter(({ target }) => target !== undefined && isForeignToDoor(door, target))
      .map((i) => `${file.path}:${i.line} imports ${i.target}: the door ${door} stands alone`);
  }),
  'only server and cli build adapters of stores and keys': everyFile((file) =>
    COMPOSERS.has(roomOf(file.path))
      ? []
      : file.imports
          .filter(
            ({ target, typeOnly }) =>
              !typeOnly && target !== undefined && isAdapterOfAnother(file.path, target),
          )
          .map((i) => `${file.path}:${i.line} imports the adapter ${i.target}; it gets the port as a value`),
  ),
  'pure rooms import nothing that reaches the machine': inPureRooms((file) => [
    ...file.imports
      .filter(({ specifier }) => IMPURE_MODULE.test(specifier))
      .map((i) => `${file.path}:${i.line} imports ${i.specifier}; ${roomOf(file.path)} is pure`),
    ...said(file, 'calls fetch, and its room is pure', linesWith(file, 'fetch', '(')),
  ]),
  'pure rooms read no clock and no randomness': inPureRooms((file) => [
    ...said(file, 'reads a clock, and its room is pure', [
      ...linesWith(file, 'performance', '.', 'now'),
      ...linesWith(file, 'hrtime'),
    ]),
    ...said(file, 'draws randomness, and its room is pure', [
      ...linesWith(file, 'Math', '.', 'random'),
      ...linesWith(file, RANDOM),
    ]),
  ]),
  'only server and cli read the wall clock': outsideComposers((file) =>
    said(file, 'reads the wall clock; pass a Clock', [
      ...linesWith(file, 'Date', '.', 'now'),
      ...linesWith(file, 'new', 'Date', '(', ')'),
      ...linesWith(file, 'new', 'Date', /^[^(]/),
    ]),
  ),
  'only server and cli read the environment': outsideComposers((file) =>
    said(file, 'reads process.env; pass the value', [
      ...linesWith(file, 'process', '.', 'env'),
      ...linesWith(file, 'process', '[', /env/),
    ]),
  ),
  // The built artefact has .js files: a name in a string is not rewritten by the compiler.
  'no string names a .ts file (workers are found by the extension of import.meta.url)': everyFile((file) => {
    const specifiers = new Set(file.imports.map(({ specifier }) => specifier));
    return file.tokens
      .filter(
        (token) =>
          isString(token) &&
          /^.\.\.?\/.*\.ts['"`]$/.test(token.text) &&
          !specifiers.has(token.text.slice(1, -1)),
      )
      .map(
        (token) => `${file.path}:${token.line} names ${token.text}, which the built artefact does not have`,
      );
  }),
};

function everyFile(check: (file: SourceFile) => string[]): Rule {
  return (files) => files.flatMap(check);
}

function inPureRooms(check: (file: SourceFile) => string[]): Rule {
  return (files) => files.filter(({ path }) => PURE.has(roomOf(path))).flatMap(check);
}

function outsideComposers(check: (file: SourceFile) => string[]): Rule {
  return (files) => files.filter(({ path }) => !COMPOSERS.has(roomOf(path))).flatMap(check);
}

function said(file: SourceFile, what: string, lines: readonly number[]): string[] {
  return [...new Set(lines)].map((line) => `${file.path}:${line} ${what}`);
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function rankOf(path: string): number {
  return (ROOMS as readonly string[]).indexOf(roomOf(path));
}

// Files directly in protocols/ are what all doors share.
function doorOf(path: string): string | undefined {
  return /^src\/protocols\/([^/]+)\//.exec(path)?.[1];
}

function isForeignToDoor(door: string, target: string): boolean {
  const other = doorOf(target);
  return (other !== undefined && other !== door) || isStore(target) || isKeyAdapter(target);
}

function isAdapterOfAnother(path: string, target: string): boolean {
  return (isStore(target) || isKeyAdapter(target)) && roomOf(path) !== roomOf(target);
}

function isStore(target: string): boolean {
  return target.startsWith('src/store/');
}

function isKeyAdapter(target: string): boolean {
  return /^src\/keys\/(sealed|pkcs11|aws|google|azure|vault)/.test(target);
}

function circles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push(`${[...trail.slice(at), path].join(' -> ')} is a circle`);
    if (at >= 0 || done.has(path)) return;
    for (const { target, typeOnly } of byPath.get(path)?.imports ?? []) {
      if (target !== undefined && !typeOnly && byPath.has(target)) visit(target, [...trail, path]);
    }
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return found;
}
