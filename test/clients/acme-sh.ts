// acme.sh, unmodified, from Debian sid (trixie has it too): one shell script over curl and openssl.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const acmeSh: Client = { name: 'acme.sh', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'acme.sh',
    suite: 'sid',
    version: '3.1.5+~cs0.0.20260919-1',
    sha256: { all: 'c7df8c36483a20dc04981354af7bef6841f6a886330995104d92c672334e8e00' },
    binary: 'usr/share/acme.sh/acme.sh',
  });
}
