// The parts of a table that is kept apart by period: which exist, in order, and how one comes to be.
import type { Statements } from './database.ts';
import type { TableShape } from './schema.ts';
import { createTable } from './sql.ts';

/** Between a table's name and the characters of its part; no declared name has two underscores in a row at its end. */
const SEPARATOR = '__';
const CHARACTERS = /^[0-9a-z]+$/;

/** Whether a key says which part its row belongs to. */
export function isPartKey(key: unknown, characters: number): key is string {
  return typeof key === 'string' && key.length >= characters && CHARACTERS.test(key.slice(0, characters));
}

/** Parts as one connection sees them. */
export class Partitions {
  readonly #statements: Statements;
  /** By name; what is here existed when it was looked at. */
  readonly #known = new Map<string, TableShape>();

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** The part that a key belongs to, `undefined` for a key that no part can have. */
  of(shape: TableShape, key: unknown): TableShape | undefined {
    const characters = shape.table.partition?.characters ?? 0;
    if (!isPartKey(key, characters)) return undefined;
    return this.#named(shape, `${shape.name}${SEPARATOR}${key.slice(0, characters)}`);
  }

  /** Whether it is there; remembered only where it is, since anybody may ask for any key. */
  exists(part: TableShape): boolean {
    if (this.#known.has(part.name)) return true;
    const found = this.#statements.of('SELECT 1 FROM sqlite_master WHERE name = ?').get(part.name);
    if (found === undefined) return false;
    this.#known.set(part.name, part);
    return true;
  }

  /** Makes the part where it is not there; within the caller's transaction. */
  ensure(part: TableShape): void {
    if (this.exists(part)) return;
    for (const statement of createTable(part)) this.#statements.db.exec(statement);
    this.#known.set(part.name, part);
  }

  /** Every part that there is now, by its characters. */
  list(shape: TableShape): TableShape[] {
    const first = `${shape.name}${SEPARATOR}`;
    return this.#statements
      .of("SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, ?) = ? ORDER BY name")
      .all(first.length, first)
      .map((row) => {
        const part = this.#named(shape, String(row['name']));
        this.#known.set(part.name, part);
        return part;
      });
  }

  /** After a rollback or a drop: what was known may be gone. */
  forget(): void {
    this.#known.clear();
  }

  // One object for each part that is there, since statements are written once for each shape.
  #named(shape: TableShape, name: string): TableShape {
    return this.#known.get(name) ?? { ...shape, name };
  }
}

/** The characters that a part has in its name. */
export function charactersOf(whole: TableShape, part: TableShape): string {
  return part.name.slice(whole.name.length + SEPARATOR.length);
}
