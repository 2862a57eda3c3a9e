// Sigstore bundles: versions, exactly one content and material, and every member hostile.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  BUNDLE_MEDIA_TYPE,
  bundleJson,
  parseBundle,
  transparencyEntryJson,
} from '../../src/formats/bundle.ts';
import { toBase64 } from '../../src/ground/bytes.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { refused, variants } from './refused.ts';

const hash = toBase64(new Uint8Array(32).fill(7));
const entry = {
  logIndex: '5',
  logId: { keyId: hash },
  kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
  integratedTime: '0',
  inclusionProof: {
    logIndex: '5',
    rootHash: hash,
    treeSize: '6',
    hashes: [hash],
    checkpoint: { envelope: 'log.example\n6\n' },
  },
  canonicalizedBody: 'e30=',
};
const json = {
  mediaType: BUNDLE_MEDIA_TYPE,
  verificationMaterial: {
    certificate: { rawBytes: 'MAA=' },
    tlogEntries: [entry],
    timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'MAA=' }] },
  },
  messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest: hash }, signature: 'AAEC' },
};
const { certificate: _, ...withoutMaterial } = json.verificationMaterial;
const { messageSignature: __, ...withoutContent } = json;
const dsseEnvelope = { payload: 'aGk=', payloadType: 'x/y', signatures: [{ sig: 'AAEC' }] };

function material(change: JsonObject): Json {
  return { ...json, verificationMaterial: { ...withoutMaterial, ...change } };
}

suite('bundles', () => {
  test('a bundle is written as it was read', () => {
    assert.deepEqual(bundleJson(parseBundle(json)), json);
    const byKey = {
      ...withoutContent,
      verificationMaterial: { publicKey: { hint: 'k' }, ...withoutMaterial },
      dsseEnvelope,
    };
    assert.deepEqual(bundleJson(parseBundle(byKey)), byKey);
  });

  test('old versions are read and written as 0.3', () => {
    const chain = { x509CertificateChain: { certificates: [{ rawBytes: 'MAA=' }] } };
    for (const version of ['0.1', '0.2']) {
      const promised = {
        ...entry,
        inclusionPromise: { signedEntryTimestamp: 'AAEC' },
        integratedTime: '1700000000',
      };
      const old = {
        ...json,
        mediaType: `application/vnd.dev.sigstore.bundle+json;version=${version}`,
        verificationMaterial: { ...withoutMaterial, ...chain, tlogEntries: [promised] },
      };
      const bundle = parseBundle(old);
      assert.equal(bundle.version, version);
      assert.equal(bundleJson(bundle)['mediaType'], BUNDLE_MEDIA_TYPE);
    }
  });

  test('an unknown or missing media type is refused as such', () => {
    const types = [
      'application/vnd.dev.sigstore.bundle.v0.4+json',
      'application/json',
      '',
      'toString',
      '__proto__',
      1,
      null,
    ];
    for (const mediaType of types) refused('SY-BUNDLE-VERSION', () => parseBundle({ ...json, mediaType }));
    for (const bad of [null, [], 'text', 1, {}] satisfies Json[])
      refused('SY-BUNDLE-VERSION', () => parseBundle(bad));
  });

  test('exactly one content and one material', () => {
    refused('SY-BUNDLE-MALFORMED', () => parseBundle(withoutContent));
    refused('SY-BUNDLE-MALFORMED', () => parseBundle({ ...json, dsseEnvelope }));
    const two = { ...dsseEnvelope, signatures: [{ sig: 'AAEC' }, { sig: 'AAEC' }] };
    refused('SY-BUNDLE-MALFORMED', () => parseBundle({ ...withoutContent, dsseEnvelope: two }));
    refused('SY-BUNDLE-MALFORMED', () => parseBundle(material({})));
    refused('SY-BUNDLE-MALFORMED', () =>
      parseBundle(material({ certificate: { rawBytes: 'MAA=' }, publicKey: { hint: 'k' } })),
    );
    refused('SY-BUNDLE-MALFORMED', () =>
      parseBundle(material({ x509CertificateChain: { certificates: [{ rawBytes: 'MAA=' }] } })),
    );
  });

  test('the evidence that a version must carry is demanded', () => {
    const { inclusionProof: proof, ...unproved } = entry;
    refused('SY-BUNDLE-MALFORMED', () =>
      parseBundle(material({ certificate: { rawBytes: 'MAA=' }, tlogEntries: [unproved] })),
    );
    const v1 = { ...json, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1' };
    refused('SY-BUNDLE-MALFORMED', () => parseBundle(v1));
    assert.ok(proof);
  });

  test('counts are exact, not negative and not beyond what a number holds', () => {
    const read = (logIndex: Json): number => {
      const changed = parseBundle(
        material({ certificate: { rawBytes: 'MAA=' }, tlogEntries: [{ ...entry, logIndex }] }),
      );
      return changed.entries[0]?.logIndex ?? -1;
    };
    assert.equal(read('9007199254740991'), Number.MAX_SAFE_INTEGER);
    assert.equal(read(12), 12);
    for (const bad of [
      '9007199254740992',
      '-1',
      -1,
      1.5,
      '1e3',
      '0x10',
      '01',
      ' 1',
      '',
      true,
      [],
      {},
    ] satisfies Json[])
      refused('SY-BUNDLE-MALFORMED', () => read(bad), String(bad));
  });

  test('lists are bounded', () => {
    for (const tlogEntries of [Array.from({ length: 33 }, () => entry)])
      refused('SY-BUNDLE-MALFORMED', () =>
        parseBundle(material({ certificate: { rawBytes: 'MAA=' }, tlogEntries })),
      );
    const rfc3161Timestamps = Array.from({ length: 33 }, () => ({ signedTimestamp: 'MAA=' }));
    const timestampVerificationData = { rfc3161Timestamps };
    refused('SY-BUNDLE-MALFORMED', () =>
      parseBundle(material({ certificate: { rawBytes: 'MAA=' }, timestampVerificationData })),
    );
  });

  test('unknown members are refused at every level', () => {
    const levels: Json[] = [
      { ...json, more: 1 },
      material({ certificate: { rawBytes: 'MAA=', more: 1 } }),
      material({ certificate: { rawBytes: 'MAA=' }, tlogEntries: [{ ...entry, more: 1 }] }),
    ];
    for (const level of levels) refused('SY-BUNDLE-MALFORMED', () => parseBundle(level));
  });

  test('whatever one member is, the answer is a bundle or a coded refusal', () => {
    let refusals = 0;
    for (const variant of variants(json)) {
      try {
        parseBundle(variant.json);
      } catch (error) {
        refused(
          ['SY-BUNDLE-MALFORMED', 'SY-BUNDLE-VERSION', 'SY-DSSE-MALFORMED'],
          () => parseBundle(variant.json),
          variant.path,
        );
        refusals++;
        assert.ok(error instanceof Error && error.message.length < 300, 'the message repeats no input');
      }
    }
    assert.ok(refusals > 200);
  });

  test('an entry is written as protojson: int64 as text', () => {
    const [first] = parseBundle(json).entries;
    assert.ok(first !== undefined);
    assert.deepEqual(transparencyEntryJson(first), entry);
  });
});
