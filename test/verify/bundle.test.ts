// Bundles of a world of our own, good and tampered with: what each proves, and why each other one is refused.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { type Bundle, bundleJson } from '../../src/formats/bundle.ts';
import { der } from '../../src/formats/der.ts';
import { hashedRekordBody, keyDetailsOf } from '../../src/formats/rekor.ts';
import { trustedRootJson } from '../../src/formats/trusted-root.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { toHex, toUtf8 } from '../../src/ground/bytes.ts';
import { expectIdentity } from '../../src/verify/facts.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { check, envelope, good, goodV1, message, refuses, statement, world } from './bundle-checks.ts';
import { ISSUER, SAN, World } from './world.ts';
import { ecKey, edKey, sha256, signWith } from './world-keys.ts';
import { SIGNED_AT } from './world-tree.ts';

suite('what a good bundle proves', () => {
  test('a message signature says who signed, when, and where it is logged', () => {
    const facts = check(good);
    assert.equal(facts.kind, 'signature');
    assert.deepEqual(facts.subjects, [`sha256:${toHex(sha256(message))}`]);
    assert.ok(facts.signer.kind === 'certificate');
    assert.deepEqual(facts.signer.san, { type: 'uri', value: SAN });
    assert.equal(facts.signer.issuer, ISSUER);
    assert.equal(facts.signer.chain.length, 3);
    assert.deepEqual(facts.times, [{ source: 'timestamp', at: SIGNED_AT, authority: 'https://tsa.example' }]);
    assert.equal(facts.entries[0]?.origin, 'log2.example');
    assert.equal(facts.entries[0]?.index, 1);
    assert.equal(facts.sct?.leafIndex, 7);
    expectIdentity(facts, { san: SAN, issuer: ISSUER });
  });

  test('Rekor v1 entries give their time by the signed promise', () => {
    for (const content of [{ message }, { statement: statement() }]) {
      const facts = check(world.bundle({ content, log: 'v1' }));
      assert.deepEqual(facts.times, [
        { source: 'log', at: SIGNED_AT, authority: 'https://rekor.example/api' },
      ]);
      assert.equal(facts.entries[0]?.origin, 'rekor.example - 1234567890');
    }
  });

  test("cosign's statement is a signature; any other predicate is an attestation", () => {
    assert.equal(check(envelope).kind, 'signature');
    const slsa = check(
      world.bundle({ content: { statement: statement('https://slsa.dev/provenance/v1', { a: 1 }) } }),
    );
    assert.equal(slsa.kind, 'attestation');
    assert.equal(slsa.predicateType, 'https://slsa.dev/provenance/v1');
    assert.deepEqual(slsa.predicate, { a: 1 });
  });

  test('the digest alone answers as the artifact does', () => {
    for (const bundle of [good, goodV1, envelope])
      assert.deepEqual(check(bundle, { artifact: { digest: sha256(message) } }), check(bundle));
  });

  test('keys of P-384 and P-521 verify with their own hash', () => {
    for (const curve of ['P-384', 'P-521'] as const)
      assert.equal(check(world.bundle({ content: { statement: statement() }, curve })).kind, 'signature');
  });

  test('the claims extension comes back as the claims', () => {
    const value = der.utf8String('{"project_path":"acme/shop","ref_protected":"true"}');
    const extra = [extensions.fulcio(8, ISSUER), { oid: OID.sealyardClaims, critical: false, value }];
    const facts = check(world.bundle({ content: { message }, leaf: { extra } }));
    assert.ok(facts.signer.kind === 'certificate');
    assert.deepEqual(facts.signer.claims, { project_path: 'acme/shop', ref_protected: 'true' });
  });

  test('sigstore-js reads our bundle and our trusted root and agrees', () => {
    for (const bundle of [good, goodV1, envelope]) {
      const root = TrustedRoot.fromJSON(trustedRootJson(world.trustedRoot()));
      const entity = toSignedEntity(bundleFromJSON(bundleJson(bundle)), Buffer.from(message));
      new Verifier(toTrustMaterial(root)).verify(entity, {
        subjectAlternativeName: SAN,
        extensions: { issuer: ISSUER },
      });
    }
  });
});

