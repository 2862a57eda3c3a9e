// Caddy, unmodified, from Debian sid (Go, needs nothing but the C library).
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const caddy: Client = { name: 'caddy', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'caddy',
    suite: 'sid',
    version: '2.11.4-1',
    sha256: { amd64: '76f461ef3a123b18d77c4653a10b14d77b92c4ca13654a05236e9d5e9c49e3f3' },
    binary: 'usr/bin/caddy',
  });
}
