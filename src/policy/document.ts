// YAML text to values that know their lines. Bounded in size, depth, values and aliases.
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import { toUtf8 } from '../ground/bytes.ts';
import type { Finding } from './findings.ts';

export const MAX_DOCUMENT_BYTES = 1024 * 1024;
const MAX_VALUES = 50_000;
const MAX_DEPTH = 16;
/** Lines and commas: the longest policy of a large company is a few thousand. */
const MAX_PARTS = 20_000;
/** Aliases are for saying a list twice; a few levels of many would be a bomb. */
const MAX_ALIASES = 100;
const MAX_FINDINGS = 100;

interface Place {
  readonly line: number;
  readonly column: number;
  readonly path: string;
}

export interface ScalarValue extends Place {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
}
export interface ListValue extends Place {
  readonly kind: 'list';
  readonly items: readonly Value[];
}
export interface MapEntry {
  readonly key: ScalarValue;
  readonly value: Value;
}
export interface MapValue extends Place {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}
export type Value = ScalarValue | ListValue | MapValue;

/** Collects findings while a document is read; reading goes on, so that one run shows all that is wrong. */
export class Findings {
  readonly list: Finding[] = [];

  add(
    place: { readonly line: number; readonly column: number; readonly path: string },
    message: string,
  ): void {
    if (this.list.length >= MAX_FINDINGS) return;
    const { line, column, path } = place;
    this.list.push({ line, column, path, message, code: 'SY-POLICY-INVALID' });
  }
}

const TOP: Place = { line: 1, column: 1, path: '' };

/** The document as located values; `undefined` with findings where there is nothing to go on with. */
export function readDocument(text: string, findings: Findings): Value | undefined {
  if (text.length > MAX_DOCUMENT_BYTES || toUtf8(text).length > MAX_DOCUMENT_BYTES) {
    findings.add(TOP, 'the document is larger than 1 MiB');
    return undefined;
  }
  const excess = excessOf(text);
  if (excess !== undefined) {
    findings.add({ ...TOP, line: excess.line }, excess.message);
    return undefined;
  }
  const lines = new LineCounter();
  try {
    return convert(text, lines, findings);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    findings.add(TOP, 'nested too deeply');
    return undefined;
  }
}

// The YAML parser recurses, is slow, and some hostile texts make it quadratic: a text is bounded by looking at its
// brackets, at the markers that open a line and at what parts values, before it is parsed.
function excessOf(text: string): { readonly line: number; readonly message: string } | undefined {
  let line = 1;
  let commas = 0;
  let depth = 0;
  let markers = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x0a) [line, markers] = [line + 1, 0];
    else if (code === 0x5b || code === 0x7b) depth++;
    else if (code === 0x5d || code === 0x7d) depth = Math.max(0, depth - 1);
    else if (code === 0x2c) commas++;
    else if ((code === 0x2d || code === 0x3f || code === 0x3a) && text.charCodeAt(i + 1) === 0x20) markers++;
    if (depth > 4 * MAX_DEPTH || markers > 16 * MAX_DEPTH) return { line, message: 'nested too deeply' };
    if (line + commas > MAX_PARTS) return { line, message: `more than ${MAX_PARTS} lines and commas` };
  }
  return undefined;
}

function convert(text: string, lines: LineCounter, findings: Findings): Value | undefined {
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    strict: true,
    // With 'silent' the parser keeps quiet about a second document.
    logLevel: 'error',
  });
  for (const problem of [...document.errors, ...document.warnings]) {
    const { line, col } = lines.linePos(problem.pos[0]);
    const tag =
      problem.code === 'TAG_RESOLVE_FAILED' ? 'text that begins with "!" must be in quotes' : undefined;
    const message = tag ?? problem.message.split('\n', 1)[0] ?? 'not YAML';
    findings.add({ line, column: col, path: '' }, message);
  }
  if (findings.list.length > 0) return undefined;
  if (document.contents === null) {
    findings.add(TOP, 'the document is empty');
    return undefined;
  }
  const converter = new Converter(document, lines, findings);
  const value = converter.convert(document.contents, '', 0);
  return findings.list.length === 0 ? value : undefined;
}

class Converter {
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #findings: Findings;
  #values = 0;
  #aliases = 0;

  constructor(document: Document, lines: LineCounter, findings: Findings) {
    this.#document = document;
    this.#lines = lines;
    this.#findings = findings;
  }

  convert(node: Node | null, path: string, depth: number, near: Place = TOP): Value {
    const place = this.#place(node, path, near);
    if (++this.#values > MAX_VALUES || depth > MAX_DEPTH)
      return this.#refuse(place, 'too many values, or nested too deeply');
    if (isAlias(node)) return this.#follow(node, place, depth);
    if (isMap<Node, Node | null>(node)) return this.#map(node.items, place, depth);
    if (isSeq<Node>(node)) {
      const items = node.items.map((item, i) => this.convert(item, `${path}[${i}]`, depth + 1, place));
      return { kind: 'list', items, ...place };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    if (
      value === null ||
      typeof value === 'string' ||
      typeof value === 'boolean' ||
      typeof value === 'number'
    )
      return { kind: 'scalar', value, ...place };
    return this.#refuse(place, 'this type of value is not used in a policy');
  }

  #map(items: readonly { key: Node; value: Node | null }[], place: Place, depth: number): Value {
    const entries = new Map<string, MapEntry>();
    for (const item of items) {
      const key = this.convert(item.key, place.path, depth + 1, place);
      if (key.kind !== 'scalar' || typeof key.value !== 'string') {
        this.#findings.add(key, 'a key must be text');
        continue;
      }
      // The parser's own check compares every key with every other: minutes for a megabyte of keys.
      const twin = entries.get(key.value);
      if (twin !== undefined)
        this.#findings.add(key, `the key "${key.value}" is there twice, first at line ${twin.key.line}`);
      const path = place.path === '' ? key.value : `${place.path}.${key.value}`;
      entries.set(key.value, {
        key: { ...key, path },
        value: this.convert(item.value, path, depth + 1, key),
      });
    }
    return { kind: 'map', entries, ...place };
  }

  #follow(alias: Alias, place: Place, depth: number): Value {
    const target = alias.resolve(this.#document);
    if (++this.#aliases > MAX_ALIASES || target === undefined)
      return this.#refuse(place, target === undefined ? 'the alias names no anchor' : 'too many aliases');
    return this.convert(target, place.path, depth + 1, place);
  }

  #place(node: Node | null, path: string, near: Place): Place {
    const start = node?.range?.[0];
    if (start === undefined) return { ...near, path };
    const { line, col } = this.#lines.linePos(start);
    return { line, column: col, path };
  }

  // An empty scalar stands in; the finding keeps the document from being used.
  #refuse(place: Place, message: string): Value {
    this.#findings.add(place, message);
    return { kind: 'scalar', value: null, ...place };
  }
}