suite('who signed', () => {
  const key = ecKey();
  const signature = signWith(key, message);
  const body = hashedRekordBody({
    digest: { algorithm: 'sha256', value: sha256(message) },
    signature,
    keyDetails: keyDetailsOf(key.spki),
    verifier: { kind: 'public-key', spki: key.spki },
  });
  const byKey: Bundle = {
    ...good,
    content: { kind: 'message', signature },
    material: { kind: 'public-key', hint: 'release' },
    entries: [world.entry({ log: 'v2', body })],
    timestamps: [],
  };
  const require = { timestampsAtLeast: 0, logEntriesAtLeast: 1, sctsAtLeast: 0 };

  test('a bundle by key verifies with that key alone', () => {
    const facts = check(byKey, { key: readPublicKey(key.spki), require });
    assert.deepEqual(facts.signer, { kind: 'key', spki: key.spki });
    refuses(byKey, 'SY-VERIFY-SIGNATURE-INVALID', { key: readPublicKey(ecKey().spki), require });
    assert.throws(() => expectIdentity(facts, { san: SAN, issuer: ISSUER }), {
      code: 'SY-VERIFY-IDENTITY-MISMATCH',
    });
  });

  test('key and certificate never stand in for each other', () => {
    refuses(byKey, 'SY-VERIFY-KEY-REQUIRED', { require });
    refuses(good, 'SY-VERIFY-KEY-UNEXPECTED', { key: readPublicKey(key.spki) });
  });

  test('a key brings no time and no transparency of certificates', () => {
    refuses(byKey, 'SY-VERIFY-TIMESTAMPS-MISSING', {
      key: readPublicKey(key.spki),
      require: { ...require, timestampsAtLeast: 1 },
    });
    refuses(byKey, 'SY-VERIFY-SCT-MISSING', {
      key: readPublicKey(key.spki),
      require: { ...require, sctsAtLeast: 1 },
    });
  });

  test('an Ed25519 key needs the artifact, not its digest', () => {
    const ed = edKey();
    const bundle: Bundle = {
      ...byKey,
      content: { kind: 'message', signature: signWith(ed, message) },
      entries: [],
    };
    const options = { key: readPublicKey(ed.spki), require: { ...require, logEntriesAtLeast: 0 } };
    assert.equal(check(bundle, options).kind, 'signature');
    refuses(bundle, 'SY-VERIFY-ARTIFACT-NEEDED', { ...options, artifact: { digest: sha256(message) } });
  });

  test('a certificate with no name, two names or no issuer names nobody', () => {
    const two = [
      { type: 'uri', value: SAN },
      { type: 'email', value: 'admin@example.com' },
    ] as const;
    for (const leaf of [
      { names: two },
      { names: [{ type: 'dns', value: 'example.com' }] as const },
      { extra: [] },
    ])
      refuses(world.bundle({ content: { message }, leaf }), 'SY-VERIFY-CERTIFICATE-IDENTITY');
  });

  test('mail addresses and Fulcio user names are identities too', () => {
    const names = [
      { name: { type: 'email', value: 'dev@example.com' }, san: { type: 'email', value: 'dev@example.com' } },
      {
        name: { type: 'other', oid: OID.fulcioUsername, value: der.utf8String('dev!example.com') },
        san: { type: 'other', value: 'dev!example.com' },
      },
    ] as const;
    for (const { name, san } of names) {
      const { signer } = check(world.bundle({ content: { message }, leaf: { names: [name] } }));
      assert.ok(signer.kind === 'certificate');
      assert.deepEqual(signer.san, san);
    }
  });

  test('a certificate of another authority is not trusted', () => {
    const foreign = new World();
    refuses({ ...foreign.bundle({ content: { message } }) }, 'SY-VERIFY-LOG-ENTRIES-MISSING');
    const options = {
      trust: prepareTrust({
        ...foreign.trustedRoot(),
        certificateAuthorities: world.trustedRoot().certificateAuthorities,
      }),
    };
    refuses(foreign.bundle({ content: { message } }), 'SY-VERIFY-CERTIFICATE-UNTRUSTED', options);
  });

  test('a root in the bundle is refused', () => {
    const [leaf] = good.material.kind === 'certificate' ? good.material.chain : [];
    assert.ok(leaf !== undefined);
    const chain = [leaf, world.root.certificate.der];
    refuses(
      { ...good, version: '0.2', material: { kind: 'certificate', chain } },
      'SY-VERIFY-CERTIFICATE-ROOT',
    );
  });
});

suite('what was signed', () => {
  test('another artifact is refused, as bytes and as digest', () => {
    for (const bundle of [good, goodV1, envelope]) {
      refuses(bundle, 'SY-VERIFY-ARTIFACT-MISMATCH', { artifact: { bytes: toUtf8('another') } });
      refuses(bundle, 'SY-VERIFY-ARTIFACT-MISMATCH', { artifact: { digest: sha256(toUtf8('another')) } });
    }
  });

  test('without the digest hint the signature itself refuses another artifact', () => {
    assert.ok(good.content.kind === 'message');
    const { signature } = good.content;
    refuses({ ...good, content: { kind: 'message', signature } }, 'SY-VERIFY-SIGNATURE-INVALID', {
      artifact: { bytes: toUtf8('another') },
    });
  });

  test('a flipped bit in signature or payload is refused', () => {
    assert.ok(good.content.kind === 'message' && envelope.content.kind === 'dsse');
    const signature = good.content.signature.slice();
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    refuses({ ...good, content: { ...good.content, signature } }, 'SY-VERIFY-SIGNATURE-INVALID');
    const payload = toUtf8(
      new TextDecoder()
        .decode(envelope.content.envelope.payload)
        .replace('"predicate":{}', '"predicate":{"a":1}'),
    );
    const forged = { ...envelope.content.envelope, payload };
    refuses({ ...envelope, content: { kind: 'dsse', envelope: forged } }, 'SY-VERIFY-SIGNATURE-INVALID');
  });

  test('an envelope that holds no statement says nothing about an artifact', () => {
    assert.ok(envelope.content.kind === 'dsse');
    const other = { ...envelope.content.envelope, payloadType: 'text/plain' };
    refuses({ ...envelope, content: { kind: 'dsse', envelope: other } }, 'SY-VERIFY-PAYLOAD-TYPE');
  });

  test('a subject with a second digest that contradicts is not the artifact', () => {
    const subject = [{ digest: { sha256: toHex(sha256(message)), sha512: 'aa'.repeat(64) } }];
    refuses(
      world.bundle({ content: { statement: { ...statement(), subject } } }),
      'SY-VERIFY-ARTIFACT-MISMATCH',
    );
  });
});
