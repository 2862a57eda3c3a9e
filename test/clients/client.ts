// What every installer of an outside client answers with, and how it runs a program.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Where the program is and which version it says it has; or why this machine cannot have it. */
export type Installed = { readonly path: string; readonly version: string } | { readonly skip: string };

export interface Client {
  readonly name: string;
  install(): Promise<Installed>;
}

const execute = promisify(execFile);

/** Runs a program without a shell; both outputs as text. Rejects on a non-zero status. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly timeoutMs?: number;
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<{ stdout: string; stderr: string }> {
  return execute(program, [...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    timeout: options.timeoutMs ?? 300_000,
    maxBuffer: 16 * 1024 * 1024,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', ...options.environment },
  });
}
