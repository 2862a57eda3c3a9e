// Bundles of a world of our own, good and tampered with: what each proves, and why each other one is refused.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { type Bundle, bundleJson, parseBundle } from '../../src/formats/bundle.ts';
import { der } from '../../src/formats/der.ts';
import { hashedRekordBody, keyDetailsOf } from '../../src/formats/rekor.ts';
import { SIGNATURE_PREDICATE_TYPE, STATEMENT_TYPE, type Statement } from '../../src/formats/statement.ts';
import { type TrustedRoot as Root, trustedRootJson } from '../../src/formats/trusted-root.ts';
import { extensions } from '../../src/formats/x509/build.ts';
import { OID } from '../../src/formats/x509/oids.ts';
import { toHex, toUtf8 } from '../../src/ground/bytes.ts';
import type { Code } from '../../src/ground/errors.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { type Artifact, type VerifyOptions, verifyBundle } from '../../src/verify/bundle.ts';
import { expectIdentity, type Facts } from '../../src/verify/facts.ts';
import { readPublicKey } from '../../src/verify/key.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import { ecKey, edKey, ISSUER, SAN, SIGNED_AT, sha256, signWith, World, witnessKey } from './world.ts';

const world = new World();
const trust = prepareTrust(world.trustedRoot());
const message = toUtf8('the artifact');
const artifact: Artifact = { bytes: message };
const all = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };

function statement(predicateType: string = SIGNATURE_PREDICATE_TYPE, predicate: Json = {}): Statement {
  return {
    type: STATEMENT_TYPE,
    subject: [{ digest: { sha256: toHex(sha256(message)) } }],
    predicateType,
    predicate,
  };
}

function check(bundle: Bundle, options: Partial<VerifyOptions> = {}): Facts {
  return verifyBundle(bundle, { trust, artifact, require: all, ...options });
}

function refuses(bundle: Bundle, code: Code, options: Partial<VerifyOptions> = {}): void {
  assert.throws(() => check(bundle, options), { code });
}

/** A note's signature line with one letter in the middle of its base64 changed. */
function flipped(line: string): string {
  const at = line.length - 40;
  return `${line.slice(0, at)}${line[at] === 'A' ? 'B' : 'A'}${line.slice(at + 1)}`;
}

const good = world.bundle({ content: { message } });
const goodV1 = world.bundle({ content: { message }, log: 'v1' });
const envelope = world.bundle({ content: { statement: statement() } });

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

