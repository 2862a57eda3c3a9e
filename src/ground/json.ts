// JSON values as a type, and reading JSON that somebody else wrote: bounded, without duplicate surprises.
import { SealyardError } from './errors.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface JsonBounds {
  /** UTF-16 code units of the text. */
  readonly maxLength: number;
  readonly maxDepth: number;
}

const DEFAULT_BOUNDS: JsonBounds = { maxLength: 4 * 1024 * 1024, maxDepth: 64 };

/**
 * Parses JSON text of a bounded length and depth whose objects name each member once: a parser that keeps the last of
 * two would let two readers of one document disagree.
 * Depth is counted over the text first, so that a hostile document never reaches the recursive parser.
 * @throws SealyardError `SY-JSON-MALFORMED`, `SY-JSON-TOO-LARGE`
 */
export function parseJson(text: string, bounds: JsonBounds = DEFAULT_BOUNDS): Json {
  if (text.length > bounds.maxLength)
    throw new SealyardError('SY-JSON-TOO-LARGE', `${text.length} characters`);
  const { depth, members } = survey(text);
  if (depth > bounds.maxDepth) throw new SealyardError('SY-JSON-TOO-LARGE', 'nested too deeply');
  const value = parse(text);
  if (countMembers(value) !== members) throw new SealyardError('SY-JSON-MALFORMED', 'a member is repeated');
  return value;
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The engine's message quotes the input, which may hold a secret.
    throw new SealyardError('SY-JSON-MALFORMED');
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How deep the text nests, and how many members its objects name: in JSON each colon outside a string introduces one. */
function survey(text: string): { depth: number; members: number } {
  let depth = 0;
  let deepest = 0;
  let members = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x3a) members++;
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (code === 0x7d || code === 0x5d) depth--;
  }
  return { depth: deepest, members };
}

function countMembers(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) count += countMembers(item);
    return count;
  }
  const object = value as JsonObject;
  for (const name of Object.keys(object)) count += 1 + countMembers(object[name] as Json);
  return count;
}

/**
 * Canonical JSON (RFC 8785): members sorted by UTF-16 code units, numbers as ECMAScript prints them.
 * @throws TypeError for a number that JSON cannot hold
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('not a JSON number');
    return JSON.stringify(value);
  }
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value) text += text === '' ? canonicalJson(item) : `,${canonicalJson(item)}`;
    return `[${text}]`;
  }
  const object = value as JsonObject;
  // Written member by member: each certificate has four such texts, so this is on the hot path.
  for (const name of Object.keys(object).sort()) {
    const member = `${JSON.stringify(name)}:${canonicalJson(object[name] as Json)}`;
    text += text === '' ? member : `,${member}`;
  }
  return `{${text}}`;
}
