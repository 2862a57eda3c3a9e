// strace, the system's own or Debian's: shows that no answer leaves before the sync that covers it.
import { existsSync } from 'node:fs';
import type { Client, Installed } from './client.ts';
import { runProgram } from './client.ts';
import { installFromDebian } from './debian.ts';

export const strace: Client = { name: 'strace', install };

export async function install(): Promise<Installed> {
  if (existsSync('/usr/bin/strace')) {
    const { stdout } = await runProgram('/usr/bin/strace', ['--version']);
    return { path: '/usr/bin/strace', version: /version (\S+)/.exec(stdout)?.[1] ?? 'unknown' };
  }
  return installFromDebian({
    package: 'strace',
    suite: undefined,
    version: '6.1-0.1',
    sha256: {},
    binary: 'usr/bin/strace',
  });
}
