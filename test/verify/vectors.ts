// Where the outside vectors are, and how a test says that they are not.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.env['SEALYARD_VECTORS'];

/** For `test(name, { skip })`: a reason where the vectors are absent. */
export const skip: string | false =
  folder === undefined ? 'SEALYARD_VECTORS is unset: no outside vectors' : false;

/** Parsed JSON of one vector file; `T` is the part of its schema that the test reads. */
export function readVectors<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(folder ?? '', ...path), 'utf8')) as T;
}

/** Names in one folder of the vectors. */
export function vectorFiles(name: string): readonly string[] {
  return folder === undefined ? [] : readdirSync(join(folder, name));
}
