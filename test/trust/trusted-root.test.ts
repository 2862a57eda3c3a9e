// The trust documents: what they say, and that others read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSigningConfig, signingConfigJson } from '../../src/formats/signing-config.ts';
import { parseTrustedRoot, trustedRootJson } from '../../src/formats/trusted-root.ts';
import { parseCertificatesPem } from '../../src/formats/x509/certificate.ts';
import { ensureTimestampCertificates } from '../../src/issue/service-certificates.ts';
import { trustRoutes } from '../../src/protocols/trust/routes.ts';
import { certificateFingerprint, certificatesPem } from '../../src/trust/pem.ts';
import { signingConfigOf } from '../../src/trust/signing-config.ts';
import { trustedRootOf } from '../../src/trust/trusted-root.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { HOST, openTestYard, PUBLIC_URL } from '../issue/harness.ts';

async function world() {
  const yard = await openTestYard();
  const authorities = await yard.authorities();
  const { chains } = await ensureTimestampCertificates(yard.deps, {
    authority: authorities.timestamping,
    organization: HOST,
  });
  const sources = {
    publicUrl: PUBLIC_URL,
    signingChains: [authorities.codeSigning.chain],
    timestampChains: chains,
    logs: yard.logs,
    logKeysSince: yard.logKeysSince,
  };
  return { yard, authorities, sources };
}

test('the trusted root lists logs, authorities down to the root and timestamp leaves, and reads back', async () => {
  const { yard, authorities, sources } = await world();
  const root = trustedRootOf(sources);
  assert.deepEqual(parseTrustedRoot(trustedRootJson(root)), root);
  const [tlog] = root.tlogs;
  assert.equal(tlog?.baseUrl, PUBLIC_URL);
  assert.deepEqual(tlog.logId, yard.logs.logId('signature'));
  assert.deepEqual(root.ctlogs[0]?.logId, yard.logs.logId('certificate'));
  assert.deepEqual(root.certificateAuthorities[0]?.certificates, [
    authorities.codeSigning.certificate.der,
    authorities.root.certificate.der,
  ]);
  const [tsa] = root.timestampAuthorities;
  assert.equal(tsa?.certificates.length, 3, 'leaf, CA and root: clients ask for no certificate');
  assert.notEqual(tsa.validFor.end, undefined);
  prepareTrust(root);
  await yard.close();
});

test('a public URL whose host is not the origin of the signature log is our own mistake', async () => {
  const { yard, sources } = await world();
  assert.throws(() => trustedRootOf({ ...sources, publicUrl: 'https://other.example' }), TypeError);
  await yard.close();
});

test('the signing configuration names each service once, the issuer only in development', () => {
  const o = { publicUrl: PUBLIC_URL, operator: HOST, since: new Date('2026-11-24T10:00:00Z') };
  const config = signingConfigOf(o);
  assert.deepEqual(parseSigningConfig(signingConfigJson(config)), config);
  assert.deepEqual(
    [config.caUrls, config.rekorTlogUrls, config.tsaUrls].map(([service]) => [
      service?.url,
      service?.majorApiVersion,
    ]),
    [
      [PUBLIC_URL, 1],
      [PUBLIC_URL, 2],
      [`${PUBLIC_URL}/api/v1/timestamp`, 1],
    ],
  );
  assert.deepEqual(config.oidcUrls, []);
  assert.equal(signingConfigOf({ ...o, developmentIssuer: `${PUBLIC_URL}/oidc` }).oidcUrls.length, 1);
});

test('PEM exports hold the certificates in their order', async () => {
  const { yard, authorities } = await world();
  const read = parseCertificatesPem(certificatesPem(authorities.tls.chain));
  assert.deepEqual(
    read.map(({ serial }) => serial),
    authorities.tls.chain.map(({ serial }) => serial),
  );
  assert.match(certificateFingerprint(authorities.root.certificate), /^[0-9a-f]{64}$/);
  await yard.close();
});

test('the door serves the documents as they are now, the roots on the plain listener too', async () => {
  let root = '{"a":1}';
  const routes = trustRoutes({ trustedRoot: () => root, signingConfig: () => '{}', rootsPem: () => 'PEM' });
  const route = routes.find(({ path }) => path === '/trusted_root.json');
  const request = {
    method: 'GET',
    path: '/trusted_root.json',
    params: {},
    query: new URLSearchParams(),
    headers: {},
    body: new Uint8Array(0),
    peer: '127.0.0.1',
    signal: new AbortController().signal,
  };
  assert.equal((await route?.handle(request))?.body, '{"a":1}');
  root = '{"a":2}';
  assert.equal((await route?.handle(request))?.body, '{"a":2}');
  const plain = routes.filter(({ listeners }) => listeners.includes('plain')).map(({ path }) => path);
  assert.deepEqual(plain, ['/roots.pem']);
});
