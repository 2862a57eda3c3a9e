// tls-alpn-01 against real TLS servers: the right certificate, every wrong one, and what OpenSSL says of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import type { ValidationTarget } from '../../src/challenge/validator.ts';
import {
  type AlpnCertificate,
  type AlpnCertificateOptions,
  alpnCertificate,
} from '../driver/alpn-certificate.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { digestOf, lab, listen, target, verdict } from './lab.ts';

const NAME = 'shop.example.com';
const DNS_NAME = { type: 'dns', value: NAME } as const;

async function tlsServer(t: TestContext, options: TlsOptions) {
  const names: string[] = [];
  const SNICallback: TlsOptions['SNICallback'] = (name, done) => {
    names.push(name);
    done(null);
  };
  const server = createServer({ ALPNProtocols: ['acme-tls/1'], SNICallback, ...options }, (socket) =>
    socket.on('error', () => undefined),
  );
  server.on('tlsClientError', () => undefined);
  t.after(() => server.close());
  return { tlsPort: await listen(server), names };
}

async function answeredWith(
  t: TestContext,
  asked: ValidationTarget,
  pair: AlpnCertificate,
  options: TlsOptions = {},
) {
  const { tlsPort, names } = await tlsServer(t, { ...pair, ...options });
  const { dns, validator } = await lab(t, { tlsPort });
  dns.a(NAME, '127.0.0.1');
  return { told: verdict(await validator.validate(asked)), names };
}

test('RFC 8737 §3: the challenge certificate proves the name, asked for with SNI', async (t) => {
  const asked = target('tls-alpn-01', NAME);
  const pair = alpnCertificate({ names: [DNS_NAME], keyAuthorization: asked.keyAuthorization });
  assert.deepEqual(await answeredWith(t, asked, pair), { told: 'valid', names: [NAME] });
});

test('a certificate that OpenSSL made proves the name', async (t) => {
  const asked = target('tls-alpn-01', NAME);
  const pair = opensslCertificate(asked);
  assert.equal((await answeredWith(t, asked, pair)).told, 'valid');
});

test('RFC 8738 §6: an IP address is asked for by its reverse name', async (t) => {
  const asked = target('tls-alpn-01', { type: 'ip', value: '127.0.0.1' });
  const names = [{ type: 'ip', value: Uint8Array.of(127, 0, 0, 1) }] as const;
  const pair = alpnCertificate({ names, keyAuthorization: asked.keyAuthorization });
  assert.deepEqual(await answeredWith(t, asked, pair), { told: 'valid', names: ['1.0.0.127.in-addr.arpa'] });
  const wrong = alpnCertificate({ names: [DNS_NAME], keyAuthorization: asked.keyAuthorization });
  assert.match(
    (await answeredWith(t, asked, wrong)).told,
    /^SY-CHALLENGE-CERTIFICATE final .*not ip 127\.0\.0\.1/,
  );
});

const WRONG: Readonly<
  Record<string, readonly [RegExp, (asked: ValidationTarget) => AlpnCertificateOptions]>
> = {
  'another name': [
    /its name is not dns shop/,
    (a) => ({ names: [{ type: 'dns', value: 'x.example.com' }], keyAuthorization: a.keyAuthorization }),
  ],
  'a wildcard name': [
    /its name is not dns shop/,
    (a) => ({ names: [{ type: 'dns', value: '*.example.com' }], keyAuthorization: a.keyAuthorization }),
  ],
  'a further name': [
    /2 names instead of one/,
    (a) => ({
      names: [DNS_NAME, { type: 'dns', value: 'x.example.com' }],
      keyAuthorization: a.keyAuthorization,
    }),
  ],
  'a further address': [
    /2 names instead of one/,
    (a) => ({
      names: [DNS_NAME, { type: 'ip', value: Uint8Array.of(127, 0, 0, 1) }],
      keyAuthorization: a.keyAuthorization,
    }),
  ],
  'the name as a mail address': [
    /its name is not dns/,
    (a) => ({ names: [{ type: 'email', value: NAME }], keyAuthorization: a.keyAuthorization }),
  ],
  'no acmeIdentifier': [/no acmeIdentifier/, () => ({ names: [DNS_NAME] })],
  'an acmeIdentifier that is not critical': [
    /not critical/,
    (a) => ({ names: [DNS_NAME], keyAuthorization: a.keyAuthorization, critical: false }),
  ],
  'the digest of another challenge': [
    /not the digest/,
    () => ({ names: [DNS_NAME], keyAuthorization: target('tls-alpn-01', NAME).keyAuthorization }),
  ],
  'a digest that is not wrapped': [
    /not the digest/,
    (a) => ({ names: [DNS_NAME], value: new Uint8Array(Buffer.from(digestOf(a), 'base64url')) }),
  ],
  'a digest and more': [
    /not the digest/,
    (a) => ({
      names: [DNS_NAME],
      value: new Uint8Array([4, 33, ...Buffer.from(digestOf(a), 'base64url'), 0]),
    }),
  ],
  'another issuer': [
    /not self-signed/,
    (a) => ({ names: [DNS_NAME], keyAuthorization: a.keyAuthorization, issuer: 'Some CA' }),
  ],
  "another's signature": [
    /not self-signed/,
    (a) => ({
      names: [DNS_NAME],
      keyAuthorization: a.keyAuthorization,
      signedBy: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    }),
  ],
};
for (const [what, [why, options]] of Object.entries(WRONG))
  test(`a certificate with ${what} proves nothing`, async (t) => {
    const asked = target('tls-alpn-01', NAME);
    const { told } = await answeredWith(t, asked, alpnCertificate(options(asked)));
    assert.match(told, /^SY-CHALLENGE-CERTIFICATE final shop\.example\.com at 127\.0\.0\.1:\d+: it/);
    assert.match(told, why);
  });

