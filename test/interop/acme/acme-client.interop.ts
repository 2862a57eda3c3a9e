// acme-client of npm: docs/how-to/acme-client.md as it is printed.
import { readFileSync, symlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const first = new Memory();

clientSuite({
  name: 'acme-client',
  installed: { path: process.execPath, version: versionOf('acme-client') },
  programs: (path) => ({ node: path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    HTTP_PORT: String(at.server.laboratory.httpPort),
  }),
  // As after `npm install acme-client` in the reader's folder.
  stage: async ({ guide }) => {
    symlinkSync(resolve('node_modules'), guide.file('node_modules'));
    return { [Symbol.asyncDispose]: async () => {} };
  },
  steps: {
    'Issue by http-01': { after: async ({ good }) => first.keep(await good('fullchain.pem', NAMES)) },
    "Change the account's key": {},
    Renew: {
      after: async ({ good, renewed }) => {
        await good('fullchain.pem', NAMES);
        await renewed('fullchain.pem', first.serial);
      },
    },
    Revoke: { after: ({ revoked }) => revoked('fullchain.pem') },
    'Give up the account': {},
  },
});

function versionOf(name: string): string {
  const text = readFileSync(`node_modules/${name}/package.json`, 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
