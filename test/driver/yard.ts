// Runs a yard as its own process, the way a user does: the built program, free ports, a folder of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What users install. */
export const BUILT = resolve('dist', 'cli', 'entry.js');
/** Killed after it. */
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const COMMAND_TIMEOUT_MS = 60_000;

export interface YardOptions {
  readonly data: string;
  /** Further arguments of `sealyard up`. */
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Put before node and its arguments: `['taskset', '-c', '0']`, a tracer. */
  readonly wrapper?: readonly string[];
  /** What starts it, in the place of the built entry point and `up`: `['npm', 'start', '--silent', '--']`. */
  readonly command?: readonly string[];
  /** Arguments of Node itself. */
  readonly nodeArgs?: readonly string[];
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A yard that said it is ready. */
export class RunningYard {
  readonly url: string;
  readonly plainUrl: string;
  readonly data: string;
  readonly child: ChildProcess;
  readonly readyMs: number;
  readonly #said: () => string;

  constructor(o: {
    url: string;
    plainUrl: string;
    data: string;
    child: ChildProcess;
    readyMs: number;
    said: () => string;
  }) {
    this.url = o.url;
    this.plainUrl = o.plainUrl;
    this.data = o.data;
    this.child = o.child;
    this.readyMs = o.readyMs;
    this.#said = o.said;
  }

  /** Path of its root certificates. */
  get rootsFile(): string {
    return join(this.data, 'roots.pem');
  }

  get rootsPem(): string {
    return readFileSync(this.rootsFile, 'utf8');
  }

  /** What it wrote to standard error, the last 64 KiB. */
  get said(): string {
    return this.#said();
  }

  /** Runs a command of the same program against this yard. */
  sealyard(...args: readonly string[]): Promise<CommandResult> {
    return runSealyard(['--data', this.data, ...args]);
  }

  /** The same, which must succeed; gives the JSON object that it printed. */
  async ask(...args: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
    const result = await this.sealyard('--json', ...args);
    if (result.status !== 0) throw new Error(`sealyard ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return JSON.parse(result.stdout) as Readonly<Record<string, unknown>>;
  }

  /** Orderly end (SIGTERM); kills where it does not come. */
  async stop(): Promise<void> {
    await end(this.child, 'SIGTERM', STOP_TIMEOUT_MS);
  }

  /** The end that a power cut or an impatient kernel brings. */
  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL', STOP_TIMEOUT_MS);
  }
}

// A test that fails half way must not leave a yard running.
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a yard and resolves when it is ready; started again on the same folder it keeps its address. */
export async function startYard(o: YardOptions): Promise<RunningYard> {
  const startedAt = performance.now();
  const usual = [process.execPath, ...(o.nodeArgs ?? []), BUILT, 'up'];
  const args = ['--data', o.data, '--json', '--no-tour', ...addressesOf(o.data, o.args ?? [])];
  const [program = '', ...rest] = [...(o.wrapper ?? []), ...(o.command ?? usual), ...args];
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...o.environment },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-65_536);
  });
  const line = await firstLine(child, () => said);
  const ready = JSON.parse(line) as { code: string; url: string; plainUrl: string };
  if (ready.code !== 'SY-OK') throw new Error(`the yard did not start: ${line}`);
  const readyMs = performance.now() - startedAt;
  return new RunningYard({
    url: ready.url,
    plainUrl: ready.plainUrl,
    data: o.data,
    child,
    readyMs,
    said: () => said,
  });
}

/** `sealyard` with these arguments and nothing of this process's Sealyard environment. */
export function runSealyard(
  args: readonly string[],
  o: { readonly cwd?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<CommandResult> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^SEALYARD_|^CI$/.test(name)),
  );
  const options = {
    timeout: COMMAND_TIMEOUT_MS,
    env: { ...environment, ...o.environment },
    maxBuffer: 64 * 1024 * 1024,
  };
  return new Promise((settle) => {
    execFile(
      process.execPath,
      [BUILT, ...args],
      { ...options, ...(o.cwd ? { cwd: o.cwd } : {}) },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        settle({ status, stdout, stderr });
      },
    );
  });
}

// The public URL is fixed at first start, so the ports that were free then are asked for again.
function addressesOf(data: string, args: readonly string[]): string[] {
  const file = join(data, 'yard.json');
  const known = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { url: string; plainUrl?: string })
    : undefined;
  const at = (url: string | undefined): string => `127.0.0.1:${url === undefined ? '0' : new URL(url).port}`;
  const listen = args.includes('--listen') ? [] : ['--listen', at(known?.url)];
  return [...listen, '--listen-plain', at(known?.plainUrl), ...args];
}

async function firstLine(child: ChildProcess, said: () => string): Promise<string> {
  const { stdout } = child;
  if (stdout === null) throw new TypeError('the yard was started without an output');
  let text = '';
  const line = new Promise<string>((done, fail) => {
    stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const at = text.indexOf('\n');
      if (at >= 0) done(text.slice(0, at));
    });
    child.once('error', fail);
    child.once('exit', (code, signal) =>
      fail(new Error(`the yard ended before it was ready (${code ?? signal}): ${text}${said()}`)),
    );
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_TIMEOUT_MS);
  try {
    return await line;
  } finally {
    clearTimeout(timer);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await ended;
  clearTimeout(timer);
}
