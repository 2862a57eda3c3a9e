// Cells of our own rows with their types; a row that does not fit its table is our bug.
import type { Row } from '../ground/change.ts';

/** @throws TypeError */
export function textOf(row: Row, column: string): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw new TypeError(`${column} is no text`);
  return cell;
}

/** @throws TypeError */
export function integerOf(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw new TypeError(`${column} is no integer`);
  return cell;
}

export function integerOrNone(row: Row, column: string): number | undefined {
  const cell = row[column];
  return typeof cell === 'number' ? cell : undefined;
}

export function textOrNone(row: Row, column: string): string | undefined {
  const cell = row[column];
  return typeof cell === 'string' ? cell : undefined;
}
