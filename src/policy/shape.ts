// Reading located values by shape: each reader returns the value or adds a finding with its line and a right word.
import type { Findings, ListValue, MapValue, ScalarValue, Value } from './document.ts';
import { type Glob, parseGlob } from './glob.ts';
import { type NamePattern, parseNamePattern } from './name-pattern.ts';
import { didYouMean } from './nearest.ts';

const SECONDS: Readonly<Record<string, number>> & Readonly<Record<'s' | 'm' | 'h' | 'd', number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};
const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i;

/** A map whose keys are known beforehand. */
export interface Fields {
  readonly at: MapValue;
  get(name: string): Value | undefined;
}

export class Reader {
  readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  /** @param known allowed keys, `true` for those that must be there */
  fields(value: Value, known: Readonly<Record<string, boolean>>): Fields | undefined {
    const map = this.map(value);
    if (map === undefined) return undefined;
    for (const [name, { key }] of map.entries)
      if (!Object.hasOwn(known, name))
        this.findings.add(key, `unknown key "${name}"${didYouMean(name, Object.keys(known))}`);
    let complete = true;
    for (const [name, required] of Object.entries(known))
      if (required && !map.entries.has(name)) {
        this.findings.add(map, `"${name}" is missing`);
        complete = false;
      }
    return complete ? { at: map, get: (name) => map.entries.get(name)?.value } : undefined;
  }

  map(value: Value): MapValue | undefined {
    if (value.kind === 'map') return value;
    this.findings.add(value, `${what(value)} must be a map`);
    return undefined;
  }

  list(value: Value): ListValue | undefined {
    if (value.kind === 'list') return value;
    this.findings.add(value, `${what(value)} must be a list`);
    return undefined;
  }

  text(value: Value): (ScalarValue & { readonly value: string }) | undefined {
    if (value.kind === 'scalar' && typeof value.value === 'string' && value.value !== '')
      return { ...value, value: value.value };
    const hint =
      value.kind === 'scalar' && value.value !== null && value.value !== '' ? ': put it in quotes' : '';
    this.findings.add(value, `${what(value)} must be text${hint}`);
    return undefined;
  }

  /** A name that is declared: letters, digits, dots, dashes. */
  name(value: ScalarValue): string | undefined {
    if (typeof value.value === 'string' && NAME.test(value.value)) return value.value;
    this.findings.add(
      value,
      `"${String(value.value)}" is not a name (letters, digits, ".", "_", "-", at most 63)`,
    );
    return undefined;
  }

  oneOf<Word extends string>(value: Value, words: readonly Word[]): Word | undefined {
    const text = this.text(value);
    if (text === undefined) return undefined;
    const word = words.find((one) => one === text.value);
    if (word === undefined)
      this.findings.add(
        value,
        `"${text.value}" is not one of ${words.join(', ')}${didYouMean(text.value, words)}`,
      );
    return word;
  }

  boolean(value: Value): boolean | undefined {
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value;
    this.findings.add(value, `${what(value)} must be true or false`);
    return undefined;
  }

  integer(value: Value, least: number, most: number): number | undefined {
    const number = value.kind === 'scalar' ? value.value : undefined;
    if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most)
      return number;
    this.findings.add(value, `${what(value)} must be a whole number from ${least} to ${most}`);
    return undefined;
  }

  /** Seconds, from text such as `10m`. */
  duration(value: Value, least: number, most: number): number | undefined {
    const text = value.kind === 'scalar' ? String(value.value) : '';
    const [, count, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
    const seconds = Number(count) * (SECONDS[unit ?? ''] ?? Number.NaN);
    if (seconds >= least && seconds <= most) return seconds;
    this.findings.add(
      value,
      `${what(value)} must be a duration from ${duration(least)} to ${duration(most)}, such as 10m`,
    );
    return undefined;
  }

  /** An instant, from `2027-01-31` (its first second, UTC) or `2027-01-31T12:00:00Z`. */
  instant(value: Value): Date | undefined {
    const text = value.kind === 'scalar' ? String(value.value) : '';
    const full = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
    const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(full) ? new Date(full) : undefined;
    // The 31st of February is a day to `Date`, another one.
    if (instant !== undefined && !Number.isNaN(instant.getTime()) && toSeconds(instant) === full)
      return instant;
    this.findings.add(value, `${what(value)} must be a day or time in UTC, such as 2027-01-31`);
    return undefined;
  }

  /** A list of known words, at least one. */
  words<Word extends string>(value: Value, words: readonly Word[]): readonly Word[] | undefined {
    return this.#filled(value, (item) => this.oneOf(item, words));
  }

  /** A list of texts, at least one. */
  texts(value: Value): readonly string[] | undefined {
    return this.#filled(value, (item) => this.text(item)?.value);
  }

  /** A list of at most `most` items, read one by one; those that cannot be read are left out, with a finding. */
  rows<Row>(
    value: Value | undefined,
    most: number,
    read: (item: Value) => Row | undefined,
  ): readonly Row[] | undefined {
    if (value === undefined) return undefined;
    const items = this.list(value)?.items;
    if (items !== undefined && items.length > most) {
      this.findings.add(value, `more than ${most} rules`);
      return undefined;
    }
    return items?.map(read).filter((row) => row !== undefined);
  }

  globs(value: Value): readonly Glob[] | undefined {
    return this.#filled(value, (item) => this.#glob(item));
  }

  /** Patterns of names that a certificate may have. */
  namePatterns(value: Value): readonly NamePattern[] | undefined {
    return this.#filled(value, (item) => this.#namePattern(item));
  }

  #filled<Item>(value: Value, read: (item: Value) => Item | undefined): readonly Item[] | undefined {
    const list = this.list(value);
    if (list === undefined) return undefined;
    if (list.items.length === 0) this.findings.add(list, `${what(list)} is empty, so it matches nothing`);
    const items = list.items.map(read).filter((item) => item !== undefined);
    return items.length === list.items.length && items.length > 0 ? items : undefined;
  }

  #namePattern(value: Value): NamePattern | undefined {
    const text = this.text(value);
    const pattern = text === undefined ? undefined : parseNamePattern(text.value);
    if (text === undefined || pattern === undefined) return undefined;
    if (!('problem' in pattern)) return pattern;
    this.findings.add(value, `"${text.value}" is not a pattern of names: it ${pattern.problem}`);
    return undefined;
  }

  #glob(value: Value): Glob | undefined {
    const text = this.text(value);
    const glob = text === undefined ? undefined : parseGlob(text.value);
    if (text !== undefined && glob === undefined)
      this.findings.add(
        value,
        `"${text.value}" is not a pattern of repositories, such as registry.example.com/shop/**`,
      );
    return glob;
  }
}

export function duration(seconds: number): string {
  if (seconds % SECONDS.d === 0 && seconds > SECONDS.d) return `${seconds / SECONDS.d}d`;
  if (seconds % SECONDS.h === 0) return `${seconds / SECONDS.h}h`;
  return seconds % SECONDS.m === 0 ? `${seconds / SECONDS.m}m` : `${seconds}s`;
}

function toSeconds(instant: Date): string {
  return instant.toISOString().replace('.000Z', 'Z');
}

function what(value: Value): string {
  return value.path === '' ? 'the document' : `"${value.path.split('.').at(-1)}"`;
}