suite('where it is logged', () => {
  const [entry] = good.entries;
  const [entryV1] = goodV1.entries;
  assert.ok(entry?.inclusionProof !== undefined && entryV1?.inclusionProof !== undefined);
  const proof = entry.inclusionProof;
  const proofV1 = entryV1.inclusionProof;

  test('too few entries, and the same entry twice, are refused', () => {
    refuses({ ...good, entries: [] }, 'SY-VERIFY-LOG-ENTRIES-MISSING');
    refuses(good, 'SY-VERIFY-LOG-ENTRIES-MISSING', { require: { ...all, logEntriesAtLeast: 2 } });
    refuses({ ...good, entries: [entry, entry] }, 'SY-VERIFY-LOG-ENTRY-DUPLICATE', {
      require: { ...all, logEntriesAtLeast: 2 },
    });
  });

  test('an entry of an unknown log does not count', () => {
    refuses({ ...good, entries: [{ ...entry, logId: new Uint8Array(32) }] }, 'SY-VERIFY-LOG-ENTRIES-MISSING');
  });

  test('the entry of another signature is refused', () => {
    const [other] = world.bundle({ content: { message } }).entries;
    assert.ok(other !== undefined);
    refuses({ ...good, entries: [other] }, 'SY-VERIFY-LOG-ENTRY-MISMATCH');
    refuses({ ...good, entries: [{ ...entry, version: '0.0.1' }] }, 'SY-VERIFY-LOG-ENTRY-MISMATCH');
    const [elsewhere] = envelope.entries;
    assert.ok(elsewhere !== undefined);
    refuses({ ...good, entries: [elsewhere] }, 'SY-VERIFY-LOG-ENTRY-MISMATCH');
  });

  test('an entry with the same digest but another signature or certificate is refused', () => {
    assert.ok(good.content.kind === 'message' && good.material.kind === 'certificate');
    const [leaf] = good.material.chain;
    assert.ok(leaf !== undefined);
    const record = {
      digest: { algorithm: 'sha256', value: sha256(message) },
      signature: good.content.signature,
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      verifier: { kind: 'certificate', der: leaf },
    } as const;
    const logged = (body: Uint8Array): Bundle => ({ ...good, entries: [world.entry({ log: 'v2', body })] });
    check(logged(hashedRekordBody(record)));
    const others = [
      { signature: Uint8Array.of(1) },
      { verifier: { kind: 'certificate', der: world.ca.certificate.der } },
      { verifier: { kind: 'public-key', spki: leaf } },
      { digest: { algorithm: 'sha256', value: new Uint8Array(32) } },
    ] as const;
    for (const other of others)
      refuses(logged(hashedRekordBody({ ...record, ...other })), 'SY-VERIFY-LOG-ENTRY-MISMATCH');
  });

  test('a stripped, cut or altered proof is refused', () => {
    const { inclusionProof: _, ...bare } = entry;
    refuses({ ...good, entries: [bare] }, 'SY-VERIFY-LOG-PROOF-MISSING');
    const { checkpoint: __, ...unsigned } = proof;
    refuses({ ...good, entries: [{ ...entry, inclusionProof: unsigned }] }, 'SY-VERIFY-LOG-PROOF-MISSING');
    const broken = [
      { hashes: [] },
      { logIndex: 0 },
      { treeSize: 3 },
      { hashes: [...proof.hashes, new Uint8Array(32)] },
      { rootHash: new Uint8Array(32) },
      { treeSize: 0 },
    ];
    for (const change of broken)
      refuses(
        { ...good, entries: [{ ...entry, inclusionProof: { ...proof, ...change } }] },
        'SY-VERIFY-LOG-PROOF-INVALID',
      );
    refuses({ ...good, entries: [{ ...entry, logIndex: 0 }] }, 'SY-VERIFY-LOG-PROOF-INVALID');
  });

  test('a checkpoint by another key, name or origin is refused', () => {
    const foreign =
      new World().entry({ log: 'v2', body: entry.canonicalizedBody }).inclusionProof?.checkpoint ?? '';
    const cases: readonly [string, Code][] = [
      [foreign, 'SY-VERIFY-CHECKPOINT-SIGNATURE'],
      [(proof.checkpoint ?? '').replace('log2.example', 'log3.example'), 'SY-VERIFY-CHECKPOINT-MISMATCH'],
      [
        (proof.checkpoint ?? '').replace('— log2.example', '— log3.example'),
        'SY-VERIFY-CHECKPOINT-SIGNATURE',
      ],
      [(proof.checkpoint ?? '').replace('\n2\n', '\n3\n'), 'SY-VERIFY-CHECKPOINT-SIGNATURE'],
      ['', 'SY-NOTE-MALFORMED'],
    ];
    for (const [checkpoint, code] of cases)
      refuses({ ...good, entries: [{ ...entry, inclusionProof: { ...proof, checkpoint } }] }, code);
  });

  test('a good checkpoint of another tree is refused', () => {
    const other = world.entry({ log: 'v2', body: entry.canonicalizedBody, before: 4 });
    const checkpoint = other.inclusionProof?.checkpoint ?? '';
    refuses(
      { ...good, entries: [{ ...entry, inclusionProof: { ...proof, checkpoint } }] },
      'SY-VERIFY-CHECKPOINT-MISMATCH',
    );
  });

  test('the promise vouches for time and index, and only if it verifies', () => {
    const later = { ...entryV1, integratedTime: (entryV1.integratedTime ?? 0) + 1 };
    refuses({ ...goodV1, entries: [later] }, 'SY-VERIFY-SET-INVALID');
    refuses({ ...goodV1, entries: [{ ...entryV1, logIndex: 5 }] }, 'SY-VERIFY-SET-INVALID');
    const { integratedTime: _, ...timeless } = entryV1;
    refuses({ ...goodV1, entries: [timeless] }, 'SY-VERIFY-SET-INVALID');
  });

  test('a time without a promise is nobody’s word', () => {
    const { inclusionPromise: _, ...unpromised } = entryV1;
    refuses({ ...goodV1, entries: [unpromised] }, 'SY-VERIFY-TIMESTAMPS-MISSING');
    assert.ok(goodV1.content.kind === 'message');
    const stamped = {
      ...goodV1,
      entries: [unpromised],
      timestamps: [world.timestamp(goodV1.content.signature)],
    };
    assert.deepEqual(
      check(stamped).times.map(({ source }) => source),
      ['timestamp'],
    );
  });

  test('cosignatures count for known witnesses only, each once', () => {
    const known = { name: 'witness.example/w1', key: edKey() };
    const stranger = { name: 'witness.example/w2', key: edKey() };
    const bundle = world.bundle({ content: { message }, cosigners: [known, known, stranger] });
    const witnessed = prepareTrust(world.trustedRoot(), { witnesses: [witnessKey(known)] });
    assert.equal(check(bundle, { trust: witnessed }).entries[0]?.cosigners, 1);
    assert.equal(check(bundle).entries[0]?.cosigners, 0);
    const [cosigned] = bundle.entries;
    assert.ok(cosigned?.inclusionProof !== undefined);
    const lines = (cosigned.inclusionProof.checkpoint ?? '').split('\n');
    const forged = lines.map((line, i) => (i === 4 ? flipped(line) : line)).join('\n');
    const entries = [{ ...cosigned, inclusionProof: { ...cosigned.inclusionProof, checkpoint: forged } }];
    refuses({ ...bundle, entries }, 'SY-VERIFY-CHECKPOINT-SIGNATURE', { trust: witnessed });
    const impostor = world.bundle({ content: { message }, cosigners: [{ ...known, key: edKey() }] });
    assert.equal(check(impostor, { trust: witnessed }).entries[0]?.cosigners, 0);
  });

  test('a v1 proof at another index than its promise’s is still one entry of its shard', () => {
    assert.notEqual(entryV1.logIndex, proofV1.logIndex);
    assert.equal(check(goodV1).entries[0]?.index, entryV1.logIndex);
  });
});

