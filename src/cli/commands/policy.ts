// `sealyard policy check|show`: is the document valid, and what does it come to in each environment?
import { SealyardError } from '../../ground/errors.ts';
import { asEnvironmentName } from '../../ground/ids.ts';
import type { JsonObject } from '../../ground/json.ts';
import { PolicyError } from '../../policy/findings.ts';
import type { EffectiveEnvironment, Policy, Requirement, RunRule, SignRule } from '../../policy/policy.ts';
import type { CommandSpec } from '../command.ts';
import type { CliContext } from '../context.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { loadPolicyFile } from '../policy-file.ts';

export const policyCommand: CommandSpec = {
  name: 'policy',
  summary: 'the policy document: check it, show what it comes to',
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
  const environments = chosen(policy, options.environment);
  context.output.result(
    {
      code: 'SY-OK',
      file: context.policyFile,
      version: policy.version,
      environments: environments.map(environmentJson),
    },
    environments.map((environment) => environmentText(context, environment)).join('\n\n'),
  );
  return EXIT.done;
}

function chosen(policy: Policy, name: string | undefined): readonly EffectiveEnvironment[] {
  if (name === undefined) return [...policy.environments.values()];
  const known = asEnvironmentName(name);
  const environment = known === undefined ? undefined : policy.environments.get(known);
  if (environment === undefined) {
    const names = [...policy.environments.keys()].join(', ');
    throw new SealyardError('SY-CLI-USAGE', `the policy has no environment ${name}; it has ${names}`);
  }
  return [environment];
}

function environmentJson(environment: EffectiveEnvironment): JsonObject {
  return {
    name: environment.name,
    lineage: [...environment.lineage],
    development: environment.development,
    sign: environment.sign.map((rule) => ({
      who: rule.who,
      countsFor: rule.countsFor.map((globs) => globs.map((glob) => glob.text)),
      lifetimeSeconds: rule.lifetimeSeconds,
      line: rule.line,
    })),
    run: environment.run.map((rule) => ({
      from: rule.environment,
      opens: rule.opens,
      images: rule.images.map((glob) => glob.text),
      require: rule.require.map(requirementText),
      line: rule.line,
    })),
  };
}

function environmentText(context: CliContext, environment: EffectiveEnvironment): string {
  const { style } = context.output;
  const marks = environment.development ? ' (development: accepts the built-in issuer)' : '';
  return [
    `${style('bold', environment.name)} ${style('dim', environment.lineage.join(' > '))}${marks}`,
    ...(environment.sign.length === 0 ? ['  nobody may sign'] : environment.sign.map(signText)),
    ...(environment.run.length === 0 ? ['  nothing may run'] : environment.run.flatMap(runText)),
  ].join('\n');
}

function signText(rule: SignRule): string {
  const globs = rule.countsFor.map((list) => list.map((glob) => glob.text).join(' or ')).join(' and ');
  return `  sign  ${rule.who} for ${rule.lifetimeSeconds / 60} min, counts for ${globs} (line ${rule.line})`;
}

function runText(rule: RunRule): readonly string[] {
  const images = rule.images.map((glob) => glob.text).join(', ');
  const verb = rule.opens ? 'run ' : 'also';
  return [
    `  ${verb}  ${images} (${rule.environment}, line ${rule.line})`,
    ...rule.require.map((each) => `          ${requirementText(each)}`),
  ];
}

function requirementText(requirement: Requirement): string {
  if (requirement.kind === 'signed') {
    return `signed by ${requirement.by}${requirement.atLeast > 1 ? `, at least ${requirement.atLeast} signers` : ''}`;
  }
  const where = requirement.where === undefined ? '' : ` where ${requirement.where.source}`;
  return `attested by ${requirement.by} with ${requirement.predicateType}${where}`;
}
