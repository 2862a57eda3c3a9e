// docker-registry (CNCF distribution), from the suite that this machine runs. 2.8 has no referrers API, so clients
// fall back to the tag schema; the interop tests count on that path being walked.
import type { Client, Installed } from './client.ts';
import { installFromDebian } from './debian.ts';

export const dockerRegistry: Client = { name: 'docker-registry', install };

export function install(): Promise<Installed> {
  return installFromDebian({
    package: 'docker-registry',
    suite: undefined,
    version: '2.8.2+ds1-1',
    sha256: { amd64: 'a9bd06c0e006854608f8469b4371743f40604ad90975532bb3b7ceeb72fe2913' },
    binary: 'usr/bin/docker-registry',
  });
}
