// certtool of GnuTLS, from the suite that this machine runs, whose libgnutls it uses: a third opinion on chains and lists.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const certtool: Client = { name: 'certtool', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'gnutls-bin',
    suite: undefined,
    version: '3.7.9-2+deb12u7',
    sha256: { amd64: '97f419d3bdf595c58eb384523bc0962c466335a5f2a95ca640d5b9a4f9085231' },
    binary: 'usr/bin/certtool',
  });
}
