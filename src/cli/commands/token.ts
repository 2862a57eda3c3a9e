// `sealyard token create|list|revoke|ci`: service tokens for the admin API, and a development job's identity token.
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { writeFileDurably } from '../files.ts';
import { askAdmin } from '../yard.ts';

export const tokenCommand: CommandSpec = {
  name: 'token',
  summary: 'service tokens, and job tokens of the built-in issuer',
  description: 'tokens: service tokens of the admin API, and job tokens of the built-in development issuer',
  examples: [
    'sealyard token ci acme/shop --out job.token          a CI job’s identity token (yard started with --development)',
    'sealyard token create --name dashboards --days 30 --out dashboards.token',
    'sealyard token list',
    'sealyard token revoke dashboards',
  ],
  define(command, run) {
    command
      .command('ci <subject>')
      .description('mint a job token from the built-in issuer; mode 0600, no final newline')
      .requiredOption('--out <file>', 'file to write; - is standard output')
      .option('--audience <audience>', 'whom the token is for; default: this yard')
      .option('--minutes <n>', 'lifetime, 1 to 60', '10')
      .action(run(mintForJob));
    command
      .command('create')
      .description('a service token; it is shown nowhere but in the file')
      .requiredOption('--name <name>', 'the name that the policy’s administer rules speak of')
      .requiredOption('--out <file>', 'file to write; - is standard output')
      .option('--days <n>', 'lifetime, 1 to 365', '30')
      .action(run(create));
    command.command('list').description('the service tokens, without their secrets').action(run(list));
    command.command('revoke <id>').description('ends a service token at once').action(run(revoke));
  },
};

/** Mints a job token from the running yard's built-in issuer. */
export async function mintJobToken(
  context: CliContext,
  o: { readonly subject: string; readonly audience?: string; readonly lifetimeSeconds: number },
): Promise<string> {
  const answer = await askAdmin(context, 'POST', '/admin/v1/development/tokens', {
    subject: o.subject,
    lifetimeSeconds: o.lifetimeSeconds,
    ...(o.audience === undefined ? {} : { audience: o.audience }),
  });
  return textOf(answer, 'token');
}

async function mintForJob(
  context: CliContext,
  args: readonly string[],
  options: { readonly out: string; readonly audience?: string; readonly minutes: string },
): Promise<ExitStatus> {
  const subject = args[0] ?? '';
  const token = await mintJobToken(context, {
    subject,
    lifetimeSeconds: 60 * wholeNumber(options.minutes, '--minutes', 60),
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  });
  if (options.out === '-' && context.output.options.json) {
    context.output.result({ code: 'SY-OK', token, subject }, '');
    return EXIT.done;
  }
  // No final newline: cosign hands the file's bytes on as a header.
  writeFileDurably(options.out, token, 0o600);
  if (options.out !== '-') {
    context.output.result(
      { code: 'SY-OK', file: options.out, subject },
      `job token for ${subject} in ${options.out}`,
    );
  }
  return EXIT.done;
}

async function create(
  context: CliContext,
  _args: readonly string[],
  options: { readonly name: string; readonly out: string; readonly days: string },
): Promise<ExitStatus> {
  const answer = await askAdmin(context, 'POST', '/admin/v1/tokens', {
    name: options.name,
    lifetimeSeconds: 86_400 * wholeNumber(options.days, '--days', 365),
  });
  const id = textOf(answer, 'id');
  const token = textOf(answer, 'token');
  if (options.out === '-' && context.output.options.json) {
    context.output.result({ code: 'SY-OK', id, name: options.name, token }, '');
    return EXIT.done;
  }
  writeFileDurably(options.out, token, 0o600);
  if (options.out !== '-') {
    context.output.result(
      { code: 'SY-OK', id, name: options.name, file: options.out },
      `service token ${id} (${options.name}) in ${options.out}`,
    );
  }
  return EXIT.done;
}

async function list(context: CliContext): Promise<ExitStatus> {
  const answer = await askAdmin(context, 'GET', '/admin/v1/tokens');
  const tokens =
    isObject(answer) && Array.isArray(answer['tokens']) ? (answer['tokens'] as readonly Json[]) : [];
  const rows = tokens.filter(isObject).map(tokenLine);
  context.output.result({ code: 'SY-OK', tokens }, rows.length === 0 ? 'no service tokens' : rows.join('\n'));
  return EXIT.done;
}

function tokenLine(token: JsonObject): string {
  const text = (name: string) => (typeof token[name] === 'string' ? token[name] : '');
  const state = token['revoked'] === true ? 'revoked' : `until ${text('expiresAt')}`;
  return `${text('id').padEnd(18)} ${text('name').padEnd(24)} ${state}`;
}

async function revoke(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const id = args[0] ?? '';
  await askAdmin(context, 'DELETE', `/admin/v1/tokens/${encodeURIComponent(id)}`);
  context.output.result({ code: 'SY-OK', id }, `token ${id} is revoked`);
  return EXIT.done;
}

/** A decimal whole number from 1 to `most`. @throws SealyardError `SY-CLI-USAGE` */
export function wholeNumber(text: string, name: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw new SealyardError('SY-CLI-USAGE', `${name} wants a whole number from 1 to ${most}`);
  return value;
}

/** A member of the yard's answer that must be text. @throws SealyardError `SY-CLI-YARD-ANSWER` */
export function textOf(answer: Json, name: string): string {
  const value = isObject(answer) ? answer[name] : undefined;
  if (typeof value !== 'string') throw new SealyardError('SY-CLI-YARD-ANSWER', `no ${name} in the answer`);
  return value;
}
