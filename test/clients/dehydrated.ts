// dehydrated, unmodified, from Debian sid: one shell script over curl and openssl.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const dehydrated: Client = { name: 'dehydrated', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'dehydrated',
    suite: 'sid',
    version: '0.7.2-2',
    sha256: { all: 'b929eb121771825fa0192cd522239f0561ee4e756666b37d449c53745b743ba0' },
    binary: 'usr/bin/dehydrated',
  });
}
