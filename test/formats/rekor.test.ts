// Bodies of log entries: canonical, of a known kind, and every member hostile.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { suite, test } from 'node:test';
import { encodePem } from '../../src/formats/pem.ts';
import {
  hashedRekordBody,
  hashOfKeyDetails,
  keyDetailsOf,
  parseEntryBody,
  parseHashedRekordRequest,
  signedEntryTimestampBytes,
} from '../../src/formats/rekor.ts';
import { toBase64, toUtf8 } from '../../src/ground/bytes.ts';
import { canonicalJson, type Json } from '../../src/ground/json.ts';
import { ecKey, edKey } from '../verify/world-keys.ts';
import { refused, variants } from './refused.ts';

const digest = new Uint8Array(32).fill(1);
const signature = Uint8Array.of(1, 2, 3);
const der = Uint8Array.of(0x30, 0);
const pem = toBase64(toUtf8(encodePem('CERTIFICATE', der)));
const hash = { algorithm: 'sha256', value: '01'.repeat(32) };

const record = {
  digest: { algorithm: 'sha256', value: digest },
  signature,
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
  verifier: { kind: 'certificate', der },
} as const;

const bodies: Readonly<Record<string, Json>> = {
  'hashedrekord 0.0.1': {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: { data: { hash }, signature: { content: 'AQID', publicKey: { content: pem } } },
  },
  'hashedrekord 0.0.2': JSON.parse(new TextDecoder().decode(hashedRekordBody(record))) as Json,
  'dsse 0.0.1': {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: { envelopeHash: hash, payloadHash: hash, signatures: [{ signature: 'AQID', verifier: pem }] },
  },
  'intoto 0.0.2': {
    apiVersion: '0.0.2',
    kind: 'intoto',
    spec: {
      content: {
        envelope: { payloadType: 'x/y', signatures: [{ publicKey: pem, sig: toBase64(toUtf8('AQID')) }] },
        hash,
        payloadHash: hash,
      },
    },
  },
};

const parse = (json: Json) => parseEntryBody(toUtf8(canonicalJson(json)));

suite('log entries', () => {
  test('each kind is read', () => {
    for (const [name, json] of Object.entries(bodies)) {
      const body = parse(json);
      assert.equal(`${body.kind} ${body.version}`, name);
      const [logged] = body.kind === 'hashedrekord' ? [body] : body.signatures;
      assert.deepEqual(logged?.signature, signature);
      assert.deepEqual(logged?.verifier, { kind: 'certificate', der });
    }
  });

  test('the body of our own entries is the exact text that verifiers rebuild', () => {
    assert.equal(
      new TextDecoder().decode(hashedRekordBody(record)),
      `{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"${toBase64(digest)}"},"signature":{"content":"AQID","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","x509Certificate":{"rawBytes":"MAA="}}}}}}`,
    );
  });

  test('a body that is not canonical is refused: two readers could see two entries', () => {
    const text = canonicalJson(bodies['dsse 0.0.1'] ?? null);
    for (const bad of [
      ` ${text}`,
      `${text}\n`,
      text.replace('{', '{"kind":"dsse",'),
      text.replace('"kind"', '"k\\u0069nd"'),
    ])
      refused(['SY-ENTRY-MALFORMED', 'SY-JSON-MALFORMED'], () => parseEntryBody(toUtf8(bad)));
    refused('SY-ENTRY-MALFORMED', () => parseEntryBody(Uint8Array.of(0xff)));
    refused('SY-JSON-MALFORMED', () => parseEntryBody(new Uint8Array(0)));
  });

  test('unknown kinds, versions and algorithms are refused', () => {
    const body = bodies['hashedrekord 0.0.1'] as { spec: Json };
    for (const change of [{ kind: 'rekord' }, { apiVersion: '0.0.3' }, { kind: 'toString' }, { more: 1 }])
      refused('SY-ENTRY-MALFORMED', () => parse({ ...body, ...change } as Json));
    for (const bad of [
      { algorithm: 'sha1', value: '01'.repeat(20) },
      { algorithm: 'sha256', value: '01' },
      { algorithm: 'sha256', value: 'zz'.repeat(32) },
    ])
      refused('SY-ENTRY-MALFORMED', () =>
        parse({
          apiVersion: '0.0.1',
          kind: 'hashedrekord',
          spec: { ...(body.spec as object), data: { hash: bad } },
        } as Json),
      );
  });

  test('whatever one member is, the answer is an entry or a coded refusal', () => {
    for (const json of Object.values(bodies))
      for (const variant of variants(json)) {
        let failed = true;
        try {
          parse(variant.json);
          failed = false;
        } catch {}
        if (failed)
          refused(['SY-ENTRY-MALFORMED', 'SY-PEM-MALFORMED'], () => parse(variant.json), variant.path);
      }
  });

  test('a request carries everything but the digest’s algorithm, which the key’s details give', () => {
    const verifier = { keyDetails: 'PKIX_ECDSA_P384_SHA_384', publicKey: { rawBytes: 'MAA=' } };
    const request = { digest: toBase64(new Uint8Array(48)), signature: { content: 'AQID', verifier } };
    assert.equal(parseHashedRekordRequest(request).digest.algorithm, 'sha384');
    refused('SY-ENTRY-MALFORMED', () => parseHashedRekordRequest({ ...request, digest: toBase64(digest) }));
    const unknown = {
      ...request,
      signature: { content: 'AQID', verifier: { ...verifier, keyDetails: 'ML_DSA_44' } },
    };
    refused('SY-ENTRY-MALFORMED', () => parseHashedRekordRequest(unknown));
    for (const variant of variants(request)) {
      if (/rawBytes = "x|content = "x/.test(variant.path)) continue;
      refused('SY-ENTRY-MALFORMED', () => parseHashedRekordRequest(variant.json), variant.path);
    }
  });

  test('the details of keys, by kind and size', () => {
    assert.equal(keyDetailsOf(ecKey('P-521').spki), 'PKIX_ECDSA_P521_SHA_512');
    assert.equal(keyDetailsOf(edKey().spki), 'PKIX_ED25519');
    const rsa = (modulusLength: number): Uint8Array =>
      new Uint8Array(
        generateKeyPairSync('rsa', { modulusLength }).publicKey.export({ type: 'spki', format: 'der' }),
      );
    assert.equal(keyDetailsOf(rsa(2048)), 'PKIX_RSA_PKCS1V15_2048_SHA256');
    refused('SY-ALGORITHM-UNKNOWN', () => keyDetailsOf(rsa(2560)));
    assert.equal(hashOfKeyDetails('PKIX_RSA_PKCS1V15_4096_SHA256'), 'sha256');
    assert.equal(hashOfKeyDetails('PKIX_ED25519'), undefined);
  });

  test('the promise is over canonical JSON with the log id in hex', () => {
    const entry = {
      canonicalizedBody: toUtf8('{}'),
      integratedTime: 5,
      logId: Uint8Array.of(0xab),
      logIndex: 7,
    };
    assert.deepEqual(
      signedEntryTimestampBytes(entry),
      toUtf8('{"body":"e30=","integratedTime":5,"logID":"ab","logIndex":7}'),
    );
  });
});
