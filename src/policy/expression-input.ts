// How large an input of an expression is, and when it is too large for any.
import type { Json, JsonObject } from '../ground/json.ts';

/** What a walk over the values found; costs are reckoned from it. */
export interface InputSize {
  /** Members of the largest list or map. */
  readonly widest: number;
  /** UTF-16 code units of the longest string. */
  readonly longest: number;
  /** Values in all. */
  readonly values: number;
}

const MAX_VALUES = 50_000;
const MAX_TEXT = 1024 * 1024;
const MAX_DEPTH = 32;

const known = new WeakMap<object, InputSize | 'too large'>();

/** Remembers its answer for each object, since one predicate meets many rules. */
export function sizeOfInput(value: Json): InputSize | 'too large' {
  if (typeof value !== 'object' || value === null) return measure(value);
  const before = known.get(value);
  if (before !== undefined) return before;
  const size = measure(value);
  known.set(value, size);
  return size;
}

/** The size of several inputs together. */
export function joinSizes(sizes: readonly InputSize[]): InputSize {
  return {
    widest: Math.max(0, ...sizes.map((size) => size.widest)),
    longest: Math.max(0, ...sizes.map((size) => size.longest)),
    values: sizes.reduce((sum, size) => sum + size.values, 0),
  };
}

interface Tally {
  widest: number;
  longest: number;
  values: number;
  text: number;
}

function measure(value: Json): InputSize | 'too large' {
  const tally: Tally = { widest: 0, longest: 0, values: 0, text: 0 };
  return walk(value, tally, 0) ? tally : 'too large';
}

function walk(value: Json, tally: Tally, depth: number): boolean {
  if (depth > MAX_DEPTH || ++tally.values > MAX_VALUES) return false;
  if (typeof value === 'string') return text(value, tally);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) {
    tally.widest = Math.max(tally.widest, value.length);
    return value.every((item) => walk(item, tally, depth + 1));
  }
  const names = Object.keys(value);
  tally.widest = Math.max(tally.widest, names.length);
  return names.every(
    (name) => text(name, tally) && walk((value as JsonObject)[name] ?? null, tally, depth + 1),
  );
}

function text(value: string, tally: Tally): boolean {
  tally.longest = Math.max(tally.longest, value.length);
  tally.text += value.length;
  return tally.text <= MAX_TEXT;
}
