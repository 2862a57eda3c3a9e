// What the bench wants of another CA that it measures beside ours: where it listens, how it is stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Peer extends AsyncDisposable {
  /** With its version. */
  readonly name: string;
  /** ACME directory. */
  readonly directory: string;
  /** PEM file of the roots that its listener's certificate leads to. */
  readonly rootsFile: string;
  /** Where it keeps its records; absent: nowhere. */
  readonly data?: string;
  readonly pid: number;
}

export interface PeerOptions {
  /** Where http-01 is looked for on 127.0.0.0/8. */
  readonly httpPort: number;
  /** Put before its program: `['taskset', '-c', '0']`. */
  readonly wrapper: readonly string[];
}

/** Either a running peer or why this machine cannot have it. */
export type StartedPeer = Peer | { readonly skip: string };

const ANSWERS_WITHIN_MS = 15_000;

/** Starts a program and resolves when `url` answers; the second part ends it. */
export async function startProgram(o: {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string;
  readonly rootsFile: string;
  /** For what it writes to its outputs. */
  readonly folder: string;
}): Promise<{ readonly pid: number; stop(): Promise<void> }> {
  const [program = '', ...args] = o.command;
  // To a file: a pipe that a busy driver does not read would stop the server.
  const log = join(o.folder, 'said.log');
  const output = openSync(log, 'w');
  const child = spawn(program, args, { stdio: ['ignore', output, output], env: o.environment });
  closeSync(output);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    await end(child);
  };
  const deadline = performance.now() + ANSWERS_WITHIN_MS;
  while (!(await answers(o.url, readFileSync(o.rootsFile)))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop();
      throw new Error(`${program} does not answer: ${readFileSync(log, 'utf8').slice(-2_000)}`);
    }
    await sleep(50);
  }
  return { pid: child.pid ?? 0, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

function answers(url: string, ca: Buffer): Promise<boolean> {
  return new Promise((done) => {
    const sent = request(
      url,
      { ca, timeout: 2_000, headers: { 'user-agent': 'sealyard-bench' } },
      (response) => {
        response.resume().on('end', () => done(response.statusCode === 200));
      },
    );
    sent.on('error', () => done(false)).end();
  });
}
