// Reading located values by shape: each reader returns the value or adds a finding with its line and a right word.
import type { Findings, ListValue, MapValue, ScalarValue, Value } from './document.ts';
import { type Glob, parseGlob } from './glob.ts';
import { didYouMean } from './nearest.ts';

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
    const match = /^([0-9]{1,6})(s|m|h)$/.exec(text);
    const unit = match?.[2] === 'h' ? 3600 : match?.[2] === 'm' ? 60 : 1;
    const seconds = Number(match?.[1]) * unit;
    if (seconds >= least && seconds <= most) return seconds;
    this.findings.add(
      value,
      `${what(value)} must be a duration from ${duration(least)} to ${duration(most)}, such as 10m`,
    );
    return undefined;
  }

  globs(value: Value): readonly Glob[] | undefined {
    const list = this.list(value);
    if (list === undefined) return undefined;
    if (list.items.length === 0) this.findings.add(list, `${what(list)} is empty, so it matches nothing`);
    const globs = list.items.map((item) => this.#glob(item)).filter((glob) => glob !== undefined);
    return globs.length === list.items.length && globs.length > 0 ? globs : undefined;
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
  if (seconds % 3600 === 0) return `${seconds / 3600}h`;
  return seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function what(value: Value): string {
  return value.path === '' ? 'the document' : `"${value.path.split('.').at(-1)}"`;
}
