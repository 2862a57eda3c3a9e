// `sealyard ca list|show|create|import|record|cross-sign|rotate|export`: the authorities of the running yard.
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../../ground/json.ts';
import { certificatesOf, exported, FORMS, keyOf, passphraseOf } from '../ca/files.ts';
import { detailsText, listText, objectsOf, text, textsOf, warningLines } from '../ca/render.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { writeFileDurably } from '../files.ts';
import { askAdmin } from '../yard.ts';
import { wholeNumber } from './token.ts';

const AUTHORITIES = '/admin/v1/authorities';
const MOST_DAYS = 25 * 365;

/** What `create` and `rotate` share. */
interface WishOptions {
  readonly below?: string;
  readonly key?: string;
  readonly days?: string;
  readonly pathLength?: string;
  readonly organization?: string;
  readonly commonName?: string;
  readonly permit?: readonly string[];
  readonly exclude?: readonly string[];
  readonly csrOut?: string;
}

export const caCommand: CommandSpec = {
  name: 'ca',
  summary: 'the authorities that sign: make, import, cross-sign, rotate',
  description:
    'certification authorities of the yard; private keys stay in its key store and are never exported',
  examples: [
    'sealyard ca list',
    'sealyard ca create intermediate --name factory --permit dns:factory.example --days 1825',
    'sealyard ca create tls --below factory --key rsa-3072',
    'sealyard ca create intermediate --name offline --csr-out offline.csr   have an offline root sign it, then:',
    'sealyard ca import --certificate offline-chain.pem',
    'sealyard ca import --certificate issuing.pem --certificate root.pem --key issuing-key.pem --purpose tls',
    'sealyard ca record old-server.pem                                      known, watched, revocable',
    'sealyard ca cross-sign root-2 --by root-1                              who trusts root-1 trusts root-2',
    'sealyard ca rotate tls-1                                               tls-2 issues, tls-1 retires',
    'sealyard ca export tls-1 --form p7c --out tls.p7c',
  ],
  define(command, run) {
    command.command('list').description('all authorities, and what is to be known of them').action(run(list));
    command.command('show <id>').description('one in full, with its chain').action(run(show));
    const create = command
      .command('create <purpose>')
      .description('root, intermediate, tls, code-signing or timestamping')
      .option('--name <name>', 'a–z, 0–9 and -; default: the purpose and a number')
      .option('--shards <n>', 'CRL shards, fixed for ever, 1 to 4096');
    withWishes(create).action(run(createAuthority));
    command
      .command('import')
      .description('an authority with its key, the answer to a request, or anchors without keys')
      .requiredOption(
        '--certificate <file...>',
        'PEM or DER; the authority’s and those above it; - is standard input',
      )
      .option('--key <file>', 'its private key: PEM of PKCS #8, also encrypted')
      .option('--passphrase-file <file>', 'for an encrypted key')
      .option('--name <name>', 'a–z, 0–9 and -; default: the purpose and a number')
      .option('--purpose <purpose>', 'where the certificate leaves it open')
      .option('--shards <n>', 'CRL shards, fixed for ever, 1 to 4096')
      .action(run(importAuthority));
    command
      .command('record <file...>')
      .description(
        'certificates of others, of any age: known, watched, revocable where one of ours signed them',
      )
      .action(run(record));
    command
      .command('cross-sign <id>')
      .description('another authority certifies name and key of this one')
      .requiredOption('--by <id>', 'the authority that signs')
      .option('--days <n>', 'lifetime; default: as long as both last')
      .action(run(crossSign));
    const rotate = command
      .command('rotate <id>')
      .description('a new generation takes over; the old one goes on signing revocation lists only');
    withWishes(rotate).action(run(rotateAuthority));
    command
      .command('export <id>')
      .description('certificates and requests; never a private key')
      .option('--form <form>', FORMS.join(', '), 'chain')
      .option('--alternate <n>', 'the nth alternate chain instead of the default one')
      .option('--out <file>', 'file to write; - is standard output', '-')
      .action(run(exportAuthority));
  },
};

