// The load driver in Go: built once for each version of its source, run as a process of its own.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { install as installGo } from '../test/clients/go.ts';

const SOURCE = resolve(import.meta.dirname, 'load');
const BUILD_TIMEOUT_MS = 120_000;
/** Of JSON on one line. */
const MAX_OUTPUT = 64 * 1024;
const execute = promisify(execFile);

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly done: number;
  readonly failed: number;
  readonly firstError?: string;
}

export interface Load {
  readonly mode: 'acme' | 'sign';
  readonly url: string;
  readonly rootsFile: string;
  readonly clients: number;
  readonly seconds: number;
  readonly httpPort?: number;
  readonly body?: string;
  /** Goes by the environment, since arguments can be read by everybody. */
  readonly authorization?: string;
  readonly ottKeyFile?: string;
}

/** The driver's path, or why this machine cannot have it. */
export async function loadProgram(): Promise<string | { readonly skip: string }> {
  const go = await installGo();
  if ('skip' in go) return go;
  const digest = createHash('sha256');
  for (const name of readdirSync(SOURCE).sort()) digest.update(readFileSync(resolve(SOURCE, name)));
  const path = resolve('.cache', 'bench', `load-${digest.digest('hex').slice(0, 16)}`);
  if (existsSync(path)) return path;
  mkdirSync(resolve('.cache', 'bench'), { recursive: true });
  execFileSync(go.path, ['build', '-o', path, '.'], {
    cwd: SOURCE,
    env: { ...process.env, CGO_ENABLED: '0' },
    timeout: BUILD_TIMEOUT_MS,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}

/** @throws Error where anything failed: a rate with failures is no rate */
export async function runLoad(program: string, load: Load): Promise<LoadResult> {
  const { stdout } = await execute(
    program,
    [
      ...['-mode', load.mode, '-url', load.url, '-roots', load.rootsFile],
      ...['-clients', String(load.clients), '-seconds', String(load.seconds), '-warm-up', '2'],
      ...(load.httpPort === undefined ? [] : ['-http-port', String(load.httpPort)]),
      ...(load.body === undefined ? [] : ['-body', load.body]),
      ...(load.ottKeyFile === undefined ? [] : ['-ott-key', load.ottKeyFile]),
    ],
    {
      maxBuffer: MAX_OUTPUT,
      timeout: (load.seconds + 60) * 1000,
      env: { ...process.env, LOAD_AUTHORIZATION: load.authorization ?? '' },
    },
  );
  const result = JSON.parse(stdout) as LoadResult;
  if (result.failed > 0)
    throw new Error(`${result.failed} of the driver's requests failed: ${result.firstError}`);
  return result;
}

/** Bytes that a process caused to be written to disks so far (Linux). */
export function writtenBytes(pid: number | undefined): number {
  if (pid === undefined) throw new TypeError('the process did not start');
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}
