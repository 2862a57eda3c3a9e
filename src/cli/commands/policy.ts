// `sealyard policy check|show`: is the document valid, and what does it come to in each environment?
import { SealyardError } from '../../ground/errors.ts';
import { PolicyError } from '../../policy/findings.ts';
import { describePolicy } from '../../policy/show.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { loadPolicyFile } from '../policy-file.ts';

export const policyCommand: CommandSpec = {
  name: 'policy',
  summary: 'check the policy document, show what it comes to',
  description: 'the policy document: check it, show what it comes to',
  examples: [
    'sealyard policy check --policy policy.yaml',
    'sealyard policy show --policy policy.yaml --environment production',
  ],
  define(command, run) {
    command
      .command('check')
      .description('is the document valid? findings name their line')
      .action(run(check));
    command
      .command('show')
      .description('each environment with all that it inherits')
      .option('--environment <name>', 'this environment alone')
      .action(run(show));
  },
};

async function check(context: CliContext): Promise<ExitStatus> {
  const { output, policyFile } = context;
  try {
    const policy = loadPolicyFile(context);
    const notices = policy.notices.map(({ line, message }) => ({ line, message }));
    output.result(
      { code: 'SY-OK', file: policyFile, version: policy.version, notices },
      [
        `${output.style('good', 'valid')} ${policyFile} ${output.style('dim', policy.version)}`,
        ...notices.map(({ line, message }) => `  ${policyFile}:${line}: ${message}`),
      ].join('\n'),
    );
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    output.result(
      { code: error.code, file: policyFile, findings: error.findings.map((finding) => ({ ...finding })) },
      [
        `${output.style('bad', 'not valid')} ${policyFile}`,
        ...error.findings.map(
          ({ line, column, path, message }) =>
            `  ${policyFile}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`,
        ),
      ].join('\n'),
    );
    return EXIT.no;
  }
}

async function show(
  context: CliContext,
  _args: readonly string[],
  options: { readonly environment?: string },
): Promise<ExitStatus> {
  const policy = loadPolicyFile(context);
  const name = options.environment;
  if (name !== undefined && ![...policy.environments.keys()].some((known) => known === name)) {
    const names = [...policy.environments.keys()].join(', ');
    throw new SealyardError('SY-CLI-USAGE', `the policy has no environment ${name}; it has ${names}`);
  }
  const { data, words } = describePolicy(policy, name);
  context.output.result({ code: 'SY-OK', file: context.policyFile, ...data }, words.join('\n'));
  return EXIT.done;
}
