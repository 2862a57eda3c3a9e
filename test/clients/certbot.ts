// certbot, unmodified, from PyPI: a virtual environment of its own, every package pinned by version and SHA-256.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Client, type Installed, runProgram } from './client.ts';

export const certbot: Client = { name: 'certbot', install };

const VERSION = '5.8.0';
const REQUIREMENTS = resolve('test', 'clients', 'certbot-requirements.txt');
const PLACE = resolve('.cache', 'clients', 'certbot-pypi');
const LEAST_MINOR = 10;

export async function install(): Promise<Installed> {
  const key = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const path = join(PLACE, 'bin', 'certbot');
  const note = join(PLACE, 'key');
  if (existsSync(path) && existsSync(note) && readFileSync(note, 'utf8') === key)
    return { path, version: VERSION };
  const missing = await whatIsMissing();
  if (missing !== undefined) return { skip: missing };
  // A virtual environment knows its own path, so it is made where it stays; its note goes in last.
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(PLACE, { recursive: true });
  await runProgram('python3', ['-m', 'venv', PLACE]);
  const options = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary', ':all:'];
  await runProgram(join(PLACE, 'bin', 'pip'), ['install', ...options, '-r', REQUIREMENTS]);
  writeFileSync(`${note}.new`, key);
  renameSync(`${note}.new`, note);
  return { path, version: VERSION };
}

async function whatIsMissing(): Promise<string | undefined> {
  try {
    const { stdout } = await runProgram('python3', [
      '-c',
      'import ensurepip, sys; print(sys.version_info.minor)',
    ]);
    return Number(stdout) >= LEAST_MINOR
      ? undefined
      : `certbot needs Python 3.${LEAST_MINOR}; here is 3.${stdout.trim()}`;
  } catch {
    return 'certbot needs python3 with its module venv, and this machine has none';
  }
}