type Command = Parameters<CommandSpec['define']>[0];

function withWishes(command: Command): Command {
  return command
    .option('--below <id>', 'the authority that signs; default: the newest root')
    .option('--key <kind>', 'ec-p256, ec-p384, ec-p521, rsa-2048|3072|4096, ed25519, ml-dsa-44|65|87')
    .option('--days <n>', 'lifetime')
    .option('--path-length <n>', 'how many authorities may stand below')
    .option('--organization <name>', 'O of the subject')
    .option('--common-name <name>', 'CN of the subject')
    .option('--permit <subtree...>', 'only these names: dns:NAME, ip:ADDRESS/BITS, email:DOMAIN, uri:HOST')
    .option('--exclude <subtree...>', 'all names but these')
    .option('--csr-out <file>', 'make the key and a request, for a root that is elsewhere');
}

async function list(context: CliContext): Promise<ExitStatus> {
  const answer = objectOf(await askAdmin(context, 'GET', AUTHORITIES));
  context.output.result({ ...answer, code: 'SY-OK' }, listText(answer, context.output.style));
  return EXIT.done;
}

async function show(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const answer = await ask(context, 'GET', args[0]);
  context.output.result({ ...answer, code: 'SY-OK' }, detailsText(answer, context.output.style));
  return EXIT.done;
}

async function createAuthority(
  context: CliContext,
  args: readonly string[],
  options: WishOptions & { readonly name?: string; readonly shards?: string },
): Promise<ExitStatus> {
  const answer = objectOf(
    await askAdmin(context, 'POST', AUTHORITIES, {
      purpose: args[0] ?? '',
      ...textMember('name', options.name),
      ...numberMember('shards', options.shards, '--shards', 4096),
      ...wishes(options),
    }),
  );
  return made(context, answer, options.csrOut);
}

async function rotateAuthority(
  context: CliContext,
  args: readonly string[],
  options: WishOptions,
): Promise<ExitStatus> {
  return made(context, await ask(context, 'POST', args[0], '/rotate', wishes(options)), options.csrOut);
}

/** The request goes to its file before anything is said: it can be exported again, but nobody should need to. */
function made(context: CliContext, answer: JsonObject, csrOut: string | undefined): ExitStatus {
  const id = text(answer, 'id');
  if (csrOut === undefined) {
    context.output.result(
      { ...answer, code: 'SY-OK' },
      `${id}: ${text(answer, 'subject')}, until ${text(answer, 'notAfter').slice(0, 10)}`,
    );
    return EXIT.done;
  }
  const csr = exported(answer, 'csr', 0);
  if (csrOut === '-') {
    context.output.result({ ...answer, code: 'SY-OK' }, String(csr));
  } else {
    writeFileDurably(csrOut, csr, 0o644);
    context.output.result(
      { ...answer, code: 'SY-OK', file: csrOut },
      `${id} waits for its certificate: have ${csrOut} signed, then sealyard ca import --certificate chain.pem`,
    );
  }
  return EXIT.done;
}

async function importAuthority(
  context: CliContext,
  _args: readonly string[],
  options: {
    readonly certificate: readonly string[];
    readonly key?: string;
    readonly passphraseFile?: string;
    readonly name?: string;
    readonly purpose?: string;
    readonly shards?: string;
  },
): Promise<ExitStatus> {
  const { key, passphraseFile } = options;
  const answer = objectOf(
    await askAdmin(context, 'POST', `${AUTHORITIES}/import`, {
      certificates: certificatesOf(options.certificate),
      ...(key === undefined ? {} : { key: keyOf(key) }),
      ...(passphraseFile === undefined ? {} : { passphrase: passphraseOf(passphraseFile) }),
      ...textMember('name', options.name),
      ...textMember('purpose', options.purpose),
      ...numberMember('shards', options.shards, '--shards', 4096),
    }),
  );
  const beside = textsOf(answer, 'recorded');
  const lines = [
    `${text(answer, 'id')} is ${text(answer, 'outcome')}: ${text(answer, 'subject')}`,
    ...(beside.length === 0 ? [] : [`on record without a key: ${beside.join(', ')}`]),
    ...warningLines(answer, context.output.style),
  ];
  context.output.result({ ...answer, code: 'SY-OK' }, lines.join('\n'));
  return EXIT.done;
}

