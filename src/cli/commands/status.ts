// `sealyard status`: is the yard well, and what does it hold?

import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { askAdmin } from '../yard.ts';

export const statusCommand: CommandSpec = {
  name: 'status',
  summary: 'is the yard well, and what does it hold?',
  description: 'is the yard well: clock, store, certificates, logs, policy',
  examples: ['sealyard status', 'sealyard status --json | jq .problems'],
  define(command, run) {
    command.action(run(status));
  },
};

async function status(context: CliContext): Promise<ExitStatus> {
  const answer = await askAdmin(context, 'GET', '/admin/v1/status');
  if (!isObject(answer)) throw new SealyardError('SY-CLI-YARD-ANSWER');
  const problems = Array.isArray(answer['problems']) ? (answer['problems'] as readonly Json[]) : [];
  const code = problems.length === 0 ? 'SY-OK' : 'SY-STATUS-PROBLEMS';
  context.output.result({ ...answer, code }, describe(context, answer, problems));
  return problems.length === 0 ? EXIT.done : EXIT.no;
}

function describe(context: CliContext, answer: JsonObject, problems: readonly Json[]): string {
  const { style } = context.output;
  const head =
    problems.length === 0 ? style('good', 'all is well') : style('bad', `${problems.length} problem(s)`);
  const notices = Array.isArray(answer['notices']) ? (answer['notices'] as readonly Json[]) : [];
  const lines = Object.entries(answer)
    .filter(([name]) => !['problems', 'notices', 'code'].includes(name))
    .flatMap(([name, value]) => linesOf(name, value, 0));
  const told = [
    ...problems.map((problem) => `  ! ${textOfProblem(problem)}`),
    ...notices.map((notice) => `  - ${textOfProblem(notice)}`),
  ];
  return [head, ...told, ...lines].join('\n');
}

function textOfProblem(problem: Json): string {
  if (!isObject(problem)) return String(problem);
  return [problem['code'], problem['message']].filter((part) => typeof part === 'string').join(': ');
}

function linesOf(name: string, value: Json, depth: number): readonly string[] {
  const indent = '  '.repeat(depth + 1);
  if (isObject(value)) {
    return [
      `${indent}${name}`,
      ...Object.entries(value).flatMap(([key, each]) => linesOf(key, each, depth + 1)),
    ];
  }
  if (Array.isArray(value)) return value.flatMap((each) => linesOf(name, each as Json, depth));
  return [`${indent}${name.padEnd(Math.max(1, 22 - 2 * depth))} ${String(value)}`];
}