suite('when it was signed', () => {
  const minute = 60_000;
  const at = (ms: number): Date => new Date(SIGNED_AT.getTime() + ms);

  test('a time before or after the certificate’s validity is refused; its ends belong to it', () => {
    for (const log of ['v1', 'v2'] as const) {
      for (const ms of [-5 * minute, 5 * minute])
        check(world.bundle({ content: { message }, log, at: at(ms) }));
      for (const ms of [-5 * minute - 1000, 5 * minute + 1000])
        refuses(world.bundle({ content: { message }, log, at: at(ms) }), 'SY-VERIFY-CERTIFICATE-TIME');
    }
  });

  test('one bad time among good ones spoils the bundle', () => {
    assert.ok(goodV1.content.kind === 'message');
    const late = world.timestamp(goodV1.content.signature, at(60 * minute));
    refuses({ ...goodV1, timestamps: [late] }, 'SY-VERIFY-CERTIFICATE-TIME');
  });

  test('without any time a certificate proves nothing, even if none is demanded', () => {
    refuses({ ...good, timestamps: [] }, 'SY-VERIFY-TIMESTAMPS-MISSING', {
      require: { ...all, timestampsAtLeast: 0 },
    });
  });

  test('a timestamp counts once for its authority', () => {
    assert.ok(good.content.kind === 'message');
    const twice = { ...good, timestamps: [...good.timestamps, world.timestamp(good.content.signature)] };
    refuses(twice, 'SY-VERIFY-TIMESTAMPS-MISSING', { require: { ...all, timestampsAtLeast: 2 } });
    assert.ok(goodV1.content.kind === 'message');
    const both = { ...goodV1, timestamps: [world.timestamp(goodV1.content.signature)] };
    assert.equal(check(both, { require: { ...all, timestampsAtLeast: 2 } }).times.length, 2);
  });

  test('a timestamp over other bytes, by a stranger or of garbage is refused with its reason', () => {
    assert.ok(good.content.kind === 'message');
    refuses({ ...good, timestamps: [world.timestamp(message)] }, 'SY-TIMESTAMP-IMPRINT');
    refuses({ ...good, timestamps: [new World().timestamp(good.content.signature)] }, 'SY-TIMESTAMP-SIGNER');
    refuses({ ...good, timestamps: [Uint8Array.of(1, 2, 3)] }, 'SY-TIMESTAMP-MALFORMED');
  });

  test('each window of the trusted root is closed: at its ends trusted, a second outside not', () => {
    const windows = {
      log: 'SY-VERIFY-LOG-TIME',
      tsa: 'SY-VERIFY-TIMESTAMPS-MISSING',
      ca: 'SY-VERIFY-CERTIFICATE-UNTRUSTED',
      ct: 'SY-VERIFY-SCT-MISSING',
    } as const;
    const bundles = { log: [good, goodV1], tsa: [good], ca: [good, goodV1], ct: [good] };
    for (const which of ['log', 'tsa', 'ca', 'ct'] as const)
      for (const bundle of bundles[which]) {
        const under = (start: Date, end: Date): Partial<VerifyOptions> => ({
          trust: prepareTrust(world.trustedRoot({ [which]: { start, end } })),
        });
        check(bundle, under(SIGNED_AT, SIGNED_AT));
        refuses(bundle, windows[which], under(at(1000), at(2000)));
        refuses(bundle, windows[which], under(at(-2000), at(-1000)));
      }
  });
});

