// Every algorithm as the key of authorities and of leaves: chains that our own path validation accepts, byte for byte strict.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  type Authority,
  type AuthorityPurpose,
  authorityOf,
  knownAuthority,
} from '../../src/authority/authority.ts';
import { type KeyAlgorithm, SIGNATURES_OF } from '../../src/formats/algorithms.ts';
import { encodeName } from '../../src/formats/x509/build.ts';
import { type Certificate, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { keyIdOf } from '../../src/issue/caller-key.ts';
import { issue } from '../../src/issue/issue.ts';
import { prepare } from '../../src/issue/prepare.ts';
import type { CaTerms } from '../../src/issue/request.ts';
import type { RsaBits, Signer } from '../../src/keys/signer.ts';
import { validatePath } from '../../src/verify/chain.ts';
import { hasCode } from '../contract/keystore.ts';
import { openTestYard, type TestYard } from './harness.ts';
import { keyOf, profileOf, requestOf } from './stage.ts';

const KEYS: readonly (readonly [KeyAlgorithm, RsaBits?])[] = [
  ['ec-p256'],
  ['ec-p384'],
  ['ec-p521'],
  ['rsa', 2048],
  ['rsa', 4096],
  ['ed25519'],
  ['ml-dsa-44'],
  ['ml-dsa-65'],
  ['ml-dsa-87'],
];

let yard: TestYard;
before(async () => {
  yard = await openTestYard();
});
after(() => yard.close());

function termsOf(signer: Signer, title: string, change: Partial<CaTerms> = {}): CaTerms {
  return {
    subject: encodeName([{ oid: OID.commonName, value: `${title} ${signer.ref}` }]),
    keyId: keyIdOf(signer.publicKey.spki),
    lifetimeSeconds: 86_400 * 365,
    pathLength: undefined,
    nameConstraints: undefined,
    extendedKeyUsage: undefined,
    ...change,
  };
}

function authority(
  purpose: AuthorityPurpose,
  signer: Signer,
  chain: readonly [Certificate, ...Certificate[]],
): Authority {
  const id = `${purpose}-${signer.ref.replace(/[^a-z0-9-]/g, '')}`;
  const createdAt = yard.clock.now();
  return authorityOf(
    knownAuthority({
      id,
      name: id,
      purpose,
      generation: 1,
      state: 'active',
      key: 'here',
      chain: [...chain],
      shards: 8,
      createdAt,
    }),
    signer,
  );
}

/** Root and issuing authority with keys of one kind. */
async function hierarchy(
  algorithm: KeyAlgorithm,
  bits?: RsaBits,
): Promise<{ root: Authority; tls: Authority }> {
  const size = bits === undefined ? {} : { bits };
  const rootSigner = await yard.keys.create({ purpose: 'root-ca', algorithm, ...size });
  const rootRequest = { profile: 'root', signer: rootSigner, terms: termsOf(rootSigner, 'Root') } as const;
  const made = await issue(prepare(rootRequest, yard.deps), yard.deps);
  const root = authority('root', rootSigner, [made.certificate]);
  const signer = await yard.keys.create({ purpose: 'tls-ca', algorithm, ...size });
  const issued = await issue(
    prepare(
      {
        profile: 'issuing-ca',
        authority: root,
        publicKey: signer.publicKey,
        terms: termsOf(signer, 'TLS', {
          lifetimeSeconds: 86_400 * 100,
          pathLength: 0,
          extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
        }),
      },
      yard.deps,
    ),
    yard.deps,
  );
  return { root, tls: authority('tls', signer, [issued.certificate, ...root.chain]) };
}

for (const [algorithm, bits] of KEYS)
  test(`authorities and leaves with ${algorithm}${bits === undefined ? '' : ` of ${bits} bits`} make valid chains`, async () => {
    const { root, tls } = await hierarchy(algorithm, bits);
    const kind = algorithm === 'rsa' ? 'rsa-2048' : algorithm;
    for (const pair of [keyOf(kind), keyOf('ec-p256')]) {
      const request = await requestOf(yard, { pair, authority: tls });
      const { certificate } = await issue(prepare(request, yard.deps), yard.deps);
      assert.equal(certificate.signatureAlgorithm, SIGNATURES_OF[algorithm][0]);
      const path = validatePath({
        leaf: parseCertificate(certificate.der),
        intermediates: tls.chain,
        anchors: [root.certificate],
        at: yard.clock.now(),
        extendedKeyUsage: OID.serverAuth,
        name: { type: 'dns', value: 'api.example.com' },
      });
      assert.equal(path.length, 3);
      const spoilt = certificate.der.with(certificate.der.length - 1, (certificate.der.at(-1) ?? 0) ^ 1);
      const options = { leaf: parseCertificate(spoilt), intermediates: tls.chain, at: yard.clock.now() };
      assert.throws(() => validatePath({ ...options, anchors: [root.certificate] }));
    }
  });

test('a certificate of an authority has its status in the list of the one above, and names no delta', async () => {
  const { root, tls } = await hierarchy('ec-p256');
  assert.equal(root.certificate.crlUrls, undefined);
  assert.match(tls.certificate.crlUrls?.[0] ?? '', new RegExp(`/crl/${root.id}/[0-7]\\.crl$`));
  assert.equal(tls.certificate.deltaCrlUrls, undefined);
});

test('a responder of an authority is signed by it, short-lived, and not looked up itself', async () => {
  const { root } = await hierarchy('ec-p256');
  const signer = await yard.keys.create({ purpose: 'ocsp-responder', algorithm: 'ec-p256' });
  const request = { profile: 'ocsp-responder', authority: root, publicKey: signer.publicKey } as const;
  const { certificate } = await issue(prepare(request, yard.deps), yard.deps);
  assert.deepEqual(certificate.extendedKeyUsage, [OID.ocspSigning]);
  assert.ok(certificate.extensions.some(({ oid }) => oid === OID.ocspNoCheck));
  assert.equal(certificate.crlUrls, undefined);
  assert.equal(certificate.issuer.text, root.certificate.subject.text);
});

test('name constraints of an authority bind what it issues', async () => {
  const { root } = await hierarchy('ec-p256');
  const signer = await yard.keys.create({ purpose: 'tls-ca', algorithm: 'ec-p256' });
  const terms = termsOf(signer, 'Constrained', {
    lifetimeSeconds: 86_400 * 100,
    pathLength: 0,
    nameConstraints: { permitted: [{ type: 'dns', value: 'example.com' }], excluded: [] },
  });
  const { certificate } = await issue(
    prepare({ profile: 'issuing-ca', authority: root, publicKey: signer.publicKey, terms }, yard.deps),
    yard.deps,
  );
  const tls = authority('tls', signer, [certificate, ...root.chain]);
  const inside = await requestOf(yard, { authority: tls, names: ['a.example.com'] });
  await issue(prepare(inside, yard.deps), yard.deps);
  const outside = await requestOf(yard, { authority: tls, names: ['a.example.org'] });
  assert.throws(() => prepare(outside, yard.deps), hasCode('SY-ISSUE-LINT-REFUSED'));
});

test('an authority of another use signs no leaf', async () => {
  const { root, tls } = await hierarchy('ec-p256');
  const profile = profileOf('code-signing');
  const request = await requestOf(yard, { profile, authority: tls });
  assert.throws(() => prepare(request, yard.deps), TypeError);
  const fromRoot = await requestOf(yard, { authority: root });
  assert.throws(() => prepare(fromRoot, yard.deps), TypeError);
});
