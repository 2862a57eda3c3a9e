// What the command line prints: one JSON object on standard output for scripts, sentences on standard error for people.

import { ERRORS, SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export type Style = 'plain' | 'good' | 'bad' | 'dim' | 'bold';

const SGR: Readonly<Record<Style, string>> = { plain: '', good: '32', bad: '31', dim: '2', bold: '1' };

/** The printer of one command run. */
export interface Output {
  readonly options: OutputOptions;
  /**
   * The result: `value` (with its `code`) as one line of JSON under `--json`, else `text` on standard output.
   * Called once a command.
   */
  result(value: JsonObject & { readonly code: string }, text: string): void;
  /** A message for a person, on standard error; silent under `--quiet`. */
  say(text: string): void;
  style(style: Style, text: string): string;
}

export function createOutput(options: OutputOptions, streams: Streams): Output {
  const style = (name: Style, text: string): string =>
    options.color && SGR[name] !== '' ? `\u001b[${SGR[name]}m${text}\u001b[0m` : text;
  return {
    options,
    style,
    result(value, text) {
      if (options.json) streams.out(`${JSON.stringify(value)}\n`);
      else if (text !== '') streams.out(text.endsWith('\n') ? text : `${text}\n`);
    },
    say(text) {
      if (!options.quiet) streams.err(`${text}\n`);
    },
  };
}

/** Where the documentation explains a code. */
export function anchorOf(code: string): string {
  return `docs/errors.md#${code.toLowerCase()}`;
}

/** A failure as the object that `--json` prints. An unknown failure shows an id and nothing else. */
export function failureJson(error: unknown, bugId: string): JsonObject & { readonly code: string } {
  if (!(error instanceof SealyardError)) {
    return { code: 'SY-INTERNAL', message: ERRORS['SY-INTERNAL'].sentence, id: bugId };
  }
  const entry = ERRORS[error.code];
  return {
    code: error.code,
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    cause: entry.cause,
    next: entry.next,
    documentation: anchorOf(error.code),
  };
}

/** A failure for a person: what happened, why, what to do. */
export function failureText(error: unknown, bugId: string, style: Output['style']): string {
  if (!(error instanceof SealyardError)) {
    const entry = ERRORS['SY-INTERNAL'];
    return `${style('bad', 'sealyard:')} ${entry.sentence}\n  id:   ${bugId}\n  next: run again with SEALYARD_DEBUG=1 and report what it prints`;
  }
  const entry = ERRORS[error.code];
  return [
    `${style('bad', 'sealyard:')} ${error.message}`,
    `  why:  ${entry.cause}`,
    `  next: ${entry.next}`,
    `  code: ${error.code} ${style('dim', `(${anchorOf(error.code)})`)}`,
  ].join('\n');
}
