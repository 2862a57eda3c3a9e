// Patterns over repository names: `*` is any run within one path segment, `**` any run across segments.

const MAX_LENGTH = 512;

type Token = { readonly kind: 'literal'; readonly code: number } | { readonly kind: 'segment' | 'any' };

export interface Glob {
  readonly text: string;
  readonly tokens: readonly Token[];
}

/** `undefined` where the text is empty, too long, or holds what no repository name holds. */
export function parseGlob(text: string): Glob | undefined {
  if (text.length > MAX_LENGTH || !/^[A-Za-z0-9._:/@*+~-]+$/.test(text) || text.includes('***'))
    return undefined;
  const tokens: Token[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '*') tokens.push({ kind: 'literal', code: text.charCodeAt(i) });
    else if (text[i + 1] !== '*') tokens.push({ kind: 'segment' });
    else {
      tokens.push({ kind: 'any' });
      i++;
    }
  }
  return { text, tokens };
}

const SLASH = 0x2f;

function passes(token: Token, code: number): boolean {
  return token.kind === 'any' || (token.kind === 'segment' && code !== SLASH);
}

/** Walks all positions of the pattern at once: time is |pattern| × |name|, whatever they hold. */
export function matchesGlob(glob: Glob, name: string): boolean {
  const { tokens } = glob;
  let open = spread(tokens, new Uint8Array(tokens.length + 1).fill(1, 0, 1));
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    const next = new Uint8Array(tokens.length + 1);
    tokens.forEach((token, at) => {
      if (open[at] !== 1) return;
      if (token.kind === 'literal') {
        if (token.code === code) next[at + 1] = 1;
      } else if (passes(token, code)) next[at] = 1;
    });
    open = spread(tokens, next);
  }
  return open[tokens.length] === 1;
}

// A wildcard may stand for nothing, so its position opens the next one.
function spread(tokens: readonly Token[], open: Uint8Array): Uint8Array {
  tokens.forEach((token, at) => {
    if (open[at] === 1 && token.kind !== 'literal') open[at + 1] = 1;
  });
  return open;
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
  if (x !== undefined && x.kind !== 'literal') {
    if (at(i + 1, j)) return true;
    if (y?.kind === 'literal' && passes(x, y.code) && at(i, j + 1)) return true;
  }
  if (y !== undefined && y.kind !== 'literal') {
    if (at(i, j + 1)) return true;
    if (x?.kind === 'literal' && passes(y, x.code) && at(i + 1, j)) return true;
  }
  return false;
}
