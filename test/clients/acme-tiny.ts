// acme-tiny, unmodified, from Debian sid: one Python module that needs Python alone; it is itself a program.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const acmeTiny: Client = { name: 'acme-tiny', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'acme-tiny',
    suite: 'sid',
    version: '1:5.0.3-1',
    sha256: { all: '9b91c92549712e3d56b27d1a9ca623e36c7caf0faa4a2fb74439ed5cf9b5f7a5' },
    binary: 'usr/lib/python3/dist-packages/acme_tiny.py',
  });
}
