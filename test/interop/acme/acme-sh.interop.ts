// acme.sh: docs/how-to/acme-sh.md as it is printed.
import { install } from '../../clients/acme-sh.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const first = new Memory();

clientSuite({
  name: 'acme-sh',
  installed: await install(),
  programs: (path) => ({ 'acme.sh': path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    ZONE: 'example.test',
    WEBROOT: 'web',
    TLS_PORT: String(at.server.laboratory.tlsPort),
    DNS_HOOK: at.server.laboratory.dnsHook,
  }),
  stage: ({ server, guide }) => server.laboratory.serve(guide.file('web')),
  steps: {
    Account: {},
    'Issue by http-01': { after: async ({ good }) => first.keep(await good('fullchain.pem', NAMES)) },
    'Issue by tls-alpn-01': { after: async ({ good }) => void (await good('tls.pem', [`tls.${NAME}`])) },
    'Issue a wildcard by dns-01': {
      after: async ({ good }) => void (await good('wildcard.pem', ['any.example.test'])),
    },
    Renew: {
      before: ({ server, guide }) => server.hurry(guide.file('fullchain.pem')),
      after: async ({ good, renewed }) => {
        await good('fullchain.pem', NAMES);
        await renewed('fullchain.pem', first.serial);
      },
    },
    Revoke: { after: ({ revoked }) => revoked('fullchain.pem') },
    'Give up the account': {},
  },
});
