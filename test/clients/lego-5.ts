// lego 5 as a library under a small program of ours: its calls are those of Traefik 3.7. Traefik itself cannot be built
// from the module proxy: it replaces a module of its own by a folder that its module lacks, and the proxy refuses thirteen
// of the DNS services' modules that it and lego's own command need.
import { resolve } from 'node:path';
import type { Client, Installed } from './client.ts';
import { installGoProgram } from './go.ts';

export const lego5: Client = { name: 'lego-5', install };

export function install(): Promise<Installed> {
  return installGoProgram({
    name: 'lego-5',
    module: 'github.com/go-acme/lego/v5',
    version: 'v5.6.0',
    sum: 'h1:tdr1k0mPExMhqFUee09aAD8kSDcM7rha9k8IBs1wuX0=',
    source: resolve('test', 'interop', 'acme', 'lego-5'),
  });
}
