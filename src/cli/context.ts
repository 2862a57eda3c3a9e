// What every command gets: the global flags (or their environment variables) as values, and the printer.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createOutput, type Output, type Streams } from './output.ts';

/** The global flags as commander hands them over (surface.md "Global flags"). */
export interface GlobalFlags {
  readonly server?: string;
  readonly data?: string;
  readonly config?: string;
  readonly policy?: string;
  readonly tokenFile?: string;
  readonly trust?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** commander turns `--no-color` into `color: false`. */
  readonly color?: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface CliContext {
  readonly output: Output;
  readonly environment: Environment;
  /** `--server` as given; undefined means "the yard of the data directory". */
  readonly server: string | undefined;
  readonly dataDirectory: string;
  readonly configFile: string | undefined;
  readonly policyFile: string;
  /** A path, or a token itself where `SEALYARD_TOKEN` holds one. */
  readonly token: TokenSource | undefined;
  readonly trustFile: string | undefined;
  readonly interactive: boolean;
}

export type TokenSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'value'; readonly token: string };

export interface Invocation {
  readonly environment: Environment;
  readonly streams: Streams;
  readonly isTerminal: boolean;
}

/** @throws SealyardError `SY-SERVER-CONFIG` for a configuration file that cannot be read */
export async function createContext(flags: GlobalFlags, invocation: Invocation): Promise<CliContext> {
  const { environment } = invocation;
  const configFile = flags.config ?? environment['SEALYARD_CONFIG'];
  const configured = configFile === undefined ? {} : await configuredPaths(configFile);
  const data = flags.data ?? environment['SEALYARD_DATA'] ?? configured.data ?? 'sealyard-data';
  const dataDirectory = resolve(data);
  const policy = flags.policy ?? environment['SEALYARD_POLICY'] ?? configured.policy;
  const json = flags.json === true;
  return {
    output: createOutput(
      { json, quiet: flags.quiet === true, color: wantsColor(flags, invocation) && !json },
      invocation.streams,
    ),
    environment,
    server: flags.server ?? environment['SEALYARD_SERVER'],
    dataDirectory,
    configFile,
    policyFile: policy ?? join(dataDirectory, 'policy.yaml'),
    token: tokenSource(flags.tokenFile, environment['SEALYARD_TOKEN']),
    trustFile: flags.trust ?? environment['SEALYARD_TRUST'] ?? ownTrustFile(dataDirectory),
    interactive: invocation.isTerminal && !json,
  };
}

/** Where the configuration file says that yard and policy are: commands beside `up` look there as well. */
async function configuredPaths(file: string): Promise<{ readonly data?: string; readonly policy?: string }> {
  const { readConfigFile } = await import('../server/config-file.ts');
  const found = new Map(readConfigFile(file).map(({ key, value }) => [key, value]));
  const [data, policy] = [found.get('data'), found.get('policy')];
  return {
    ...(typeof data === 'string' ? { data } : {}),
    ...(typeof policy === 'string' ? { policy } : {}),
  };
}

function wantsColor(flags: GlobalFlags, invocation: Invocation): boolean {
  const refused = flags.color === false || (invocation.environment['NO_COLOR'] ?? '') !== '';
  return !refused && invocation.isTerminal;
}

// A token in the environment may be the path of a file or, as CI systems inject secrets, the token itself. Tokens
// start with their own marks, so the two cannot be confused.
function tokenSource(flag: string | undefined, variable: string | undefined): TokenSource | undefined {
  if (flag !== undefined) return { kind: 'file', path: flag };
  if (variable === undefined || variable === '') return undefined;
  return /^(sy_|eyJ)/.test(variable) ? { kind: 'value', token: variable } : { kind: 'file', path: variable };
}

function ownTrustFile(dataDirectory: string): string | undefined {
  const path = join(dataDirectory, 'trusted_root.json');
  return existsSync(path) ? path : undefined;
}
