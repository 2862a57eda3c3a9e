// Reads the configuration file: YAML that is one flat mapping, each entry with the line on which it stands.
import { isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { SealyardError } from '../ground/errors.ts';
import { readAtMost } from './data-directory.ts';

const MAX_FILE_BYTES = 64 * 1024;

export interface FileEntry {
  readonly key: string;
  readonly value: string | boolean;
  /** `FILE:LINE`. */
  readonly place: string;
}

/** @throws SealyardError `SY-SERVER-CONFIG` */
export function readConfigFile(path: string): readonly FileEntry[] {
  return parseConfigText(readBounded(path), path);
}

/** @param path only for messages */
export function parseConfigText(text: string, path: string): readonly FileEntry[] {
  const lines = new LineCounter();
  // `failsafe`: every scalar stays text, so that a port or `off` is read by its key's schema and nothing else.
  const document = parseDocument(text, { lineCounter: lines, schema: 'failsafe', uniqueKeys: true });
  const place = (offset: number | undefined) => `${path}:${lines.linePos(offset ?? 0).line}`;
  const [error] = document.errors;
  if (error !== undefined) throw refusal(place(error.pos[0]), error.code.toLowerCase().replaceAll('_', ' '));
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === '')) return [];
  if (!isMap(contents)) throw refusal(place(contents.range?.[0]), 'must be a mapping of keys to values');
  return contents.items.map(({ key, value }) => {
    if (!isScalar(key) || typeof key.value !== 'string') throw refusal(path, 'a key must be a word');
    const where = place(key.range?.[0]);
    if (!isScalar(value) || typeof value.value !== 'string')
      throw refusal(where, `${key.value} must be a single value`);
    return { key: key.value, value: value.value, place: where };
  });
}

/** The known word at the smallest edit distance, if it is near enough to be meant. */
export function nearestOf(word: string, known: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const each of known) {
    const distance = editDistance(word.slice(0, 64), each);
    if (best === undefined || distance < best.distance) best = { word: each, distance };
  }
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3))
    ? best.word
    : undefined;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function readBounded(path: string): string {
  try {
    const text = readAtMost(path, MAX_FILE_BYTES);
    if (text === undefined) throw refusal(path, 'larger than 64 KiB');
    return text;
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    throw new SealyardError('SY-SERVER-CONFIG', `${path}: cannot be read`, { cause: error });
  }
}

function refusal(place: string, detail: string): SealyardError {
  return new SealyardError('SY-SERVER-CONFIG', `${place}: ${detail}`);
}