async function record(context: CliContext, args: readonly string[]): Promise<ExitStatus> {
  const answer = objectOf(
    await askAdmin(context, 'POST', `${AUTHORITIES}/record`, { certificates: certificatesOf(args) }),
  );
  const lines = objectsOf(answer, 'certificates').map((each) => {
    const by = text(each, 'authority');
    const what = each['recorded'] === true ? 'on record' : 'was on record';
    return `${text(each, 'serial')} ${what}${by === '' ? '' : `, signed by ${by}`}: ${text(each, 'subject')}`;
  });
  context.output.result({ ...answer, code: 'SY-OK' }, lines.join('\n'));
  return EXIT.done;
}

async function crossSign(
  context: CliContext,
  args: readonly string[],
  options: { readonly by: string; readonly days?: string },
): Promise<ExitStatus> {
  const answer = await ask(context, 'POST', args[0], '/cross-certificates', {
    by: options.by,
    ...numberMember('lifetimeDays', options.days, '--days', MOST_DAYS),
  });
  context.output.result(
    { ...answer, code: 'SY-OK' },
    `${options.by} certifies ${text(answer, 'id')} (serial ${text(answer, 'crossSerial')})\n${text(answer, 'crossCertificate')}`,
  );
  return EXIT.done;
}

async function exportAuthority(
  context: CliContext,
  args: readonly string[],
  options: { readonly form: string; readonly alternate?: string; readonly out: string },
): Promise<ExitStatus> {
  const form = FORMS.find((each) => each === options.form);
  if (form === undefined) throw new SealyardError('SY-CLI-USAGE', `--form is one of ${FORMS.join(', ')}`);
  const alternate = options.alternate === undefined ? 0 : wholeNumber(options.alternate, '--alternate', 100);
  const answer = await ask(context, 'GET', args[0]);
  const bytes = exported(answer, form, alternate);
  if (options.out === '-') {
    if (typeof bytes === 'string') context.output.result({ code: 'SY-OK', form, text: bytes }, bytes);
    else if (context.output.options.json)
      context.output.result({ code: 'SY-OK', form, base64: Buffer.from(bytes).toString('base64') }, '');
    else writeFileDurably('-', bytes, 0o644);
    return EXIT.done;
  }
  writeFileDurably(options.out, bytes, 0o644);
  context.output.result(
    { code: 'SY-OK', form, file: options.out },
    `${text(answer, 'id')} in ${options.out}`,
  );
  return EXIT.done;
}

async function ask(
  context: CliContext,
  method: 'GET' | 'POST',
  id: string | undefined,
  rest = '',
  body?: JsonObject,
): Promise<JsonObject> {
  return objectOf(
    await askAdmin(context, method, `${AUTHORITIES}/${encodeURIComponent(id ?? '')}${rest}`, body),
  );
}

function objectOf(answer: Json): JsonObject {
  if (!isObject(answer)) throw new SealyardError('SY-CLI-YARD-ANSWER');
  return answer;
}

function wishes(options: WishOptions): JsonObject {
  const { permit, exclude } = options;
  return {
    ...textMember('parent', options.below),
    ...textMember('key', options.key),
    ...numberMember('lifetimeDays', options.days, '--days', MOST_DAYS),
    ...numberMember('pathLength', options.pathLength, '--path-length', 8),
    ...textMember('organization', options.organization),
    ...textMember('commonName', options.commonName),
    ...(permit === undefined ? {} : { permitted: [...permit] }),
    ...(exclude === undefined ? {} : { excluded: [...exclude] }),
    ...(options.csrOut === undefined ? {} : { request: true }),
  };
}

function textMember(name: string, value: string | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function numberMember(name: string, value: string | undefined, flag: string, most: number): JsonObject {
  return value === undefined ? {} : { [name]: wholeNumber(value, flag, most) };
}
