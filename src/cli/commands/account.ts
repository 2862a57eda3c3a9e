// `sealyard account …`: external account bindings for ACME and EST, and the accounts that were made with them.
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { writeFileDurably } from '../files.ts';
import { askAdmin } from '../yard.ts';
import { textOf, wholeNumber } from './token.ts';

const BINDINGS = '/admin/v1/bindings';
const ACCOUNTS = '/admin/v1/accounts';
/** Enough for any list that a person reads. */
const MOST_PAGES = 200;

export const accountCommand: CommandSpec = {
  name: 'account',
  summary: 'external account bindings for ACME and EST, and the accounts',
  description:
    'external account bindings: keys with which ACME and EST clients become an identity of the policy',
  examples: [
    'sealyard account binding create --identity payments --uses 1 --days 7 --out payments.hmac',
    'certbot register --server https://…/acme/directory --eab-kid KEYID --eab-hmac-key "$(cat payments.hmac)"',
    'sealyard account binding list',
    'sealyard account binding revoke KEYID       its accounts lose the identity at once',
    'sealyard account list',
    'sealyard account unpause ACCOUNT            after what made it fail was put right',
  ],
  define(command, run) {
    const binding = command.command('binding').description('external account bindings (RFC 8555 §7.3.4)');
    binding
      .command('create')
      .description('a binding for an identity of the policy; its key is shown nowhere but in the file')
      .requiredOption('--identity <name>', 'an identity of the policy with "from: binding"')
      .requiredOption('--out <file>', 'file for the key (base64url); - is standard output')
      .option('--environment <name>', 'good for this environment alone')
      .option('--uses <n>', 'how many accounts it may make; default: any number')
      .option('--days <n>', 'how long accounts can be made with it; default: without end')
      .option('--note <text>', 'for whom it is')
      .action(run(createBinding));
    binding.command('list').description('the bindings, without their keys').action(run(listBindings));
    binding
      .command('revoke <keyid>')
      .description('no more accounts; those made with it lose the identity')
      .action(run(revokeBinding));
    command.command('list').description('the ACME accounts').action(run(listAccounts));
    command
      .command('unpause <id>')
      .description('lets an account that was paused for its failures order again')
      .action(run(unpause));
  },
};

interface CreateFlags {
  readonly identity: string;
  readonly out: string;
  readonly environment?: string;
  readonly uses?: string;
  readonly days?: string;
  readonly note?: string;
}

async function createBinding(
  context: CliContext,
  _args: readonly string[],
  flags: CreateFlags,
): Promise<ExitStatus> {
  const { identity, out, environment, uses, days, note } = flags;
  const answer = await askAdmin(context, 'POST', BINDINGS, {
    identity,
    ...(environment === undefined ? {} : { environment }),
    ...(note === undefined ? {} : { note }),
    ...(uses === undefined ? {} : { uses: wholeNumber(uses, '--uses', 1_000_000) }),
    ...(days === undefined ? {} : { expiresAt: inDays(wholeNumber(days, '--days', 3650)) }),
  });
  const [keyId, hmacKey] = [textOf(answer, 'keyId'), textOf(answer, 'hmacKey')];
  if (out === '-' && context.output.options.json) {
    context.output.result({ code: 'SY-OK', keyId, identity, hmacKey }, '');
    return EXIT.done;
  }
  // No final newline: the file's text is what clients take as the key.
  writeFileDurably(out, hmacKey, 0o600);
  const told = `binding ${keyId} for ${identity}; its key is in ${out}`;
  if (out === '-') context.output.say(`binding ${keyId} for ${identity}`);
  else context.output.result({ code: 'SY-OK', keyId, identity, file: out }, told);
  return EXIT.done;
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

async function listBindings(context: CliContext): Promise<ExitStatus> {
  const bindings = await allOf(context, BINDINGS, 'bindings');
  const lines = bindings.map((each) => {
    const uses =
      each['uses'] === undefined ? `${each['used']} used` : `${each['used']} of ${each['uses']} used`;
    const until = each['expiresAt'] === undefined ? '' : `  until ${shown(each, 'expiresAt')}`;
    const note = each['note'] === undefined ? '' : `  ${shown(each, 'note')}`;
    return `${shown(each, 'keyId').padEnd(23)} ${shown(each, 'identity').padEnd(20)} ${shown(each, 'state').padEnd(8)} ${uses}${until}${note}`;
  });
  const text = lines.length === 0 ? 'no bindings' : lines.join('\n');
  context.output.result({ code: 'SY-OK', bindings }, text);
  return EXIT.done;
}

async function revokeBinding(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const keyId = args[0] ?? '';
  await askAdmin(context, 'DELETE', `${BINDINGS}/${encodeURIComponent(keyId)}`);
  context.output.result({ code: 'SY-OK', keyId }, `binding ${keyId} is revoked`);
  return EXIT.done;
}

async function listAccounts(context: CliContext): Promise<ExitStatus> {
  const accounts = await allOf(context, ACCOUNTS, 'accounts');
  const lines = accounts.map((each) => {
    const state = each['pausedSince'] === undefined ? shown(each, 'status') : 'paused';
    const contacts = Array.isArray(each['contacts']) ? each['contacts'].join(' ') : '';
    return `${shown(each, 'id').padEnd(25)} ${state.padEnd(12)} ${shown(each, 'identity').padEnd(20)} ${contacts}`.trimEnd();
  });
  const text = lines.length === 0 ? 'no accounts' : lines.join('\n');
  context.output.result({ code: 'SY-OK', accounts }, text);
  return EXIT.done;
}

async function unpause(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const id = args[0] ?? '';
  await askAdmin(context, 'POST', `${ACCOUNTS}/${encodeURIComponent(id)}/unpause`);
  context.output.result({ code: 'SY-OK', id }, `account ${id} may order again`);
  return EXIT.done;
}

/** All pages of a list. @throws SealyardError `SY-CLI-YARD-ANSWER` */
async function allOf(context: CliContext, path: string, member: string): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = [];
  let after = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = after === '' ? '?limit=500' : `?limit=500&after=${encodeURIComponent(after)}`;
    const answer = await askAdmin(context, 'GET', `${path}${query}`);
    const list: Json | undefined = isObject(answer) ? answer[member] : undefined;
    if (!isObject(answer) || !Array.isArray(list))
      throw new SealyardError('SY-CLI-YARD-ANSWER', `no ${member} in the answer`);
    items.push(...list.filter(isObject));
    if (typeof answer['next'] !== 'string') break;
    after = answer['next'];
  }
  return items;
}

function shown(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}
