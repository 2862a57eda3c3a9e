// certbot, unmodified, from PyPI.
import type { Client, Installed } from './client.ts';
import { installFromPyPi } from './python.ts';

export const certbot: Client = { name: 'certbot', install };

export function install(): Promise<Installed> {
  return installFromPyPi({
    name: 'certbot',
    version: '5.8.0',
    requirements: 'certbot-requirements.txt',
    binary: 'certbot',
    leastMinor: 10,
  });
}
