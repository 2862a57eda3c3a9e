// lego 4, unmodified, from Debian sid (Go, needs nothing but the C library). lego 5 is not packaged yet.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const lego: Client = { name: 'lego', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'lego',
    suite: 'sid',
    version: '4.35.2-3',
    sha256: { amd64: 'de540086662377ee6bd4557bb46d93b8dd0265ad979b96d6eecdd7de6c21b13a' },
    binary: 'usr/bin/lego',
  });
}