test('RFC 8737 §3: a server that does not choose acme-tls/1 has not answered', async (t) => {
  const asked = target('tls-alpn-01', NAME);
  const pair = alpnCertificate({ names: [DNS_NAME], keyAuthorization: asked.keyAuthorization });
  for (const options of [{ ALPNProtocols: ['h2', 'http/1.1'] }, { ALPNProtocols: [] }]) {
    const { told } = await answeredWith(t, asked, pair, options);
    assert.match(told, /^SY-CHALLENGE-TLS (final|retry) shop\.example\.com at 127\.0\.0\.1:\d+/);
  }
});

test('a server without TLS, one that hangs and one that hangs up are told apart from the rest', async (t) => {
  const servers = {
    'SY-CHALLENGE-TLS': createTcpServer((socket) =>
      socket.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n'),
    ),
    'SY-CHALLENGE-TIMEOUT': createTcpServer((socket) => socket.on('error', () => undefined)),
    'SY-CHALLENGE-TLS retry': createTcpServer((socket) => socket.on('error', () => undefined).destroy()),
  };
  for (const [code, server] of Object.entries(servers)) {
    t.after(() => server.close());
    const { dns, validator } = await lab(t, { tlsPort: await listen(server), timeoutMs: 400 });
    dns.a(NAME, '127.0.0.1');
    assert.match(verdict(await validator.validate(target('tls-alpn-01', NAME))), new RegExp(`^${code}`));
  }
});

test('a wildcard, and an address that may not be reached, are refused', async (t) => {
  const { dns, validator } = await lab(t);
  dns.a(NAME, '127.0.0.2');
  assert.match(
    verdict(await validator.validate(target('tls-alpn-01', NAME))),
    /^SY-CHALLENGE-ADDRESS-REFUSED final/,
  );
  const wild = target('tls-alpn-01', NAME, { wildcard: true });
  assert.match(verdict(await validator.validate(wild)), /^SY-CHALLENGE-UNSUPPORTED final/);
});

test("OpenSSL reads the laboratory's certificate as RFC 8737 wants it: name, digest and criticality", () => {
  const asked = target('tls-alpn-01', NAME);
  const pair = alpnCertificate({ names: [DNS_NAME], keyAuthorization: asked.keyAuthorization });
  const text = execFileSync('openssl', ['x509', '-noout', '-text'], { input: pair.cert, encoding: 'utf8' });
  assert.match(text, /1\.3\.6\.1\.5\.5\.7\.1\.31: critical|ACME Identifier: critical/i);
  assert.match(text, /DNS:shop\.example\.com\n/);
  const parsed = execFileSync('openssl', ['asn1parse', '-i'], { input: pair.cert, encoding: 'utf8' });
  const digest = Buffer.from(digestOf(asked), 'base64url').toString('hex').toUpperCase();
  assert.ok(parsed.includes(`[HEX DUMP]:0420${digest}`));
});

function opensslCertificate(asked: ValidationTarget): AlpnCertificate {
  using folder = temporaryFolder('alpn');
  const digest = Buffer.from(digestOf(asked), 'base64url').toString('hex');
  const [key, cert] = [folder.file('key.pem'), folder.file('cert.pem')];
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-noenc',
        '-subj',
        '/',
        '-days',
        '1',
      ],
      ...['-keyout', key, '-out', cert, '-addext', `subjectAltName=DNS:${NAME}`],
      ...['-addext', `1.3.6.1.5.5.7.1.31=critical,DER:0420${digest}`],
    ],
    { stdio: 'pipe' },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}
