// pkilint, unmodified, from PyPI: the linter that public authorities run, a second opinion on ours.
import type { Client, Installed } from './client.ts';
import { installFromPyPi } from './python.ts';

export const pkilint: Client = { name: 'pkilint', install };

export function install(): Promise<Installed> {
  return installFromPyPi({
    name: 'pkilint',
    version: '0.13.3',
    requirements: 'pkilint-requirements.txt',
    binary: 'lint_pkix_cert',
    leastMinor: 11,
  });
}
