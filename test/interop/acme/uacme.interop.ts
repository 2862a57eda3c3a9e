// uacme: docs/how-to/uacme.md as it is printed. It trusts the system's roots alone, so it runs where our roots are those.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Installed } from '../../clients/client.ts';
import { install } from '../../clients/uacme.ts';
import { temporaryFolder } from '../../driver/folder.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const CERTIFICATE = `uacme/${NAME}/cert.pem`;
const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';
const first = new Memory();

const folder = temporaryFolder('uacme');
process.on('exit', () => folder[Symbol.dispose]());

clientSuite({
  name: 'uacme',
  installed: await installable(),
  programs: (path) => ({ uacme: withOwnRoots(path) }),
  settings: (at) => ({ ...usualSettings(at), ...bindingSettings(at), WEBROOT: 'web' }),
  stage: ({ server, guide }) => server.laboratory.serve(guide.file('web')),
  steps: {
    Account: {},
    'Issue by http-01': { after: async ({ good }) => first.keep(await good(CERTIFICATE, NAMES)) },
    "Change the account's key": {},
    Renew: {
      after: async ({ good, renewed }) => {
        await good(CERTIFICATE, NAMES);
        await renewed(CERTIFICATE, first.serial);
      },
    },
    Revoke: { after: ({ revoked }) => revoked('revoked.pem') },
    'Give up the account': {},
  },
});

async function installable(): Promise<Installed> {
  const inOwnMounts = spawnSync('unshare', [
    '--map-root-user',
    '--mount',
    'mount',
    '--bind',
    '/dev/null',
    SYSTEM_ROOTS,
  ]);
  if (inOwnMounts.status !== 0)
    return {
      skip: "uacme trusts the system's roots alone, and this machine lets nobody mount others over them",
    };
  return install();
}

/** A program that runs uacme where, for it alone, the system's roots are those of the settings. */
function withOwnRoots(path: string): string {
  const mounts = `mount --bind "$ACME_ROOTS" ${SYSTEM_ROOTS} && exec ${resolve(path)} "$@"`;
  const script = folder.file('uacme');
  writeFileSync(script, `#!/bin/sh\nexec unshare --map-root-user --mount sh -c '${mounts}' uacme "$@"\n`, {
    mode: 0o755,
  });
  return script;
}
