// uacme and its tls-alpn-01 responder ualpn, unmodified, from the suite that this machine runs (C, over its libcurl and
// libgnutls); libev is brought beside them.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Client, type Installed, runProgram } from './client.ts';
import { installFromDebian } from './debian.ts';

export const uacme: Client = { name: 'uacme', install };

export async function install(): Promise<Installed> {
  const installed = await installFromDebian({
    package: 'uacme',
    suite: undefined,
    version: '1.7.4-1',
    sha256: { amd64: '6beb87f76dbff0a5761b7a0f571b3601ef68b32e6718290e5395f3bffa91fe41' },
    binary: 'usr/bin/uacme',
    also: [
      {
        package: 'libev4',
        version: '1:4.33-1',
        sha256: { amd64: '1b35aebfabf4f1dba891c9cc0b7352e8402dac4efef1e34a41359ce5bd68aacf' },
      },
    ],
  });
  if ('skip' in installed) return installed;
  const said = await saysOf(installed.path);
  return said.includes('uacme: version')
    ? installed
    : { skip: `uacme does not run here: ${said.slice(0, 200)}` };
}

// It says its version with a status other than 0.
async function saysOf(path: string): Promise<string> {
  const run = runProgram(path, ['--version']);
  const { stdout, stderr } = await run.catch((error: { stdout?: string; stderr?: string }) => error);
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** Where the libraries are that the machine may not have, for `LD_LIBRARY_PATH`. */
export function libraries(path: string): string {
  const lib = join(dirname(dirname(resolve(path))), 'lib');
  return ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((name) => join(lib, name)).find(existsSync) ?? lib;
}
