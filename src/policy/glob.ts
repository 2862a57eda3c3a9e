// Patterns over text: a star is any run of characters that does not hold one of its stops. Over repository names
// `*` stays within one path segment and `**` crosses them.

const MAX_LENGTH = 512;

interface Star {
  readonly kind: 'star';
  /** Character codes that it does not stand for. */
  readonly stops: readonly number[];
}

type Token = { readonly kind: 'literal'; readonly code: number } | Star;

export interface Glob {
  readonly text: string;
  readonly tokens: readonly Token[];
  /** What stands before the first star and after the last: most names are told apart by these alone. */
  readonly head: string;
  readonly tail: string;
}

/** What `*` and `**` stop at. */
export interface GlobStops {
  readonly one: string;
  readonly any: string;
}

const REPOSITORY: GlobStops = { one: '/', any: '' };

/** `undefined` where the text is empty, too long, or holds what no repository name holds. */
export function parseGlob(text: string): Glob | undefined {
  if (text.length > MAX_LENGTH || !/^[A-Za-z0-9._:/@*+~-]+$/.test(text) || text.includes('***'))
    return undefined;
  return compileGlob(text, REPOSITORY);
}

/** @param text bounded by the caller, without `***` */
export function compileGlob(text: string, stops: GlobStops): Glob {
  const [one, any] = [star(stops.one), star(stops.any)];
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '*') tokens.push({ kind: 'literal', code: text.charCodeAt(i) });
    else if (text[i + 1] !== '*') tokens.push(one);
    else {
      tokens.push(any);
      i++;
    }
  }
  const first = text.indexOf('*');
  const head = first < 0 ? text : text.slice(0, first);
  return { text, tokens, head, tail: first < 0 ? '' : text.slice(text.lastIndexOf('*') + 1) };
}

function star(stops: string): Star {
  return { kind: 'star', stops: Array.from(stops, (stop) => stop.charCodeAt(0)) };
}

function passes(token: Star, code: number): boolean {
  return !token.stops.includes(code);
}

/** Time is |pattern| × |name| at worst, whatever they hold, and |pattern| + |name| where there is one star or none. */
export function matchesGlob(glob: Glob, name: string): boolean {
  const { tokens, head, tail, text } = glob;
  if (head.length === text.length) return name === text;
  const end = name.length - tail.length;
  if (end < head.length || !name.startsWith(head) || !name.endsWith(tail)) return false;
  const middle = tokens.slice(head.length, tokens.length - tail.length);
  const [only, ...others] = middle;
  if (only?.kind === 'star' && others.length === 0) return standsFor(only, name, head.length, end);
  return walks(middle, name.slice(head.length, end));
}

function standsFor(token: Star, name: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!passes(token, name.charCodeAt(i))) return false;
  return true;
}

// All positions of the pattern at once, so that no name makes it go back. Positions are opened from left to right, so
// that one pass also opens what a star may leave out.
function walks(tokens: readonly Token[], name: string): boolean {
  const { length } = tokens;
  let open = new Uint8Array(length + 1);
  let next = new Uint8Array(length + 1);
  open[0] = 1;
  skipStars(tokens, open);
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    next.fill(0);
    for (let at = 0; at < length; at++) if (open[at] === 1) step(tokens[at], code, at, next);
    skipStars(tokens, next);
    [open, next] = [next, open];
  }
  return open[length] === 1;
}

function step(token: Token | undefined, code: number, at: number, next: Uint8Array): void {
  if (token?.kind === 'star') {
    if (passes(token, code)) next[at] = 1;
  } else if (token?.code === code) next[at + 1] = 1;
}

// A star may stand for nothing, so its position opens the next one.
function skipStars(tokens: readonly Token[], open: Uint8Array): void {
  for (let at = 0; at < tokens.length; at++)
    if (open[at] === 1 && tokens[at]?.kind === 'star') open[at + 1] = 1;
}

export function matchesAny(globs: readonly Glob[], name: string): boolean {
  return globs.some((glob) => matchesGlob(glob, name));
}

/** Whether some name matches both patterns. Filled from the ends backwards, in |a| × |b| steps. */
export function overlaps(a: Glob, b: Glob): boolean {
  const [rows, columns] = [a.tokens.length, b.tokens.length];
  const meets = Array.from({ length: rows + 1 }, () => new Uint8Array(columns + 1));
  const at = (i: number, j: number): boolean => meets[i]?.[j] === 1;
  for (let i = rows; i >= 0; i--)
    for (let j = columns; j >= 0; j--) {
      const row = meets[i];
      if (row !== undefined && meetsAt(a.tokens[i], b.tokens[j], i, j, at)) row[j] = 1;
    }
  return at(0, 0);
}

function meetsAt(
  x: Token | undefined,
  y: Token | undefined,
  i: number,
  j: number,
  at: (i: number, j: number) => boolean,
): boolean {
  if (x === undefined && y === undefined) return true;
  if (x?.kind === 'literal' && y?.kind === 'literal') return x.code === y.code && at(i + 1, j + 1);
  if (x?.kind === 'star') {
    if (at(i + 1, j)) return true;
    if (y?.kind === 'literal' && passes(x, y.code) && at(i, j + 1)) return true;
  }
  if (y?.kind === 'star') {
    if (at(i, j + 1)) return true;
    if (x?.kind === 'literal' && passes(y, x.code) && at(i + 1, j)) return true;
  }
  return false;
}
