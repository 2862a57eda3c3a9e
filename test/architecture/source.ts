// Reads a TypeScript file as tokens, with the compiler's own scanner: what it imports and what it says.
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

export interface Token {
  readonly kind: SyntaxKind;
  readonly text: string;
  readonly line: number;
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path below the root for a relative specifier. */
  readonly target: string | undefined;
  /** `import type` and `export type`: gone when the program runs. */
  readonly typeOnly: boolean;
  readonly line: number;
}

export interface SourceFile {
  /** Path below the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly imports: readonly Import[];
}

export function readSource(path: string, text = readFileSync(path, 'utf8')): SourceFile {
  const tokens = tokensOf(text);
  return { path, text, tokens, imports: importsOf(path, tokens) };
}

function tokensOf(text: string): Token[] {
  const scanner = createScanner(true, 0, text);
  const tokens: Token[] = [];
  // Open braces inside each `${…}` that we are in.
  const templates: number[] = [];
  let line = 1;
  let counted = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    const depth = templates.at(-1);
    if (isSlash(kind) && !endsOperand(tokens.at(-1))) kind = scanner.reScanSlashToken();
    else if (kind === SyntaxKind.TemplateHead) templates.push(0);
    else if (depth !== undefined && kind === SyntaxKind.OpenBraceToken)
      templates[templates.length - 1] = depth + 1;
    else if (depth !== undefined && kind === SyntaxKind.CloseBraceToken) {
      if (depth > 0) templates[templates.length - 1] = depth - 1;
      else {
        kind = scanner.reScanTemplateToken(false);
        if (kind === SyntaxKind.TemplateTail) templates.pop();
      }
    }
    const start = scanner.getTokenStart();
    for (; counted < start; counted++) if (text.charCodeAt(counted) === 10) line++;
    tokens.push({ kind, text: scanner.getTokenText(), line });
    if (scanner.getTokenEnd() === start) throw new Error(`the scanner stands still at line ${line}`);
  }
  return tokens;
}

function isSlash(kind: SyntaxKind): boolean {
  return kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken;
}

// After an operand a slash divides; anywhere else it begins a regular expression.
function endsOperand(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (/^(return|typeof|case|in|of|else|do|void|delete|throw|new|await|yield)$/.test(token.text)) return false;
  return /^[\w$#"'`)\]}]/.test(token.text) || /[\w$"'`]$/.test(token.text);
}

function importsOf(path: string, tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  let statementIsType = false;
  for (const [i, token] of tokens.entries()) {
    const next = tokens[i + 1];
    if (/^(import|export)$/.test(token.text))
      statementIsType = next?.text === 'type' && tokens[i + 2]?.text !== 'from';
    const literal = literalAfter(token, next, tokens[i + 2]);
    if (literal === undefined) continue;
    const specifier = literal.text.slice(1, -1);
    const isRelative = specifier.startsWith('.');
    found.push({
      specifier,
      target: isRelative ? posix.normalize(posix.join(dirname(path), specifier)) : undefined,
      typeOnly: statementIsType && token.text === 'from',
      line: literal.line,
    });
  }
  return found;
}

// `… from 'x'`, `import 'x'`, `import('x')`, `require('x')`.
function literalAfter(token: Token, next: Token | undefined, second: Token | undefined): Token | undefined {
  if (/^(from|import)$/.test(token.text) && next !== undefined && isString(next)) return next;
  const isCall = /^(import|require)$/.test(token.text) && next?.text === '(';
  return isCall && second !== undefined && isString(second) ? second : undefined;
}

export function isString(token: Token): boolean {
  return token.kind === SyntaxKind.StringLiteral || token.kind === SyntaxKind.NoSubstitutionTemplateLiteral;
}

/** Lines on which these token texts follow each other. */
export function linesWith(file: SourceFile, ...sequence: readonly (string | RegExp)[]): number[] {
  const matches = (token: Token | undefined, wanted: string | RegExp): boolean =>
    token !== undefined && (typeof wanted === 'string' ? token.text === wanted : wanted.test(token.text));
  return file.tokens
    .filter((_, i) => sequence.every((wanted, offset) => matches(file.tokens[i + offset], wanted)))
    .map((token) => token.line);
}
