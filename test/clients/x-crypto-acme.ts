// golang.org/x/crypto/acme, unmodified, under a small program of ours (it is a library): built from the module proxy.
import { resolve } from 'node:path';
import type { Client, Installed } from './client.ts';
import { installGoProgram } from './go.ts';

export const xCryptoAcme: Client = { name: 'x-crypto-acme', install };

export function install(): Promise<Installed> {
  return installGoProgram({
    name: 'x-crypto-acme',
    module: 'golang.org/x/crypto',
    version: 'v0.58.0',
    sum: 'h1:COkYLr4k7nDI4r6QtMML2AfzeIswWHAJthLS6K/M/54=',
    source: resolve('test', 'interop', 'acme', 'x-crypto-acme'),
  });
}
