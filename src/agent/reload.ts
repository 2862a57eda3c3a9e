// Tells a program that its certificate is new, and looks whether it serves it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import type { RequestedName } from '../policy/issuance.ts';
import type { Reach } from '../reach/reach.ts';
import type { CheckConfig, ReloadConfig } from './config.ts';

const COMMAND_TIMEOUT_MS = 60_000;
const CHECK_TIMEOUT_MS = 5_000;
/** A program may take a while to take files up. */
const CHECK_PATIENCE_MS = 15_000;
const CHECK_PAUSE_MS = 500;

export interface ReloadDeps {
  readonly reach: Reach;
  /** What started programs see: an allow-listed part of the agent's own. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws SealyardError `SY-AGENT-RELOAD` */
export async function reload(how: ReloadConfig, deps: ReloadDeps): Promise<void> {
  switch (how.kind) {
    case 'signal':
      return signalProcess(how.pidFile, how.signal);
    case 'command':
      return run(how.command, deps.environment);
    case 'systemd':
      return run(['systemctl', 'reload', how.unit], deps.environment);
    case 'http':
      return post(how, deps.reach);
  }
}

function signalProcess(pidFile: string, signal: NodeJS.Signals): void {
  try {
    const pid = Number(/^(\d{1,10})\s*$/.exec(readFileSync(pidFile, 'utf8'))?.[1]);
    // 0 and 1 would reach a whole group or the system's first process.
    if (!(pid > 1)) throw new SealyardError('SY-AGENT-RELOAD', `${pidFile} holds no process id`);
    process.kill(pid, signal);
  } catch (error) {
    if (error instanceof SealyardError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'failed';
    throw new SealyardError('SY-AGENT-RELOAD', `${signal} by ${pidFile}: ${code}`, { cause: error });
  }
}

function run(
  [program, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { env: { ...environment }, timeout: COMMAND_TIMEOUT_MS, maxBuffer: 64 * 1024 };
    execFile(program, args, options, (error, _out, err) => {
      if (error === null) return resolve();
      const said = err.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
      reject(new SealyardError('SY-AGENT-RELOAD', `${program} failed: ${said}`, { cause: error }));
    });
  });
}

async function post(how: Extract<ReloadConfig, { kind: 'http' }>, reach: Reach): Promise<void> {
  const roots = how.roots === undefined ? {} : { roots: readFileSync(how.roots, 'utf8') };
  const { status } = await reach.fetch(how.url, {
    method: 'POST',
    maxBytes: 64 * 1024,
    timeoutMs: 10_000,
    ...roots,
  });
  if (status >= 300) throw new SealyardError('SY-AGENT-RELOAD', `${how.url} answered ${status}`);
}

/**
 * Looks at the certificate that is served until it is this one, with some patience.
 * @throws SealyardError `SY-AGENT-SERVED`
 */
export async function checkServed(
  check: CheckConfig,
  leaf: Uint8Array,
  names: readonly RequestedName[],
  signal: AbortSignal,
): Promise<void> {
  const name = check.serverName ?? names.find(({ type }) => type === 'dns')?.value;
  const until = performance.now() + CHECK_PATIENCE_MS;
  const where = `${check.address.host}:${check.address.port}`;
  for (;;) {
    const served = await servedLeaf(check, name, signal);
    if (served !== undefined && equalBytes(served, leaf)) return;
    if (performance.now() >= until || signal.aborted)
      throw new SealyardError('SY-AGENT-SERVED', served === undefined ? `${where} does not answer` : where);
    await new Promise((resolve) => setTimeout(resolve, CHECK_PAUSE_MS));
  }
}

function servedLeaf(
  { address }: CheckConfig,
  name: string | undefined,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    // What is served is compared octet by octet; whether it is trusted is another question.
    const socket = connect({
      ...address,
      rejectUnauthorized: false,
      ...(name === undefined || isIP(name) !== 0 ? {} : { servername: name.replace(/^\*\./, 'check.') }),
    });
    const done = (found: Uint8Array | undefined) => {
      socket.destroy();
      resolve(found);
    };
    signal.addEventListener('abort', () => done(undefined), { once: true });
    socket.setTimeout(CHECK_TIMEOUT_MS, () => done(undefined));
    socket.once('error', () => done(undefined));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      done(certificate === undefined ? undefined : new Uint8Array(certificate.raw));
    });
  });
}
