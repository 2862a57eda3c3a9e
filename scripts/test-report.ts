// Reads the events of a test run: prints failures as they come, then skips with their reasons, then the counts.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';
import { inspect } from 'node:util';

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly isGood: boolean;
}

/** A skip that CI knows of; `reason` is compared as a whole, `test` is `file: name`. */
export interface ExpectedSkip {
  readonly test: string;
  readonly reason: string;
}

interface Row {
  readonly name: string;
  readonly reason: string;
}

/** `test/expected-skips.json`: a list, each with the reason for which it is skipped in CI. */
export function readExpectedSkips(path = 'test/expected-skips.json'): ExpectedSkip[] {
  return JSON.parse(readFileSync(path, 'utf8')) as ExpectedSkip[];
}

/**
 * Consumes the whole run. A skip that `expectedSkips` does not name is a failure; so is a file without a test.
 * The last line written is `N passed, N failed, N skipped`.
 */
export async function report(
  events: AsyncIterable<TestEvent>,
  o: { write: (text: string) => void; expectedSkips: readonly ExpectedSkip[] | undefined },
): Promise<Outcome> {
  let passed = 0;
  const failures: Row[] = [];
  const skips: Row[] = [];
  const fail = (name: string, reason: string): void => {
    failures.push({ name, reason });
    o.write(`✖ ${name}\n${indent(reason)}\n`);
  };
  for await (const event of events) {
    if (event.type === 'test:stdout' || event.type === 'test:stderr') o.write(event.data.message);
    if (event.type === 'test:diagnostic' && !isCount(event.data.message))
      o.write(`ℹ ${event.data.message}\n`);
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    const name = nameOf(data);
    if (event.type === 'test:fail') {
      if (!isSumOfFailures(event.data.details.error)) fail(name, textOf(event.data.details.error));
    } else if (isFileItself(data)) fail(name, 'the file holds no test');
    else if (data.skip !== undefined)
      skips.push({ name, reason: data.skip === true ? '' : String(data.skip) });
    else if (data.todo !== undefined) fail(name, 'the test is marked as to be done');
    else if (data.details.type !== 'suite') passed++;
  }
  for (const skip of skips) o.write(`skipped: ${skip.name} (${skip.reason || 'no reason given'})\n`);
  for (const skip of skips) {
    if (skip.reason === '') fail(skip.name, 'a skip needs a reason');
    else if (o.expectedSkips !== undefined && !isExpected(skip, o.expectedSkips)) {
      fail(skip.name, `skipped, and test/expected-skips.json does not expect it: ${skip.reason}`);
    }
  }
  o.write(`${passed} passed, ${failures.length} failed, ${skips.length} skipped\n`);
  return {
    passed,
    failed: failures.length,
    skipped: skips.length,
    isGood: failures.length === 0 && passed > 0,
  };
}

// The runner ends with its own counts; ours count tests and nothing else.
function isCount(message: string): boolean {
  return /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/.test(message);
}

function isExpected(skip: Row, expected: readonly ExpectedSkip[]): boolean {
  return expected.some((row) => row.test === skip.name && row.reason === skip.reason);
}

interface Named {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string;
}

function nameOf(data: Named): string {
  if (isFileItself(data) || data.file === undefined) return relativeTo(data.name);
  return `${relativeTo(data.file)}: ${data.name}`;
}

// A file that declares no test, or that breaks before it does, is reported by the runner under its own path.
function isFileItself(data: Named): boolean {
  return data.nesting === 0 && /\.test\.ts$/.test(data.name);
}

function relativeTo(file: string): string {
  return relative('.', file).replaceAll('\\', '/');
}

// The parent of a failed subtest fails too, with an error that says nothing else.
function isSumOfFailures(error: Error): boolean {
  return 'failureType' in error && error.failureType === 'subtestsFailed';
}

function textOf(error: Error): string {
  const cause: unknown = error.cause ?? error;
  if (cause instanceof Error)
    return (cause.stack ?? cause.message).replaceAll(/\n *at .*node:internal.*/g, '');
  return typeof cause === 'string' ? cause : inspect(cause);
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
