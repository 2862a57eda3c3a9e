// `sealyard config show|check`: the configuration that `up` would run with, and what each key means.
import type { JsonObject } from '../../ground/json.ts';
import { configJsonSchema, explainConfig, loadConfig } from '../../server/config.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';

export const configCommand: CommandSpec = {
  name: 'config',
  summary: 'show, explain and check the configuration',
  description: 'the configuration that `sealyard up` would run with: file, then environment, then flags',
  examples: [
    'sealyard config show --explain                 each key: its variable, its default, what it is for',
    'sealyard config check --config sealyard.yaml',
    'sealyard config show --schema > sealyard.schema.json',
  ],
  define(command, run) {
    command
      .command('show')
      .description('the values in force here')
      .option('--explain', 'each key with its variable, default and meaning')
      .option('--schema', 'JSON Schema of the configuration file')
      .action(run(show));
    command.command('check').description('is the configuration valid?').action(run(check));
  },
};

async function show(
  context: CliContext,
  _args: readonly string[],
  options: { readonly explain?: boolean; readonly schema?: boolean },
): Promise<ExitStatus> {
  const { output } = context;
  if (options.schema === true) {
    const schema = configJsonSchema() as JsonObject;
    output.result({ code: 'SY-OK', schema }, JSON.stringify(schema, null, 2));
  } else if (options.explain === true) {
    const keys = explainConfig();
    output.result({ code: 'SY-OK', keys: keys.map((row) => ({ ...row })) }, keys.map(explained).join('\n'));
  } else {
    const config = effective(context);
    output.result({ code: 'SY-OK', config }, JSON.stringify(config, null, 2));
  }
  return EXIT.done;
}

async function check(context: CliContext): Promise<ExitStatus> {
  effective(context);
  const where = context.configFile ?? 'environment and defaults';
  context.output.result(
    { code: 'SY-OK', file: context.configFile ?? null },
    `${context.output.style('good', 'valid')} ${where}`,
  );
  return EXIT.done;
}

/** Secrets are references in the configuration, so that it can be shown whole. */
function effective(context: CliContext): JsonObject {
  const config = loadConfig({
    file: context.configFile,
    environment: context.environment,
    flags: { data: context.dataDirectory, policy: context.policyFile },
  });
  return JSON.parse(JSON.stringify(config)) as JsonObject;
}

function explained(row: ReturnType<typeof explainConfig>[number]): string {
  const standard = row.default === '' ? '' : ` (default ${row.default})`;
  return `${row.key.padEnd(26)} ${row.variable}\n    ${row.describe}${standard}`;
}
