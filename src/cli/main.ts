// The program `sealyard`: reads the command line, runs one command, turns what happened into an exit status.
import { randomBytes } from 'node:crypto';
import { Command, CommanderError } from 'commander';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Action, CommandSpec, Runner } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { createContext, type GlobalFlags, type Invocation } from './context.ts';
import { EXIT, type ExitStatus, exitStatusOf } from './exit.ts';
import { failureJson, failureText } from './output.ts';
import { VERSION } from './version.ts';

/** Runs the program with its arguments (without `node` and the script). Resolves to the exit status. */
export async function main(args: readonly string[], invocation: Invocation): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.done;
  const program = createProgram(invocation, (ended) => {
    status = ended;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return status;
  } catch (error) {
    return report(error, args, invocation);
  }
}

function createProgram(invocation: Invocation, ended: (status: ExitStatus) => void): Command {
  const program = new Command('sealyard')
    .description(
      'PKI for container pipelines: identity, policy, certificate, signature, log, verification, admission',
    )
    .version(VERSION)
    .option(
      '--server <url>',
      'the yard to speak to (SEALYARD_SERVER); default: the one of the data directory',
    )
    .option('--data <dir>', 'data directory (SEALYARD_DATA); default: ./sealyard-data')
    .option('--config <file>', 'configuration file (SEALYARD_CONFIG)')
    .option('--policy <file>', 'policy document (SEALYARD_POLICY); default: <data>/policy.yaml')
    .option('--token-file <file>', 'file with an identity or administrator token (SEALYARD_TOKEN)')
    .option(
      '--trust <file>',
      'trusted_root.json to verify with (SEALYARD_TRUST); default: that of the data directory',
    )
    .option('--json', 'print one JSON object with a `code` on standard output')
    .option('--quiet', 'say nothing but results')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .exitOverride()
    .configureOutput({ writeOut: invocation.streams.out, writeErr: () => undefined })
    .showSuggestionAfterError(true)
    .addHelpText('after', `\n${PROGRAM_EXAMPLES}`);
  const run: Runner =
    <Options>(action: Action<Options>) =>
    async (...received: unknown[]) => {
      // commander passes each argument, then the options, then the command.
      const command = received.at(-1) as Command;
      const context = await createContext(command.optsWithGlobals<GlobalFlags>(), invocation);
      ended(await action(context, command.args, command.opts() as Options));
    };
  for (const spec of COMMANDS) addCommand(program, spec, run);
  return program;
}

function addCommand(program: Command, spec: CommandSpec, run: Runner): void {
  const command = program
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.description)
    .exitOverride();
  command.copyInheritedSettings(program);
  spec.define(command, run);
  if (spec.examples.length > 0) {
    command.addHelpText(
      'after',
      `\nExamples:\n${spec.examples.map((example) => `  $ ${example}`).join('\n')}`,
    );
  }
}

function usageError(error: CommanderError): SealyardError {
  if (error.code === 'commander.help')
    return new SealyardError('SY-CLI-USAGE', 'a command is missing or unknown');
  return new SealyardError('SY-CLI-USAGE', error.message.replace(/^error: /, '').replaceAll('\n', ' '));
}

function report(error: unknown, args: readonly string[], invocation: Invocation): ExitStatus {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = error instanceof CommanderError ? usageError(error) : error;
  const bugId = toHex(randomBytes(6));
  const color =
    invocation.isTerminal &&
    !args.includes('--no-color') &&
    (invocation.environment['NO_COLOR'] ?? '') === '';
  if (args.includes('--json')) invocation.streams.out(`${JSON.stringify(failureJson(failure, bugId))}\n`);
  else
    invocation.streams.err(
      `${failureText(failure, bugId, (style, text) => (color && style === 'bad' ? `\u001b[31m${text}\u001b[0m` : text))}\n`,
    );
  if (!(failure instanceof SealyardError) && (invocation.environment['SEALYARD_DEBUG'] ?? '') !== '') {
    invocation.streams.err(`${failure instanceof Error ? failure.stack : String(failure)}\n`);
  }
  return exitStatusOf(failure);
}

const PROGRAM_EXAMPLES = `Examples:
  $ sealyard up --development                      start a yard on loopback, with the built-in issuer of job tokens
  $ sealyard token ci demo/build --out job.token   a job's identity token from that issuer
  $ sealyard sign localhost:5000/app:1 --token-file job.token
  $ sealyard verify localhost:5000/app:1 --by developer
  $ sealyard admit localhost:5000/app:1 --environment dev
  $ sealyard why localhost:5000/app:1              the evidence chain behind it

Exit status: 0 yes or done · 1 the answer is no · 2 wrong use · 3 could not tell · 4 refused · 70 our own bug`;
