// Pebble on loopback with the laboratory's resolver: shows that a scenario is right before a yard is judged by it.
import { execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { install } from '../../clients/pebble.ts';
import { temporaryFolder } from '../../driver/folder.ts';
import { freePort } from '../../driver/port.ts';
import { openLaboratory } from './laboratory.ts';
import { type AcmeServer, SHORT_PROFILE, SHORT_SECONDS } from './server.ts';

const BINDING = {
  keyId: 'key-1',
  hmacKey: 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
};
const LIFETIME_SECONDS = 7_776_000;

const execute = promisify(execFile);

export async function openPebble(): Promise<AcmeServer> {
  const program = await install();
  if ('skip' in program) throw new Error(program.skip);
  const folder = temporaryFolder('pebble');
  const laboratory = await openLaboratory();
  const [listen, management] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const { certificate, privateKey } = await listenerCertificate(folder.file);
  const configuration = {
    listenAddress: listen,
    managementListenAddress: management,
    certificate,
    privateKey,
    httpPort: laboratory.httpPort,
    tlsPort: laboratory.tlsPort,
    externalAccountBindingRequired: false,
    externalAccountMACKeys: { [BINDING.keyId]: BINDING.hmacKey },
    retryAfter: { authz: 1, order: 1 },
    profiles: {
      default: { description: 'the usual', validityPeriod: LIFETIME_SECONDS },
      [SHORT_PROFILE]: { description: 'short-lived', validityPeriod: SHORT_SECONDS },
    },
  };
  writeFileSync(folder.file('config.json'), JSON.stringify({ pebble: configuration }));
  const child = spawn(
    program.path,
    ['-config', folder.file('config.json'), '-dnsserver', laboratory.resolver],
    {
      stdio: 'ignore',
      env: { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: '0', PEBBLE_ALTERNATE_ROOTS: '1' },
    },
  );
  const ended = once(child, 'exit');
  const ask = (method: string, path: string, body?: string): Promise<string> =>
    exchange(`https://${management}${path}`, readFileSync(certificate, 'utf8'), method, body);
  const roots = await answers(() => ask('GET', '/roots/0'));
  writeFileSync(folder.file('roots.pem'), roots + readFileSync(certificate, 'utf8'));
  return {
    name: 'pebble',
    directory: `https://${listen}/dir`,
    rootsFile: folder.file('roots.pem'),
    laboratory,
    bind: async () => BINDING,
    statusOf: async (file) => {
      const { serialNumber } = new X509Certificate(readFileSync(file));
      const answer = await ask('GET', `/cert-status-by-serial/${serialNumber.toLowerCase()}`);
      return (JSON.parse(answer) as { Status: string }).Status === 'Revoked' ? 'revoked' : 'good';
    },
    hurry: async (file) => {
      const [now, hour] = [Date.now(), 3_600_000];
      const suggestedWindow = { start: new Date(now - 2 * hour), end: new Date(now - hour) };
      const body = {
        Certificate: new X509Certificate(readFileSync(file)).toString(),
        ARIResponse: JSON.stringify({ suggestedWindow }),
      };
      await ask('POST', '/set-renewal-info/', JSON.stringify(body));
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      await laboratory[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

async function listenerCertificate(
  file: (name: string) => string,
): Promise<{ certificate: string; privateKey: string }> {
  const [certificate, privateKey] = [file('listener.pem'), file('listener.key')];
  await execute('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '1'],
    ...['-subj', '/CN=Pebble listener', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...[
      '-addext',
      'keyUsage=critical,digitalSignature,keyCertSign',
      '-out',
      certificate,
      '-keyout',
      privateKey,
    ],
  ]);
  return { certificate, privateKey };
}

function exchange(url: string, ca: string, method: string, body: string | undefined): Promise<string> {
  return new Promise((done, fail) => {
    const sent = request(
      url,
      { method, ca, timeout: 5_000, headers: { 'user-agent': 'sealyard-interop' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) done(text);
          else fail(new Error(`${url}: ${response.statusCode} ${text}`));
        });
      },
    );
    sent.on('error', fail).end(body);
  });
}

async function answers(ask: () => Promise<string>): Promise<string> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
    await sleep(25);
  }
  throw new Error('Pebble does not answer');
}
