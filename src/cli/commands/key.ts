// `sealyard key block FILE`: keys that are known to be compromised, onto the block list of the yard.
import { basename } from 'node:path';
import { SealyardError } from '../../ground/errors.ts';
import { blockedFingerprint } from '../../issue/blocked-keys.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readText } from '../files.ts';
import { askAdmin } from '../yard.ts';

/** A quarter of a million keys, as much as the lists of weak keys that are passed around. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;
/** What the admin API takes in one call. */
const KEYS_A_CALL = 900;

export const keyCommand: CommandSpec = {
  name: 'key',
  summary: 'block keys that are known to be compromised',
  description: 'keys that are known to be compromised: they get no server or workload certificate any more',
  examples: [
    'sealyard key block weak-keys.txt --reason "Debian weak keys"',
    'openssl pkey -pubin -in leaked.pub -outform DER | sha256sum | cut -d" " -f1 | sealyard key block -',
    'sealyard revoke --key leaked.pem --reason keyCompromise     also ends the certificates of a key',
  ],
  define(command, run) {
    command
      .command('block <file>')
      .description(
        'a list, one key a line: the SHA-256 of its SubjectPublicKeyInfo in hex; # begins a comment; - is standard input',
      )
      .option('--reason <text>', 'what is the matter with them', 'keyCompromise')
      .action(run(block));
  },
};

async function block(
  context: CliContext,
  args: readonly string[],
  flags: { readonly reason: string },
): Promise<ExitStatus> {
  const file = args[0] ?? '';
  // Read to its end before the first call: a list with a bad line blocks nothing.
  const keys = keysOf(readText(file, MAX_FILE_BYTES));
  if (keys.length === 0) throw new SealyardError('SY-ISSUE-BLOCK-LIST', 'it holds no key');
  const source = file === '-' ? 'standard input' : basename(file);
  for (let at = 0; at < keys.length; at += KEYS_A_CALL) {
    await askAdmin(context, 'POST', '/admin/v1/blocked-keys', {
      keys: keys.slice(at, at + KEYS_A_CALL),
      reason: flags.reason,
      source: source.slice(0, 500),
    });
  }
  const count = keys.length;
  context.output.result({ code: 'SY-OK', count }, `${count} ${count === 1 ? 'key is' : 'keys are'} blocked`);
  return EXIT.done;
}

/** Each once. @throws SealyardError `SY-ISSUE-BLOCK-LIST` naming the line */
function keysOf(text: string): readonly string[] {
  const keys = text.split(/\r?\n/).flatMap((line, i) => blockedFingerprint(line, i + 1) ?? []);
  return [...new Set(keys)];
}
