// Programs on one core of their own: the server's side on the first, whoever drives it on the second.
import { execFile, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The core that a measured server has to itself. */
export const SERVER_CORE = 0;
/** The core of whoever asks it. */
export const DRIVER_CORE = 1;
const TIMEOUT_MS = 120_000;

/** What to put before a program for it to stay on a core; nothing where the machine cannot. */
export function pinnedTo(core: number): readonly string[] {
  const possible =
    availableParallelism() > 1 && spawnSync('taskset', ['-c', String(core), 'true']).status === 0;
  return possible ? ['taskset', '-c', String(core)] : [];
}

/** Keeps this process, and what it starts from now on, on a core. */
export function pinMyself(core: number): void {
  if (pinnedTo(core).length > 0) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)]);
}

/** Runs one of the bench's own programs on a core; gives the JSON that it printed. */
export function runPinned(core: number, file: string, args: readonly string[]): Promise<string> {
  const [program = '', ...rest] = [...pinnedTo(core), process.execPath, file, ...args];
  return new Promise((settle, fail) => {
    execFile(program, rest, { timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) settle(stdout);
      else fail(new Error(`${file} failed: ${stderr}`, { cause: error }));
    });
  });
}
