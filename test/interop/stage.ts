// What the interop suites stand on: outside programs, a registry, a yard of the built artefact, and a job's token.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { install as installCosign } from '../clients/cosign.ts';
import { install as installRegistry } from '../clients/docker-registry.ts';
import { type Folder, temporaryFolder } from '../driver/folder.ts';
import { freePort } from '../driver/port.ts';
import { type CommandResult, type RunningYard, startYard } from '../driver/yard.ts';
import { startRegistry, type TestRegistry } from './registry.ts';

export const SUBJECT = 'acme/shop/release';

export interface Stage extends AsyncDisposable {
  readonly folder: Folder;
  readonly registry: TestRegistry;
  readonly yard: RunningYard;
  readonly tokenFile: string;
  readonly trustedRoot: string;
  readonly signingConfig: string;
  /** Of the certificates that the built-in issuer's tokens lead to. */
  readonly issuer: string;
  readonly identity: string;
  cosign(args: readonly string[]): Promise<CommandResult>;
}

/** Why this machine cannot run the suites, if it cannot. */
export async function missingPrograms(): Promise<string | undefined> {
  for (const installed of [await installCosign(), await installRegistry()]) {
    if ('skip' in installed) return installed.skip;
  }
  return undefined;
}

export async function openStage(): Promise<Stage> {
  const [cosign, registryProgram] = [await installCosign(), await installRegistry()];
  if ('skip' in cosign) throw new Error(cosign.skip);
  if ('skip' in registryProgram) throw new Error(registryProgram.skip);
  const folder = temporaryFolder('interop');
  const registry = await startRegistry(registryProgram.path);
  const yard = await startDocumentedYard(folder.file('yard'), registry.host);
  const files = await exportTrust(yard, folder);
  const tokenFile = folder.file('job.token');
  await yard.ask('token', 'ci', SUBJECT, '--out', tokenFile);
  const issuer = `${yard.url}/oidc`;
  return {
    folder,
    registry,
    yard,
    tokenFile,
    ...files,
    issuer,
    identity: `${issuer}/${SUBJECT}`,
    cosign: (args) => runCosign(cosign.path, args, { SSL_CERT_FILE: yard.rootsFile, HOME: folder.path }),
    [Symbol.asyncDispose]: async () => {
      await yard.stop();
      await registry[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

/**
 * A yard as the documented policy file describes it: the built-in issuer is on and registries on loopback may be
 * reached. `shift` moves its clock.
 */
export async function startDocumentedYard(
  data: string,
  registryHost = 'localhost:5000',
  o: { readonly clockShiftMs?: number; readonly wrapper?: readonly string[] } = {},
): Promise<RunningYard> {
  const args = ['--development', '--allow-private-addresses'];
  if (!existsSync(`${data}/policy.yaml`)) {
    const port = await freePort();
    mkdirSync(data, { recursive: true, mode: 0o700 });
    writeFileSync(`${data}/policy.yaml`, documentedPolicy(`https://127.0.0.1:${port}`, registryHost));
    args.push('--listen', `127.0.0.1:${port}`);
  }
  const nodeArgs = o.clockShiftMs === undefined ? [] : ['--import', shiftedClock(o.clockShiftMs)];
  return startYard({ data, args, nodeArgs, ...(o.wrapper === undefined ? {} : { wrapper: o.wrapper }) });
}

/** docs/examples/policy.yaml with this yard's and this registry's address in the place of the usual ones. */
export function documentedPolicy(yardUrl: string, registryHost: string): string {
  const text = readFileSync('docs/examples/policy.yaml', 'utf8');
  return text.replaceAll('https://127.0.0.1:8443', yardUrl).replaceAll('localhost:5000', registryHost);
}

// A module that moves the wall clock of the process (and of its threads), and of nothing else on the machine.
function shiftedClock(ms: number): string {
  const source = `const Real = Date; const shift = ${ms};
    globalThis.Date = class Date extends Real {
      constructor(...given) { if (given.length === 0) super(Real.now() + shift); else super(...given); }
      static now() { return Real.now() + shift; }
    };`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

async function exportTrust(
  yard: RunningYard,
  folder: Folder,
): Promise<{ trustedRoot: string; signingConfig: string }> {
  const [trustedRoot, signingConfig] = [folder.file('trusted_root.json'), folder.file('signing_config.json')];
  await yard.ask('trust', 'export', '--trusted-root', '--out', trustedRoot);
  await yard.ask('trust', 'export', '--signing-config', '--out', signingConfig);
  return { trustedRoot, signingConfig };
}

export function runCosign(
  path: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const options = { timeout: 60_000, env: { PATH: process.env['PATH'] ?? '', ...environment } };
  return new Promise((settle) => {
    execFile(path, [...args], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      settle({ status, stdout, stderr });
    });
  });
}
