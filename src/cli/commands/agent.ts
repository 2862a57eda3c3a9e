// `sealyard agent` and `sealyard renew`: certificates kept fresh where they are used.

import type { KeeperEvent } from '../../agent/keeper.ts';
import { readAgentConfig } from '../../agent/read-config.ts';
import { serveStatus, statusJson, statusText } from '../../agent/status.ts';
import { REAL_CLOCK } from '../../server/clock.ts';
import { setUpAgent } from '../agent/setup.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { readText } from '../files.ts';

const MAX_CONFIG_BYTES = 1024 * 1024;

export const agentCommand: CommandSpec = {
  name: 'agent',
  summary: 'keep certificates fresh where they are used',
  description:
    'keep the certificates of a file fresh: obtained, written, handed over to the programs that use them, renewed in time',
  examples: [
    'sealyard agent /etc/sealyard/agent.yaml',
    'sealyard agent agent.yaml --check                reads the file and says what is wrong with it',
  ],
  define(command, run) {
    command
      .argument('<file>', 'YAML: state, issuers, certificates')
      .option('--check', 'read the file and do nothing else')
      .action(run(agent));
  },
};

export const renewCommand: CommandSpec = {
  name: 'renew',
  summary: 'renew what is due, once',
  description:
    'look at each certificate of an agent’s file once: renew what is due, mend files, say how each one is',
  examples: ['sealyard renew agent.yaml', 'sealyard renew agent.yaml --force --json'],
  define(command, run) {
    command
      .argument('<file>', 'the agent’s YAML file')
      .option('--force', 'renew whatever the schedule says')
      .action(run(renew));
  },
};

async function agent(
  context: CliContext,
  [file = '']: readonly string[],
  options: { readonly check?: boolean },
): Promise<ExitStatus> {
  const config = readAgentConfig(readText(file, MAX_CONFIG_BYTES), file);
  if (options.check === true) {
    const certificates = config.certificates.map(({ name }) => name);
    context.output.result({ code: 'SY-OK', certificates }, `${file}: ${certificates.length} certificates`);
    return EXIT.done;
  }
  using running = await setUpAgent(config, context.environment, (event) => context.output.say(lineOf(event)));
  const server =
    config.status === undefined ? undefined : await serveStatus(config.status, () => running.agent.status());
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  running.agent.start();
  context.output.say(`keeping ${config.certificates.length} certificates`);
  await ended;
  server?.close();
  server?.closeAllConnections();
  await running.agent.stop();
  return EXIT.done;
}

async function renew(
  context: CliContext,
  [file = '']: readonly string[],
  options: { readonly force?: boolean },
): Promise<ExitStatus> {
  const config = readAgentConfig(readText(file, MAX_CONFIG_BYTES), file);
  using running = await setUpAgent(config, context.environment, (event) => context.output.say(lineOf(event)));
  await running.agent.once(options.force === true ? { force: true } : {});
  const status = running.agent.status();
  const json = statusJson(status);
  context.output.result(json, statusText(status, REAL_CLOCK.now()));
  return json.code === 'SY-OK' ? EXIT.done : EXIT.no;
}

function lineOf(event: KeeperEvent): string {
  if (event.kind !== 'failed') return `${event.name}: ${event.kind.replace('-', ' ')} ${event.detail}`;
  return `${event.name}: ${event.error.message} [${event.error.code}], next try ${event.nextAt.toISOString()}`;
}
