// Programs from PyPI: a virtual environment of their own below .cache/clients, every package pinned by version and SHA-256.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Installed, runProgram } from './client.ts';

export interface PythonProgram {
  readonly name: string;
  readonly version: string;
  /** File of this folder: packages, versions and hashes, as pip-compile writes them. */
  readonly requirements: string;
  /** Below `bin` of the environment. */
  readonly binary: string;
  /** The oldest Python 3 that has packages of these versions. */
  readonly leastMinor: number;
}

/** Installs once; afterwards answers from the cache, as long as the requirements stay the same. */
export async function installFromPyPi(program: PythonProgram): Promise<Installed> {
  const { version } = program;
  const requirements = resolve('test', 'clients', program.requirements);
  const place = resolve('.cache', 'clients', `${program.name}-pypi`);
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const path = join(place, 'bin', program.binary);
  const note = join(place, 'key');
  if (existsSync(path) && existsSync(note) && readFileSync(note, 'utf8') === key) return { path, version };
  const missing = await whatIsMissing(program);
  if (missing !== undefined) return { skip: missing };
  // A virtual environment knows its own path, so it is made where it stays; its note goes in last.
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  await runProgram('python3', ['-m', 'venv', place]);
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary', ':all:'];
  await runProgram(join(place, 'bin', 'pip'), ['install', ...options, '-r', requirements]);
  writeFileSync(`${note}.new`, key);
  renameSync(`${note}.new`, note);
  return { path, version };
}

async function whatIsMissing({ name, leastMinor }: PythonProgram): Promise<string | undefined> {
  const probe = 'import ensurepip, sys; print(sys.version_info.minor)';
  try {
    const { stdout } = await runProgram('python3', ['-c', probe]);
    return Number(stdout) >= leastMinor
      ? undefined
      : `${name} needs Python 3.${leastMinor}; here is 3.${stdout.trim()}`;
  } catch {
    return `${name} needs python3 with its module venv, and this machine has none`;
  }
}