suite('certificate transparency', () => {
  test('no SCT, a forged one, and one of an unknown log are refused where one is demanded', () => {
    refuses(world.bundle({ content: { message }, leaf: { scts: 'none' } }), 'SY-VERIFY-SCT-MISSING');
    refuses(world.bundle({ content: { message }, leaf: { scts: 'forged' } }), 'SY-VERIFY-SCT-INVALID');
    const unknown = { trust: prepareTrust({ ...world.trustedRoot(), ctlogs: [] }) };
    refuses(good, 'SY-VERIFY-SCT-MISSING', unknown);
    assert.equal(check(good, { ...unknown, require: { ...all, sctsAtLeast: 0 } }).sct, undefined);
  });
});

suite('trust material', () => {
  test('the generation names the content: another root or witness is another generation', () => {
    const again = prepareTrust(world.trustedRoot());
    assert.equal(again.generation, trust.generation);
    assert.notEqual(prepareTrust(world.trustedRoot({ ca: {} })).generation, trust.generation);
    const witness = witnessKey({ name: 'w', key: edKey() });
    assert.notEqual(prepareTrust(world.trustedRoot(), { witnesses: [witness] }).generation, trust.generation);
  });

  test('material that cannot be used is refused, not left out', () => {
    const root = world.trustedRoot();
    const [log] = root.tlogs;
    const [ca] = root.certificateAuthorities;
    assert.ok(log !== undefined && ca !== undefined);
    const broken: readonly Root[] = [
      { ...root, tlogs: [{ ...log, publicKey: { ...log.publicKey, rawBytes: Uint8Array.of(1) } }] },
      { ...root, certificateAuthorities: [{ ...ca, certificates: [Uint8Array.of(0x30, 0)] }] },
    ];
    for (const one of broken) assert.throws(() => prepareTrust(one), { code: 'SY-VERIFY-TRUST-UNUSABLE' });
    assert.throws(() => prepareTrust(root, { witnesses: ['name+00000000+AAAA'] }), {
      code: 'SY-NOTE-MALFORMED',
    });
  });

  test('a requirement that is no count is our caller’s mistake', () => {
    for (const count of [-1, 0.5, Number.NaN])
      assert.throws(() => check(good, { require: { ...all, logEntriesAtLeast: count } }), TypeError);
  });
});

suite('hostile bundles', () => {
  test('whatever single byte of the canonical form changes, the bundle is refused or says the same', () => {
    const text = JSON.stringify(bundleJson(envelope));
    const before = JSON.stringify(check(envelope).signer.kind);
    for (let i = 0; i < text.length; i += 37) {
      const changed = `${text.slice(0, i)}${text[i] === 'A' ? 'B' : 'A'}${text.slice(i + 1)}`;
      let facts: Facts | undefined;
      try {
        facts = check(parseBundle(JSON.parse(changed) as JsonObject));
      } catch (error) {
        assert.ok(
          error instanceof SyntaxError || (error instanceof Error && 'code' in error),
          `${i}: ${error}`,
        );
      }
      if (facts !== undefined) assert.equal(JSON.stringify(facts.signer.kind), before);
    }
  });
});
