// `sealyard issue NAME…`: one certificate for this machine or service; the key is made here and never sent.
import { join } from 'node:path';
import type { AgentConfig, ChallengeConfig, FileConfig, IssuerConfig } from '../../agent/config.ts';
import { KEY_KINDS } from '../../agent/key.ts';
import { readName } from '../../agent/names.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { KeyKind, RequestedName } from '../../policy/issuance.ts';
import { setUpAgent } from '../agent/setup.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';

interface IssueOptions {
  readonly out: string;
  readonly acme: string;
  readonly acmeRoots?: string;
  readonly contact?: string;
  readonly agreeToTerms?: boolean;
  readonly bindingKeyId?: string;
  readonly bindingKeyFile?: string;
  readonly webroot?: string;
  readonly http?: string;
  readonly profile?: string;
  readonly key: string;
  readonly pkcs12PasswordFile?: string;
}

export const issueCommand: CommandSpec = {
  name: 'issue',
  summary: 'a certificate for this machine or service',
  description:
    'obtain a certificate by ACME, from a yard or any other server; the key is made here and never sent',
  examples: [
    'sealyard issue shop.example.com --acme https://pki.example.com:8443/acme/directory --acme-roots roots.pem --webroot /var/www/html',
    'sealyard issue orders.shop.internal --acme URL --acme-roots roots.pem --binding-key-id ID --binding-key-file eab.key',
    'sealyard issue 10.0.0.7 --acme URL --http 0.0.0.0:80 --key ec-p384 --out /etc/tls',
  ],
  define(command, run) {
    command
      .argument('<name...>', 'DNS names, IP addresses, URIs')
      .requiredOption('--acme <url>', 'directory of the ACME server')
      .option('--acme-roots <file>', 'PEM roots of the server; default: the public ones')
      .option('--out <folder>', 'where the files go', '.')
      .option('--contact <mailto>', 'contact of the account')
      .option('--agree-to-terms', 'agree to the terms of service')
      .option('--binding-key-id <id>', 'external account binding')
      .option('--binding-key-file <file>', 'its key, base64url')
      .option('--webroot <folder>', 'answer http-01 below the root of a web server that is there')
      .option('--http <address>', 'answer http-01 by listening here, such as 0.0.0.0:80')
      .option('--profile <name>', 'profile of the certificate')
      .option('--key <kind>', `kind of key: ${KEY_KINDS.join(', ')}`, 'ec-p256')
      .option('--pkcs12-password-file <file>', 'write a PKCS #12 store as well, with this password')
      .action(run(issue));
  },
};

async function issue(
  context: CliContext,
  names: readonly string[],
  options: IssueOptions,
): Promise<ExitStatus> {
  const [first, ...more] = names.map(readName);
  if (first === undefined) throw new SealyardError('SY-CLI-USAGE', 'no name');
  const stem = first.value.replace(/^\*\./, 'wildcard.').replace(/[^A-Za-z0-9.-]+/g, '_');
  const files = filesOf(stem, options);
  const failures: SealyardError[] = [];
  using running = await setUpAgent(
    configOf([first, ...more], files, options),
    context.environment,
    (event) => {
      if (event.kind === 'failed') failures.push(event.error);
    },
  );
  context.output.say(`asking ${options.acme}`);
  await running.agent.once({ force: true });
  const [failure] = failures;
  if (failure !== undefined) throw failure;
  const [status] = running.agent.status();
  const paths = files.map(({ path }) => path);
  context.output.result(
    {
      code: 'SY-OK',
      serial: status?.serial ?? null,
      notAfter: status?.notAfter?.toISOString() ?? null,
      files: paths,
    },
    [
      `issued ${names.join(', ')}, until ${status?.notAfter?.toISOString()}`,
      ...paths.map((path) => `  ${path}`),
    ].join('\n'),
  );
  return EXIT.done;
}

function configOf(
  names: readonly [RequestedName, ...RequestedName[]],
  files: readonly FileConfig[],
  options: IssueOptions,
): AgentConfig {
  const key = KEY_KINDS.find((kind): kind is KeyKind => kind === options.key);
  if (key === undefined)
    throw new SealyardError('SY-CLI-USAGE', `--key wants one of ${KEY_KINDS.join(', ')}`);
  const certificate = {
    name: 'issued',
    issuer: 'acme',
    names,
    profile: options.profile,
    key,
    lifetimeSeconds: undefined,
    files,
    reload: [],
    check: undefined,
  };
  return {
    state: join(options.out, '.sealyard'),
    status: undefined,
    issuers: new Map([['acme', issuerOf(options)]]),
    certificates: [certificate],
  };
}

function issuerOf(options: IssueOptions): IssuerConfig {
  const { bindingKeyId: keyId, bindingKeyFile: keyFile } = options;
  if ((keyId === undefined) !== (keyFile === undefined))
    throw new SealyardError('SY-CLI-USAGE', '--binding-key-id and --binding-key-file belong together');
  return {
    type: 'acme',
    directory: options.acme,
    roots: options.acmeRoots,
    contacts: options.contact === undefined ? [] : [options.contact],
    termsAgreed: options.agreeToTerms === true,
    binding: keyId === undefined || keyFile === undefined ? undefined : { keyId, keyFile },
    challenges: challengesOf(options),
  };
}

function challengesOf({ webroot, http }: IssueOptions): readonly ChallengeConfig[] {
  const challenges: ChallengeConfig[] = [];
  if (webroot !== undefined) challenges.push({ kind: 'webroot', folder: webroot });
  if (http === undefined) return challenges;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(http);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535)
    throw new SealyardError('SY-CLI-USAGE', `--http wants an address such as 0.0.0.0:80, not ${http}`);
  return [...challenges, { kind: 'http', address: { host, port } }];
}

function filesOf(stem: string, { out, pkcs12PasswordFile }: IssueOptions): readonly FileConfig[] {
  const file = (ending: string, content: FileConfig['content'], mode: number): FileConfig => ({
    path: join(out, `${stem}.${ending}`),
    content,
    mode,
    owner: undefined,
    passwordFile: pkcs12PasswordFile,
  });
  return [
    file('key.pem', 'key', 0o600),
    file('cert.pem', 'certificate', 0o644),
    file('chain.pem', 'chain', 0o644),
    file('fullchain.pem', 'fullchain', 0o644),
    ...(pkcs12PasswordFile === undefined ? [] : [file('p12', 'pkcs12', 0o600)]),
  ];
}
