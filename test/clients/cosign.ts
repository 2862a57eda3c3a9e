// cosign, unmodified, from Debian sid (static, so it runs on an older system). The binary calls itself "devel": the
// package's version is the one to record.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const cosign: Client = { name: 'cosign', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'cosign',
    suite: 'sid',
    version: '3.1.1-2',
    sha256: { amd64: 'd8622ebffce1d69197288fc030ff06a4c247af5507107f85c5a878870b686b23' },
    binary: 'usr/bin/cosign',
  });
}
