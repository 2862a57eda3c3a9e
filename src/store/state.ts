// What the database knows of itself beside the records: whether it came from a backup, and when that was taken.
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import type { Statements } from './database.ts';
import type { RestoredFrom } from './store.ts';

const TAKEN = 'backup-taken';
const RESTORED = 'restored-from';

/** In a backup file: when it was taken. */
export function writeTaken(statements: Statements, takenAtMs: number): void {
  write(statements, TAKEN, { takenAtMs });
}

export function readTaken(statements: Statements): number | undefined {
  const taken = read(statements, TAKEN)?.['takenAtMs'];
  return typeof taken === 'number' ? taken : undefined;
}

export function writeRestoredFrom(statements: Statements, from: RestoredFrom): void {
  write(statements, RESTORED, { ...from, sizes: { ...from.sizes } });
}

export function readRestoredFrom(statements: Statements): RestoredFrom | undefined {
  const value = read(statements, RESTORED);
  const sizes = value?.['sizes'];
  if (value === undefined || !isObject(sizes)) return undefined;
  return {
    takenAtMs: Number(value['takenAtMs']),
    restoredAtMs: Number(value['restoredAtMs']),
    sizes: {
      certificate: Number(sizes['certificate']),
      signature: Number(sizes['signature']),
      audit: Number(sizes['audit']),
    },
  };
}

function write(statements: Statements, name: string, value: JsonObject): void {
  statements
    .of('INSERT OR REPLACE INTO store_state (name, value) VALUES (?, ?)')
    .run(name, JSON.stringify(value));
}

function read(statements: Statements, name: string): JsonObject | undefined {
  const text = statements.of('SELECT value FROM store_state WHERE name = ?').get(name)?.['value'];
  if (typeof text !== 'string') return undefined;
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
}
