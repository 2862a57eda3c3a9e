// certbot: docs/how-to/certbot.md as it is printed.
import { install } from '../../clients/certbot.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const CERTIFICATE = `certbot/live/${NAME}/fullchain.pem`;
const WILDCARD = 'certbot/live/wildcard/fullchain.pem';
const first = new Memory();

clientSuite({
  name: 'certbot',
  installed: await install(),
  programs: (path) => ({ certbot: path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    ZONE: 'example.test',
    HTTP_PORT: String(at.server.laboratory.httpPort),
    DNS_HOOK: at.server.laboratory.dnsHook,
  }),
  steps: {
    Account: {},
    'Issue by http-01': { after: async ({ good }) => first.keep(await good(CERTIFICATE, NAMES)) },
    'Issue a wildcard by dns-01': {
      after: async ({ good }) => void (await good(WILDCARD, ['any.example.test'])),
    },
    Renew: {
      before: ({ server, guide }) => server.hurry(guide.file(CERTIFICATE)),
      after: async ({ good, renewed }) => {
        await good(CERTIFICATE, NAMES);
        await renewed(CERTIFICATE, first.serial);
      },
    },
    Revoke: { after: ({ revoked }) => revoked(WILDCARD) },
    "Revoke with the certificate's key": { after: ({ revoked }) => revoked(CERTIFICATE) },
    'Give up the account': {},
  },
});
