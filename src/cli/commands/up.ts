// `sealyard up`: runs the yard until a signal ends it.
import { flushCompileCache } from 'node:module';
import { SealyardError } from '../../ground/errors.ts';
import type { Yard } from '../../server/yard.ts';
import { keepAddresses } from '../addresses.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { VERSION } from '../version.ts';

interface UpOptions {
  readonly listen?: string;
  readonly listenPlain?: string;
  readonly listenAdmission?: string;
  readonly listenMtls?: string;
  readonly challengeResolvers?: string;
  readonly challengeHttpPort?: string;
  readonly challengeTlsPort?: string;
  readonly challengeAllowNetworks?: string;
  readonly publicUrl?: string;
  readonly publicPlainUrl?: string;
  readonly development?: boolean;
  readonly allowPrivateAddresses?: boolean;
  readonly logLevel?: string;
  readonly unlockSecret?: string;
  readonly tour?: boolean;
}

export const upCommand: CommandSpec = {
  name: 'up',
  summary: 'run the yard',
  description:
    'run the yard: certificate authority, log, timestamps, admission; everything on loopback unless told otherwise',
  examples: [
    'sealyard up                                     first start makes ./sealyard-data: root, keys, logs, policy',
    'sealyard up --development                       with the built-in issuer of job tokens (environments marked development)',
    'sealyard up --listen 0.0.0.0:8443 --public-url https://pki.example.com',
    'sealyard up --listen 127.0.0.1:0 --listen-plain 127.0.0.1:0 --json   free ports; one line of JSON when ready',
  ],
  define(command, run) {
    command
      .option('--listen <address>', 'TLS listener (default 127.0.0.1:8443; port 0 picks a free one)')
      .option('--listen-plain <address>', 'plain listener for roots and health (default 127.0.0.1:8080)')
      .option('--listen-admission <address>', 'listener that serves the admission door alone')
      .option(
        '--listen-mtls <address>',
        'listener that asks for client certificates (EST, enrolment by certificate)',
      )
      .option('--challenge-resolvers <list>', 'resolvers that ACME validation asks, as address:port')
      .option('--challenge-http-port <port>', 'port that http-01 connects to (default 80)')
      .option('--challenge-tls-port <port>', 'port that tls-alpn-01 connects to (default 443)')
      .option(
        '--challenge-allow-networks <list>',
        'networks that validation may reach though they are not public',
      )
      .option('--public-url <url>', 'what clients call this yard; fixed at first start')
      .option('--public-plain-url <url>', 'the same for the plain listener')
      .option(
        '--development',
        'switch the built-in token issuer on; only environments marked development accept it',
      )
      .option('--allow-private-addresses', 'registries and issuers may be at loopback and private addresses')
      .option('--unlock-secret <reference>', 'file:PATH or env:NAME of the secret that unlocks the keys')
      .option('--log-level <level>', 'silent, error, warn, info or debug')
      .option('--no-tour', 'do not show the tour at the first start on a terminal')
      .action(run(up));
  },
};

async function up(context: CliContext, _args: readonly string[], options: UpOptions): Promise<ExitStatus> {
  const startedAt = performance.now();
  const { loadConfig } = await import('../../server/config.ts');
  const { startYard } = await import('../../server/yard.ts');
  const config = loadConfig({
    file: context.configFile,
    environment: context.environment,
    flags: flagsOf(context, options),
  });
  const yard = await startYard(config);
  try {
    keepAddresses(context.dataDirectory, yard, (text) => context.output.say(text));
    announce(context, yard, performance.now() - startedAt);
    flushCompileCache();
    if (yard.isFirstStart && context.interactive && options.tour !== false) await firstTour(context);
    await untilSignal(context, yard);
  } finally {
    await yard.close();
  }
  return EXIT.done;
}

/** The flags under the names of the configuration keys, as text. */
function flagsOf(context: CliContext, options: UpOptions): Readonly<Record<string, string>> {
  const given: Readonly<Record<string, string | boolean | undefined>> = {
    data: context.dataDirectory,
    policy: context.policyFile,
    listen: options.listen,
    'listen-plain': options.listenPlain,
    'listen-admission': options.listenAdmission,
    'listen-mtls': options.listenMtls,
    'challenge-resolvers': options.challengeResolvers,
    'challenge-http-port': options.challengeHttpPort,
    'challenge-tls-port': options.challengeTlsPort,
    'challenge-allow-networks': options.challengeAllowNetworks,
    'public-url': options.publicUrl,
    'public-plain-url': options.publicPlainUrl,
    development: options.development,
    'allow-private-addresses': options.allowPrivateAddresses,
    'unlock-secret': options.unlockSecret,
    'log-level': options.logLevel,
  };
  return Object.fromEntries(
    Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])),
  );
}

function announce(context: CliContext, yard: Yard, tookMs: number): void {
  const { output } = context;
  const value = {
    code: 'SY-OK',
    url: yard.publicUrl,
    ...(yard.plainUrl === undefined ? {} : { plainUrl: yard.plainUrl }),
    ...(yard.admissionUrl === undefined ? {} : { admissionUrl: yard.admissionUrl }),
    ...(yard.mtlsUrl === undefined ? {} : { mtlsUrl: yard.mtlsUrl }),
    rootFingerprint: yard.rootFingerprint,
    data: context.dataDirectory,
    policyVersion: yard.policyVersion,
    firstStart: yard.isFirstStart,
    readyMs: Math.round(tookMs),
    notices: [...yard.notices],
  };
  const line = (name: string, text: string) => `  ${output.style('dim', name.padEnd(9))}${text}`;
  output.result(
    value,
    [
      `${output.style('good', 'Sealyard')} ${VERSION} is ready ${output.style('dim', `(${(tookMs / 1000).toFixed(1)} s)`)}`,
      line('yard', yard.publicUrl),
      ...(yard.plainUrl === undefined ? [] : [line('plain', `${yard.plainUrl}  (roots, health)`)]),
      ...(yard.admissionUrl === undefined ? [] : [line('admission', yard.admissionUrl)]),
      ...(yard.mtlsUrl === undefined ? [] : [line('mtls', yard.mtlsUrl)]),
      line('root', `SHA-256 ${yard.rootFingerprint}`),
      line('data', context.dataDirectory),
      line('policy', context.policyFile),
      ...yard.notices.map((notice) => line('note', notice)),
      line('next', 'sealyard status · sealyard tour · sealyard --help'),
    ].join('\n'),
  );
}

async function firstTour(context: CliContext): Promise<void> {
  const { runTour } = await import('../tour.ts');
  await runTour(context, {});
}

function untilSignal(context: CliContext, yard: Yard): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    process.on('SIGHUP', () => {
      yard.reload().then(
        (outcome) => context.output.say(outcome),
        (error: unknown) => {
          const reason =
            error instanceof SealyardError ? `: ${error.code} ${error.detail ?? ''}`.trimEnd() : '';
          context.output.say(`the policy document was refused; the old one goes on serving${reason}`);
        },
      );
    });
  });
}
