// Signing as a client: what is stored, what other libraries say of it, and yards that misbehave.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { BUNDLE_MEDIA_TYPE, parseBundle } from '../../src/formats/bundle.ts';
import { parseManifest } from '../../src/formats/oci.ts';
import { parseStatement } from '../../src/formats/statement.ts';
import { trustedRootJson } from '../../src/formats/trusted-root.ts';
import { fromUtf8, toBase64, toUtf8 } from '../../src/ground/bytes.ts';
import { type JsonObject, parseJson } from '../../src/ground/json.ts';
import { attestImage, signBlob, signImage } from '../../src/sign/sign.ts';
import { pushSmallImage } from '../registry/content.ts';
import { client, type FakeRegistry, fakeRegistry } from '../registry/fake-registry.ts';
import { ISSUER, SAN, type World } from '../verify/world.ts';
import { type Bend, CLOCK, tokenOf, type WorldYard, worldYard } from './world-yard.ts';

const TOKEN = tokenOf({ iss: ISSUER, sub: 'repo:acme/shop:ref:refs/heads/main' });

async function stage(t: TestContext, bend?: Bend) {
  const yard: WorldYard = await worldYard(t, bend);
  const fake: FakeRegistry = await fakeRegistry(t);
  const registry = client(t, fake);
  const image = fake.ref('acme/shop:v1');
  const subject = await pushSmallImage(registry, image);
  const signing = { image, registry, yard: yard.client, token: TOKEN, clock: CLOCK };
  return { yard, fake, registry, image, subject, signing };
}

test('an image is signed as cosign does it, and the bundle is found beside it', async (t) => {
  const { signing, registry, image, subject } = await stage(t);
  const signed = await signImage(signing);
  assert.equal(signed.digest, subject.digest);
  assert.equal(signed.identity, SAN);
  assert.equal(signed.issuer, ISSUER);
  assert.equal(signed.facts.kind, 'signature');
  const [found] = await registry.referrers(image, subject.digest);
  assert.equal(found?.digest, signed.referrer.digest);
  assert.equal(found?.artifactType, BUNDLE_MEDIA_TYPE);
  assert.deepEqual(
    { ...found?.annotations },
    {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
      'org.opencontainers.image.created': '2026-03-01T12:00:00Z',
    },
  );
  const read = parseManifest((await registry.manifest(image, signed.referrer.digest)).bytes);
  assert.ok(read.kind === 'manifest');
  assert.deepEqual(read.manifest.subject, subject);
  assert.equal(read.manifest.config.mediaType, 'application/vnd.oci.empty.v1+json');
  const [layer] = read.manifest.layers;
  assert.ok(layer !== undefined);
  const stored = fromUtf8(await registry.blob(image, layer)) ?? '';
  assert.equal(stored, signed.bundleJson);
  const { content } = parseBundle(parseJson(stored));
  assert.ok(content.kind === 'dsse');
  const statement = parseJson(fromUtf8(content.envelope.payload) ?? '');
  assert.deepEqual(statement, {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: subject.digest.slice(7) } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  });
});

test('the sigstore project’s own library verifies what we sign', async (t) => {
  const { signing, yard } = await stage(t);
  verifyElsewhere(yard.world, (await signImage(signing)).bundleJson);
  const bytes = toUtf8('a release');
  verifyElsewhere(yard.world, (await signBlob({ ...signing, bytes })).bundleJson, bytes);
});

/** @throws where @sigstore/verify does not accept the bundle */
function verifyElsewhere(world: World, bundleJson: string, artifact?: Uint8Array): void {
  const trust = toTrustMaterial(TrustedRoot.fromJSON(trustedRootJson(world.trustedRoot())));
  const verifier = new Verifier(trust, { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 });
  const bundle = bundleFromJSON(JSON.parse(bundleJson));
  verifier.verify(toSignedEntity(bundle, artifact === undefined ? undefined : Buffer.from(artifact)), {
    subjectAlternativeName: SAN,
    extensions: { issuer: ISSUER },
  });
}

test('an attestation carries its predicate, and cannot pass for a signature', async (t) => {
  const { signing } = await stage(t);
  const predicate: JsonObject = { builder: 'ours', steps: [1, 2] };
  const attested = await attestImage({ ...signing, predicateType: 'https://example.com/note/v1', predicate });
  assert.equal(attested.facts.kind, 'attestation');
  assert.deepEqual(attested.facts.predicate, predicate);
  const { content } = attested.bundle;
  assert.ok(content.kind === 'dsse');
  assert.equal(parseStatement(content.envelope.payload).predicateType, 'https://example.com/note/v1');
  for (const predicateType of ['https://sigstore.dev/cosign/sign/v1', '', 'note'])
    await assert.rejects(attestImage({ ...signing, predicateType, predicate }), {
      code: 'SY-SIGN-PREDICATE',
    });
  const huge = { x: 'y'.repeat(2 ** 20) };
  await assert.rejects(attestImage({ ...signing, predicateType: 'https://example.com/n', predicate: huge }), {
    code: 'SY-SIGN-PREDICATE',
  });
});

