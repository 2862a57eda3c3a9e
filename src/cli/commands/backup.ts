// `sealyard backup` and `sealyard restore`: a consistent copy of a running yard, and a yard from it that only serves.
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { toUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { HEADER_FILE, unlockDirectory } from '../../keys/unlock.ts';
import { BACKUP_RECORDS } from '../../server/backup.ts';
import { REAL_CLOCK, REAL_RANDOM } from '../../server/clock.ts';
import { DATA } from '../../server/data-directory.ts';
import { restoreStore } from '../../store/restore.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readText, writeFileDurably } from '../files.ts';
import { askAdmin } from '../yard.ts';
import { textOf } from './token.ts';

const MAX_SECRET_BYTES = 4096;

export const backupCommand: CommandSpec = {
  name: 'backup',
  summary: 'a consistent copy of the running yard',
  description: 'a consistent copy of the running yard: records, logs, sealed keys and policy',
  examples: ['sealyard backup', 'sealyard backup --json | jq -r .folder'],
  define(command, run) {
    command.action(run(backup));
  },
};

export const restoreCommand: CommandSpec = {
  name: 'restore',
  summary: 'make a yard that only serves from a backup',
  description:
    'make a yard from a backup in an empty folder; it serves and verifies, and neither issues nor appends',
  examples: [
    'sealyard --data ./restored restore ./backup-folder --unlock-secret ./unlock-secret && sealyard --data ./restored up',
  ],
  define(command, run) {
    command
      .argument('<folder>', 'folder that `sealyard backup` wrote')
      .option('--unlock-secret <file>', 'the unlock secret of the original yard; it is never in a backup')
      .action(run(restore));
  },
};

async function backup(context: CliContext): Promise<ExitStatus> {
  const folder = textOf(await askAdmin(context, 'POST', '/admin/v1/backup', {}), 'path');
  context.output.result(
    { code: 'SY-OK', folder },
    `${context.output.style('good', 'backed up')} to ${folder}\n  the unlock secret is not in it; keep that elsewhere`,
  );
  return EXIT.done;
}

async function restore(
  context: CliContext,
  args: readonly string[],
  options: { readonly unlockSecret?: string },
): Promise<ExitStatus> {
  const folder = args[0] ?? '';
  const directory = context.dataDirectory;
  const keys = join(folder, DATA.keys);
  if (!existsSync(join(folder, BACKUP_RECORDS)) || !existsSync(join(keys, HEADER_FILE)))
    throw new SealyardError('SY-STORE-BACKUP-INVALID', folder);
  const secret = options.unlockSecret === undefined ? undefined : readSecret(options.unlockSecret);
  // A secret that opens nothing is said now, and not when the yard is needed.
  if (secret !== undefined) {
    const unlock = { kind: 'secret', bytes: toUtf8(secret) } as const;
    await unlockDirectory({ directory: keys, unlock, random: REAL_RANDOM });
  }
  const from = await restoreStore({ backupFile: join(folder, BACKUP_RECORDS), directory, clock: REAL_CLOCK });
  cpSync(keys, join(directory, DATA.keys), { recursive: true });
  const policy = join(folder, DATA.policy);
  if (existsSync(policy)) cpSync(policy, join(directory, DATA.policy));
  if (secret !== undefined) writeFileDurably(join(directory, DATA.unlockSecret), secret, 0o600);
  const takenAt = new Date(from.takenAtMs).toISOString();
  context.output.result(
    { code: 'SY-OK', data: directory, takenAt, sizes: { ...from.sizes } },
    [
      `${context.output.style('good', 'restored')} into ${directory}, as of ${takenAt}`,
      `  it knows ${from.sizes.certificate} certificates, ${from.sizes.signature} signatures and ${from.sizes.audit} events; what came later it does not know,`,
      '  so it serves and verifies, and neither issues nor appends',
      ...(secret === undefined
        ? ['  next: put the original unlock secret in place, or start with --unlock-secret file:PATH']
        : []),
    ].join('\n'),
  );
  return EXIT.done;
}

/** One final line end is the editor's, not the secret's. */
function readSecret(path: string): string {
  return readText(path, MAX_SECRET_BYTES).replace(/\r?\n$/, '');
}
