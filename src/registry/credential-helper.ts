// Runs docker's credential helpers: `docker-credential-<name> get`, the server address on standard input.
import { type ChildProcess, spawn } from 'node:child_process';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, parseJson } from '../ground/json.ts';
import type { Credential, CredentialHelper } from './credentials.ts';

const MAX_OUTPUT_BYTES = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 10_000;
// What helpers print, with status 1, where they hold nothing for the address.
const NOTHING_STORED = /credentials not found/i;

/**
 * @param o.environment the whole environment of the program, already cut down to what it may know (PATH, HOME…)
 */
export function credentialHelper(o: {
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}): CredentialHelper {
  return async (helper, serverAddress) => {
    // The name comes from a file; a path in it would run any program of the machine.
    if (!/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(helper))
      throw new SealyardError('SY-REGISTRY-CREDENTIALS', 'the name of a credential helper is malformed');
    const program = `docker-credential-${helper}`;
    const { status, output } = await run(program, serverAddress, o.environment, o.timeoutMs);
    if (status !== 0) {
      if (NOTHING_STORED.test(output)) return undefined;
      throw new SealyardError('SY-REGISTRY-CREDENTIALS', `${program} ended with status ${status}`);
    }
    return readAnswer(program, output);
  };
}

function readAnswer(program: string, output: string): Credential {
  let answer: unknown;
  try {
    answer = parseJson(output, { maxLength: MAX_OUTPUT_BYTES, maxDepth: 4 });
  } catch (error) {
    if (!isSealyardError(error)) throw error;
  }
  const { Username: username, Secret: secret } = isRecord(answer) ? answer : {};
  if (typeof username !== 'string' || typeof secret !== 'string' || secret === '')
    throw new SealyardError('SY-REGISTRY-CREDENTIALS', `${program} gave no user name and secret`);
  // The helpers' protocol marks an identity token by this user name.
  if (username === '<token>') return { kind: 'identity-token', token: secret };
  return { kind: 'basic', username, password: secret };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value as Parameters<typeof isObject>[0]);
}

function run(
  program: string,
  input: string,
  environment: Readonly<Record<string, string>>,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<{ status: number; output: string }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that what the program started ends with it and cannot hold its output open.
    const child = spawn(program, ['get'], {
      env: { ...environment },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    const timer = setTimeout(() => fail('did not end in time'), timeoutMs);
    const fail = (why: string): void => {
      clearTimeout(timer);
      endGroup(child);
      child.stdout.destroy();
      reject(new SealyardError('SY-REGISTRY-CREDENTIALS', `${program}: ${why}`));
    };
    let output = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (chunk: string) => {
      output += chunk;
      if (output.length > MAX_OUTPUT_BYTES) fail('printed too much');
    });
    child.on('error', (error) => fail('code' in error ? String(error.code) : 'cannot be started'));
    child.on('close', (status) => {
      clearTimeout(timer);
      if (status === null) fail('was ended');
      else resolve({ status, output });
    });
    // A program that does not read its input breaks the pipe; its exit status tells.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