test('the token goes to the certificate service alone, and the key proves possession of its subject or address', async (t) => {
  const { signing, yard } = await stage(t);
  await signImage(signing);
  const withToken = yard.asked.filter(({ authorization }) => authorization === `Bearer ${TOKEN}`);
  assert.deepEqual(
    withToken.map(({ path }) => path),
    ['/api/v2/signingCert'],
  );
  for (const { path, body } of yard.asked) assert.ok(!(fromUtf8(body) ?? '').includes(TOKEN), path);
});

test('a token that is none is refused here, and never shown', async (t) => {
  const { signing, yard } = await stage(t);
  const secret = 'SECRETSECRET';
  for (const token of [
    '',
    secret,
    `${TOKEN}\n`,
    `${secret}.${secret}.${secret}`,
    tokenOf({}),
    tokenOf({ sub: '' }),
    `${'a'.repeat(20_000)}.b.c`,
  ])
    await assert.rejects(signImage({ ...signing, token }), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'SY-SIGN-TOKEN');
      assert.ok(!`${error.stack}`.includes(secret));
      return true;
    });
  assert.ok(!yard.asked.some(({ path }) => path.startsWith('/api')));
});

const BENT: readonly (readonly [string, Bend, RegExp])[] = [
  [
    'a yard that refuses',
    (path) =>
      path === '/api/v2/signingCert'
        ? { status: 403, body: '{"code":7,"message":"no rule grants this"}' }
        : undefined,
    /SY-SIGN-REFUSED/,
  ],
  [
    'a yard without certificate',
    (path) => (path === '/api/v2/signingCert' ? { status: 200, body: '{}' } : undefined),
    /SY-SIGN-YARD/,
  ],
  [
    'a certificate that is garbage',
    (path) =>
      path === '/api/v2/signingCert'
        ? {
            status: 200,
            body: JSON.stringify({
              signedCertificateEmbeddedSct: {
                chain: {
                  certificates: [
                    `-----BEGIN CERTIFICATE-----\n${toBase64(toUtf8('x'))}\n-----END CERTIFICATE-----\n`,
                  ],
                },
              },
            }),
          }
        : undefined,
    /SY-SIGN-YARD/,
  ],
  [
    'a log that is out of order',
    (path) => (path === '/api/v2/log/entries' ? { status: 400, body: '' } : undefined),
    /SY-SIGN-YARD/,
  ],
  [
    'a log entry of another kind',
    (path) => (path === '/api/v2/log/entries' ? { status: 201, body: '{"logIndex":"0"}' } : undefined),
    /SY-SIGN-YARD/,
  ],
  [
    'a log entry with a forged root',
    (path, answer) =>
      path === '/api/v2/log/entries'
        ? { status: 201, body: (fromUtf8(answer) ?? '').replace(/"rootHash":"..../, '"rootHash":"AAAA') }
        : undefined,
    /SY-SIGN-(UNVERIFIED|YARD)/,
  ],
  [
    'a timestamp that is none',
    (path) => (path === '/api/v1/timestamp' ? { status: 200, body: 'x' } : undefined),
    /SY-SIGN-(UNVERIFIED|YARD)/,
  ],
  [
    'a trusted root without our log',
    (path) =>
      path === '/trusted_root.json'
        ? { status: 200, body: '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}' }
        : undefined,
    /SY-SIGN-UNVERIFIED/,
  ],
  [
    'a signing config of another version',
    (path) => (path === '/signing_config.json' ? { status: 200, body: '{"mediaType":"x"}' } : undefined),
    /SY-SIGN-YARD/,
  ],
];

for (const [what, bend, code] of BENT)
  test(`nothing is stored after ${what}`, async (t) => {
    const { signing, registry, image, subject } = await stage(t, bend);
    await assert.rejects(signImage(signing), { code });
    assert.deepEqual(await registry.referrers(image, subject.digest), []);
  });

test('what the yard says is repeated without control characters', async (t) => {
  const { signing } = await stage(t, (path) =>
    path === '/api/v2/signingCert'
      ? { status: 400, body: JSON.stringify({ message: `bad\u001b[31m\n${'x'.repeat(900)}` }) }
      : undefined,
  );
  await assert.rejects(
    signImage(signing),
    (error: Error) => /\(bad \[31m x{400,}/.test(error.message) && error.message.length < 700,
  );
});

test('a certificate request that breaks off is not repeated, since the yard counts certificates per token', async (t) => {
  const { signing, yard } = await stage(t, (path) => {
    if (path === '/api/v2/signingCert') throw new Error('the connection breaks');
    return undefined;
  });
  await assert.rejects(signImage(signing), { code: 'SY-REACH-FAILED' });
  assert.equal(yard.asked.filter(({ path }) => path === '/api/v2/signingCert').length, 1);
});
