// `sealyard trust export|list`: what others need in order to trust this yard, in the forms that they read.
import { createHash } from 'node:crypto';
import { toHex, toUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { writeFileDurably } from '../files.ts';
import { askYard, yardAddress } from '../yard.ts';

interface ExportOptions {
  readonly pem?: boolean;
  readonly trustedRoot?: boolean;
  readonly signingConfig?: boolean;
  readonly out: string;
}

const FORMS = {
  pem: '/roots.pem',
  trustedRoot: '/trusted_root.json',
  signingConfig: '/signing_config.json',
} as const;

export const trustCommand: CommandSpec = {
  name: 'trust',
  summary: 'export what others need in order to trust this yard',
  description: 'trust material of the yard for TLS clients, cosign and other Sigstore clients',
  examples: [
    'sealyard trust export --pem --out roots.pem                        for TLS clients (SSL_CERT_FILE)',
    'sealyard trust export --trusted-root --out trusted_root.json       for cosign verify --trusted-root',
    'sealyard trust export --signing-config --out signing_config.json   for cosign sign --signing-config',
  ],
  define(command, run) {
    command
      .command('export')
      .description('write one form of the trust material')
      .option('--pem', 'the root certificates as PEM')
      .option('--trusted-root', 'trusted_root.json: CAs, logs and timestamp authorities')
      .option('--signing-config', 'signing_config.json v0.2: where to sign')
      .option('--out <file>', 'file to write; - is standard output', '-')
      .action(run(exportTrust));
  },
};

async function exportTrust(
  context: CliContext,
  _args: readonly string[],
  options: ExportOptions,
): Promise<ExitStatus> {
  const wanted = (Object.keys(FORMS) as (keyof typeof FORMS)[]).filter((form) => options[form] === true);
  const [form] = wanted;
  if (form === undefined || wanted.length > 1) {
    throw new SealyardError('SY-CLI-USAGE', 'name one of --pem, --trusted-root and --signing-config');
  }
  const answer = await askYard(yardAddress(context), 'GET', FORMS[form]);
  if (answer.status !== 200) throw new SealyardError('SY-CLI-YARD-ANSWER', `status ${answer.status}`);
  if (options.out === '-') {
    context.output.result({ code: 'SY-OK', text: answer.body }, answer.body);
  } else {
    writeFileDurably(options.out, answer.body, 0o644);
    const sha256 = toHex(new Uint8Array(createHash('sha256').update(toUtf8(answer.body)).digest()));
    context.output.result(
      { code: 'SY-OK', file: options.out, sha256 },
      `${options.out} ${context.output.style('dim', `(SHA-256 ${sha256})`)}`,
    );
  }
  return EXIT.done;
}
