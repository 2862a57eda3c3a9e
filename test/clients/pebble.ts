// Pebble, the test server of Let's Encrypt, from Debian sid: the scenarios are proven against it, and the bench runs beside it.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const pebble: Client = { name: 'pebble', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'pebble',
    suite: 'sid',
    version: '2.10.0+ds1-2',
    sha256: { amd64: 'b9a3a3920143f1a6fc568dfa88247be22cafa96c845fe62938c08982a15df315' },
    binary: 'usr/bin/pebble',
  });
}
