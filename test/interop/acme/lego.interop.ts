// lego: docs/how-to/lego.md as it is printed.
import { install } from '../../clients/lego.ts';
import { GRANTED_NAME } from './policy.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const CERTIFICATE = `lego/certificates/${NAME}.crt`;
const ADDRESS = '127.0.0.1';
const first = new Memory();

clientSuite({
  name: 'lego',
  installed: await install(),
  programs: (path) => ({ lego: path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    ZONE: 'example.test',
    GRANTED_NAME,
    ADDRESS,
    HTTP_PORT: String(at.server.laboratory.httpPort),
    TLS_PORT: String(at.server.laboratory.tlsPort),
    DNS_HOOK: at.server.laboratory.dnsHook,
  }),
  // It looks for the zone's SOA record itself.
  environment: ({ server }) => ({ LEGO_DNS_RESOLVERS: server.laboratory.resolver }),
  steps: {
    'Issue by http-01': { after: async ({ good }) => first.keep(await good(CERTIFICATE, NAMES)) },
    'Issue by tls-alpn-01': {
      after: async ({ good }) => void (await good(`lego/certificates/tls.${NAME}.crt`, [`tls.${NAME}`])),
    },
    'Issue a wildcard by dns-01': {
      after: async ({ good }) =>
        void (await good('lego/certificates/_.example.test.crt', ['any.example.test'])),
    },
    'Issue without a challenge': {
      after: async ({ good }) => void (await good(`lego/certificates/${GRANTED_NAME}.crt`, [GRANTED_NAME])),
    },
    'Issue for an address': {
      after: async ({ good }) => void (await good(`lego/certificates/${ADDRESS}.crt`, [ADDRESS])),
    },
    Renew: {
      before: ({ server, guide }) => server.hurry(guide.file(CERTIFICATE)),
      after: async ({ good, renewed }) => {
        await good(CERTIFICATE, NAMES);
        await renewed(CERTIFICATE, first.serial);
      },
    },
    Revoke: { after: ({ revoked }) => revoked(CERTIFICATE) },
  },
});
