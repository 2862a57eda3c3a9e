// acme-tiny: docs/how-to/acme-tiny.md as it is printed.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { install } from '../../clients/acme-tiny.ts';
import { temporaryFolder } from '../../driver/folder.ts';
import { clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const first = new Memory();
const folder = temporaryFolder('acme-tiny');
process.on('exit', () => folder[Symbol.dispose]());

clientSuite({
  name: 'acme-tiny',
  installed: await install(),
  programs: (path) => ({ 'acme-tiny': asProgram(path) }),
  settings: (at) => ({ ...usualSettings(at), WEBROOT: 'web' }),
  stage: ({ server, guide }) => server.laboratory.serve(guide.file('web')),
  steps: {
    'Keys and request': {},
    Issue: { after: async ({ good }) => first.keep(await good('fullchain.pem', [NAME])) },
    Renew: {
      after: async ({ good, renewed }) => {
        await good('fullchain.pem', [NAME]);
        await renewed('fullchain.pem', first.serial);
      },
    },
  },
});

// The package's own starter looks for the module among the system's.
function asProgram(module: string): string {
  const script = folder.file('acme-tiny');
  writeFileSync(script, `#!/bin/sh\nexec python3 ${resolve(module)} "$@"\n`, { mode: 0o755 });
  return script;
}
