// The evidence of a bundle: log entries, times, certificate transparency; stripped, altered, foreign and out of time.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Bundle, bundleJson, parseBundle } from '../../src/formats/bundle.ts';
import { hashedRekordBody } from '../../src/formats/rekor.ts';
import type { TrustedRoot as Root } from '../../src/formats/trusted-root.ts';
import type { Code } from '../../src/ground/errors.ts';
import type { JsonObject } from '../../src/ground/json.ts';
import type { VerifyOptions } from '../../src/verify/bundle.ts';
import type { Facts } from '../../src/verify/facts.ts';
import { prepareTrust } from '../../src/verify/trust.ts';
import {
  all,
  check,
  envelope,
  flipped,
  good,
  goodV1,
  message,
  refuses,
  trust,
  world,
} from './bundle-checks.ts';
import { World } from './world.ts';
import { edKey, sha256 } from './world-keys.ts';
import { SIGNED_AT, witnessKey } from './world-tree.ts';

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
    const meaning = ({ kind, subjects, predicateType, times, signer }: Facts): string =>
      JSON.stringify({
        kind,
        subjects,
        predicateType,
        times,
        san: signer.kind === 'certificate' && signer.san,
      });
    const before = meaning(check(envelope));
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
      if (facts !== undefined) assert.equal(meaning(facts), before);
    }
  });
});
