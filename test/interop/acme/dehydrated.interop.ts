// dehydrated: docs/how-to/dehydrated.md as it is printed.
import { install } from '../../clients/dehydrated.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const CERTIFICATE = `dehydrated/certs/${NAME}/fullchain.pem`;
const first = new Memory();

clientSuite({
  name: 'dehydrated',
  installed: await install(),
  programs: (path) => ({ dehydrated: path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    ZONE: 'example.test',
    WEBROOT: 'web',
    DNS_HOOK: at.server.laboratory.dnsHook,
  }),
  stage: ({ server, guide }) => server.laboratory.serve(guide.file('web')),
  steps: {
    Account: {},
    'Issue by http-01': { after: async ({ good }) => first.keep(await good(CERTIFICATE, NAMES)) },
    'Issue a wildcard by dns-01': {
      after: async ({ good }) =>
        void (await good('dehydrated/certs/wildcard/fullchain.pem', ['any.example.test'])),
    },
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
