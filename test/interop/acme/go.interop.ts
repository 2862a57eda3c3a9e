// golang.org/x/crypto/acme under a program of ours: docs/how-to/go.md as it is printed.
import { install } from '../../clients/x-crypto-acme.ts';
import { bindingSettings, clientSuite, Memory, NAME, usualSettings } from './suite.ts';

const NAMES = [NAME, `www.${NAME}`];
const first = new Memory();

clientSuite({
  name: 'go',
  installed: await install(),
  programs: (path) => ({ 'acme-go': path }),
  settings: (at) => ({
    ...usualSettings(at),
    ...bindingSettings(at),
    ZONE: 'example.test',
    HTTP_PORT: String(at.server.laboratory.httpPort),
    TLS_PORT: String(at.server.laboratory.tlsPort),
    DNS_HOOK: at.server.laboratory.dnsHook,
  }),
  steps: {
    Account: {},
    'Issue by http-01': { after: async ({ good }) => first.keep(await good('fullchain.pem', NAMES)) },
    'Issue by tls-alpn-01': {
      after: async ({ good }) => void (await good('tls/fullchain.pem', [`tls.${NAME}`])),
    },
    'Issue a wildcard by dns-01': {
      after: async ({ good }) => void (await good('wildcard/fullchain.pem', ['any.example.test'])),
    },
    Renew: {
      after: async ({ good, renewed }) => {
        await good('fullchain.pem', NAMES);
        await renewed('fullchain.pem', first.serial);
      },
    },
    Revoke: {
      after: async ({ revoked }) => {
        await revoked('fullchain.pem');
        await revoked('tls/fullchain.pem');
      },
    },
    "Change the account's key": {},
    'Give up the account': {},
  },
});
