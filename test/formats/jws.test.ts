// Flattened JWS and JWK against outside vectors, node:crypto and everything that a hostile client may send.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Jws, MAX_JWS_BYTES, parseJws, readJws } from '../../src/formats/jws.ts';
import { readJwk } from '../../src/formats/jws-key.ts';
import { JWS_ALGORITHMS, signatureAlgorithm, verifyJws, verifyMac } from '../../src/formats/jws-verify.ts';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { type Code, isSealyardError } from '../../src/ground/errors.ts';
import type { Json, JsonObject } from '../../src/ground/json.ts';
import { refused, variants } from './refused.ts';

const b64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64url');
const jwkOf = (key: KeyObject) => key.export({ format: 'jwk' }) as JsonObject;

function flattened(header: JsonObject, payload: string, signature: (input: string) => Uint8Array) {
  const input = `${b64(JSON.stringify(header))}.${b64(payload)}`;
  const [head = '', body = ''] = input.split('.');
  return { protected: head, payload: body, signature: b64(signature(input)) };
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecSign = (input: string) =>
  sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
const good = flattened({ alg: 'ES256', nonce: 'bm9uY2U', url: 'https://example.com/' }, '{}', ecSign);

describe('a flattened JWS', () => {
  test('is split into header, payload and signature, and verifies', () => {
    const jws = parseJws(toUtf8(JSON.stringify(good)));
    assert.deepEqual(jws.header, { alg: 'ES256', nonce: 'bm9uY2U', url: 'https://example.com/' });
    assert.equal(Buffer.from(jws.payload).toString(), '{}');
    verifyJws(jws, 'ES256', readJwk(jwkOf(ec.publicKey)));
  });

  test('has an empty payload for POST-as-GET, and other members are ignored', () => {
    const jws = readJws({ ...flattened({ alg: 'ES256' }, '', ecSign), remark: 'x' });
    assert.equal(jws.payload.length, 0);
    verifyJws(jws, 'ES256', readJwk(jwkOf(ec.publicKey)));
  });

  test('is refused with any member absent, of another type or hostile', () => {
    for (const { path, json } of variants(good)) {
      const kept = readOrRefusal(json);
      // What can be read at all is a payload or signature that does not verify, or an empty one.
      if (typeof kept !== 'string') assert.match(path, /payload|signature/);
      else assert.equal(kept, 'SY-JWS-MALFORMED', path);
    }
  });

  const cases: readonly (readonly [string, string])[] = [
    ['an unprotected header', JSON.stringify({ ...good, header: {} })],
    ['several signatures', JSON.stringify({ ...good, signatures: [] })],
    ['a repeated member', `{"payload":"",${JSON.stringify(good).slice(1)}`],
    ['a detached payload', JSON.stringify({ protected: good.protected, signature: good.signature })],
    ['padding', JSON.stringify({ ...good, signature: `${good.signature}==` })],
    ['base64 with + and /', JSON.stringify({ ...good, payload: '+/+/' })],
    ['base64url with stray bits', JSON.stringify({ ...good, payload: 'e31' })],
    ['the compact serialization', `${good.protected}.${good.payload}.${good.signature}`],
    ['an array', '[]'],
    ['a null', 'null'],
    ['nothing', ''],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
    ['a deep member', `{"x":${'['.repeat(2000)}${']'.repeat(2000)},${JSON.stringify(good).slice(1)}`],
    ['a body beyond the bound', JSON.stringify({ ...good, payload: 'A'.repeat(MAX_JWS_BYTES) })],
  ];
  for (const [what, text] of cases)
    test(`with ${what} is refused`, () => refused('SY-JWS-MALFORMED', () => parseJws(toUtf8(text))));

  test('that is not UTF-8 is refused', () =>
    refused('SY-JWS-MALFORMED', () => parseJws(new Uint8Array([0x7b, 0xff, 0x7d]))));

  for (const [what, header] of [
    ['crit', '{"alg":"ES256","crit":["b64"]}'],
    ['b64', '{"alg":"ES256","b64":false}'],
    ['zip', '{"alg":"ES256","zip":"DEF"}'],
    ['a repeated alg', '{"alg":"none","alg":"ES256"}'],
    ['a list', '[]'],
    ['too much', JSON.stringify({ alg: 'ES256', x: 'x'.repeat(9000) })],
  ] as const)
    test(`whose protected header has ${what} is refused`, () =>
      refused('SY-JWS-MALFORMED', () => readJws({ ...good, protected: b64(header) })));
});

function readOrRefusal(json: Json): Jws | Code {
  try {
    return readJws(json);
  } catch (error) {
    if (isSealyardError(error)) return error.code;
    throw error;
  }
}

describe('signature algorithms', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ed = generateKeyPairSync('ed25519');
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  const pss = (hash: string) => (input: string) =>
    sign(hash, Buffer.from(input), { key: rsa.privateKey, padding: 6, saltLength: -1 });
  const ecdsa = (hash: string, key: KeyObject) => (input: string) =>
    sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  const edSign = (input: string) => sign(null, Buffer.from(input), ed.privateKey);
  const SIGNERS: Readonly<Record<string, readonly [KeyObject, (input: string) => Uint8Array]>> = {
    ES256: [ec.publicKey, ecSign],
    ES384: [p384.publicKey, ecdsa('sha384', p384.privateKey)],
    ES512: [p521.publicKey, ecdsa('sha512', p521.privateKey)],
    EdDSA: [ed.publicKey, edSign],
    Ed25519: [ed.publicKey, edSign],
    RS256: [rsa.publicKey, (input) => sign('sha256', Buffer.from(input), rsa.privateKey)],
    RS384: [rsa.publicKey, (input) => sign('sha384', Buffer.from(input), rsa.privateKey)],
    RS512: [rsa.publicKey, (input) => sign('sha512', Buffer.from(input), rsa.privateKey)],
    PS256: [rsa.publicKey, pss('sha256')],
    PS384: [rsa.publicKey, pss('sha384')],
    PS512: [rsa.publicKey, pss('sha512')],
  };

  test('every one of them has its test', () => assert.deepEqual(Object.keys(SIGNERS), [...JWS_ALGORITHMS]));

  for (const [alg, [publicKey, signer]] of Object.entries(SIGNERS))
    test(`${alg} verifies what node:crypto signed, nothing changed, and no other algorithm of the key`, () => {
      const key = readJwk(jwkOf(publicKey));
      const name = signatureAlgorithm(alg);
      const value = flattened({ alg }, 'payload', signer);
      verifyJws(readJws(value), name, key);
      refused('SY-JWS-SIGNATURE', () => verifyJws(readJws({ ...value, payload: b64('other') }), name, key));
      refused('SY-JWS-SIGNATURE', () => verifyJws(readJws({ ...value, signature: '' }), name, key));
      for (const [other, [, otherSigner]] of Object.entries(SIGNERS)) {
        if (other === alg || (alg.startsWith('Ed') && other.startsWith('Ed'))) continue;
        const forged = readJws(flattened({ alg }, 'payload', otherSigner));
        refused('SY-JWS-SIGNATURE', () => verifyJws(forged, name, key), other);
      }
    });

  test('a key of another type or curve is refused before anything is computed', () => {
    const jws = readJws(good);
    for (const key of [rsa.publicKey, ed.publicKey, p384.publicKey])
      refused('SY-JWS-KEY', () => verifyJws(jws, 'ES256', readJwk(jwkOf(key))));
    refused('SY-JWS-KEY', () => verifyJws(jws, 'RS256', readJwk(jwkOf(ec.publicKey))));
  });

  test('none, MACs and strangers are in no row', () => {
    for (const alg of ['none', 'None', '', 'HS256', 'ES256K', 'RSA1_5', 'toString', '__proto__'])
      refused('SY-JWS-ALGORITHM', () => signatureAlgorithm(alg), alg);
    for (const alg of [undefined, null, 1, ['ES256']])
      refused('SY-JWS-MALFORMED', () => signatureAlgorithm(alg));
  });

  test('a DER signature is not an ECDSA signature of JWS', () => {
    const der = flattened({ alg: 'ES256' }, 'x', (input) =>
      sign('sha256', Buffer.from(input), ec.privateKey),
    );
    refused('SY-JWS-SIGNATURE', () => verifyJws(readJws(der), 'ES256', readJwk(jwkOf(ec.publicKey))));
  });

  test('a signature of zeros verifies nothing (CVE-2022-21449)', () => {
    const zeros = { ...good, signature: b64(new Uint8Array(64)) };
    refused('SY-JWS-SIGNATURE', () => verifyJws(readJws(zeros), 'ES256', readJwk(jwkOf(ec.publicKey))));
  });
});

describe('MACs of external account bindings', () => {
  const key = Buffer.alloc(32, 7);
  for (const [alg, hash] of [
    ['HS256', 'sha256'],
    ['HS384', 'sha384'],
    ['HS512', 'sha512'],
  ] as const)
    test(`${alg} verifies with its key and no other`, () => {
      const jws = readJws(flattened({ alg }, 'x', (input) => createHmac(hash, key).update(input).digest()));
      verifyMac(jws, key);
      refused('SY-JWS-SIGNATURE', () => verifyMac(jws, Buffer.alloc(32, 8)));
    });

  test('signature algorithms and none are no MACs', () => {
    for (const alg of ['ES256', 'none', 'toString', ''])
      refused('SY-JWS-MALFORMED', () => verifyMac(readJws(flattened({ alg }, 'x', () => key)), key));
  });
});

describe('a JWK', () => {
  test('has the thumbprint of RFC 7638 §3.1, whatever else it holds', () => {
    const { jwk, thumbprint } = readJwk({
      kty: 'RSA',
      n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
      e: 'AQAB',
      alg: 'RS256',
      kid: '2011-04-29',
    });
    assert.equal(thumbprint, 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
    assert.deepEqual(Object.keys(jwk), ['e', 'kty', 'n']);
  });

  test('has the thumbprint of RFC 8037 appendix A.3', () => {
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';
    const { thumbprint } = readJwk({ kty: 'OKP', crv: 'Ed25519', x });
    assert.equal(thumbprint, 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });

  const ecJwk = jwkOf(ec.publicKey);
  const x = String(ecJwk['x']);
  const rsaJwk = jwkOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey);
  const n = Buffer.from(String(rsaJwk['n']), 'base64url');
  const cases: readonly (readonly [string, Json])[] = [
    ['that is no object', 'jwk'],
    ['of no type', { ...ecJwk, kty: 'EC2' }],
    ['that is symmetric', { kty: 'oct', k: 'AAAA' }],
    ['with its private half', jwkOf(ec.privateKey)],
    ['for encryption', { ...ecJwk, use: 'enc' }],
    ['that may not verify', { ...ecJwk, key_ops: ['sign'] }],
    ['off its curve', { ...ecJwk, y: b64(Buffer.alloc(32, 1)) }],
    ['at infinity', { ...ecJwk, x: b64(Buffer.alloc(32)), y: b64(Buffer.alloc(32)) }],
    [
      'of a curve that we do not have',
      jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    ],
    ['that names another curve than it has', { ...ecJwk, crv: 'P-384' }],
    ['of a curve named like a method', { ...ecJwk, crv: 'toString' }],
    [
      'with a longer coordinate',
      { ...ecJwk, x: b64(Buffer.concat([Buffer.alloc(1), Buffer.from(x, 'base64url')])) },
    ],
    ['with a shorter coordinate', { ...ecJwk, x: b64(Buffer.from(x, 'base64url').subarray(1)) }],
    ['with padding', { ...ecJwk, x: `${x}=` }],
    ['of Ed448', jwkOf(generateKeyPairSync('ed448').publicKey)],
    ['of X25519', jwkOf(generateKeyPairSync('x25519').publicKey)],
    ['of 1024 bits', jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['of 16384 bits', { ...rsaJwk, n: b64(Buffer.alloc(2048, 0xff)) }],
    ['with a leading zero', { ...rsaJwk, n: b64(Buffer.concat([Buffer.alloc(1), n])) }],
    ['with an even modulus', { ...rsaJwk, n: b64(Buffer.concat([n.subarray(0, -1), Buffer.alloc(1)])) }],
    ['with exponent 1', { ...rsaJwk, e: 'AQ' }],
    ['with exponent 3', { ...rsaJwk, e: 'Aw' }],
    ['with an even exponent', { ...rsaJwk, e: 'AQAA' }],
    ['with a vast exponent', { ...rsaJwk, e: b64(Buffer.alloc(256, 0xff)) }],
  ];
  for (const [what, jwk] of cases)
    test(`${what} is refused`, () => refused('SY-JWS-KEY', () => readJwk(jwk)));
});

interface VectorFile {
  readonly testGroups: readonly {
    readonly public?: JsonObject;
    readonly private: JsonObject;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly jws: string | JsonObject;
      readonly result: string;
    }[];
  }[];
}

/** What the vectors let pass and we do not. */
const STRICTER: ReadonlyMap<number, string> = new Map([
  [346, 'a key that says PS256 under a PS384 header'],
  [350, 'a key that says PS256 under a PS384 header'],
  [347, 'a key for ES521, which is no algorithm'],
  [351, 'a key for ES521, which is no algorithm'],
  [372, 'a character outside of the alphabet'],
  [373, 'a character outside of the alphabet'],
]);
/** Word for word the valid vector 357: the padding that they are about was lost. */
const MISPRINTED: ReadonlySet<number> = new Set([367, 370]);

const vectors = process.env['SEALYARD_VECTORS'];

test('Wycheproof: every JWS that is to be refused is refused, every sound signature of our algorithms verifies', {
  skip: vectors === undefined ? 'SEALYARD_VECTORS is not set' : false,
}, () => {
  const path = join(vectors ?? '', 'wycheproof', 'json_web_signature_test.json');
  const file = JSON.parse(readFileSync(path, 'utf8')) as VectorFile;
  let accepted = 0;
  for (const group of file.testGroups)
    for (const { tcId, comment, jws, result } of group.tests) {
      const outcome = outcomeOf(jws, group.public ?? group.private);
      if (outcome === 'verified') accepted++;
      if (MISPRINTED.has(tcId)) continue;
      if (result === 'invalid' || STRICTER.has(tcId))
        assert.notEqual(outcome, 'verified', `${tcId} ${comment}`);
      else assert.equal(outcome, 'verified', `${tcId} ${comment}`);
    }
  assert.ok(accepted > 20, `${accepted}`);
});

function outcomeOf(value: string | JsonObject, jwk: JsonObject): string {
  const [header, payload, signature, more] = typeof value === 'string' ? value.split('.') : [];
  const json: Json =
    typeof value === 'string' && more === undefined
      ? { protected: header ?? null, payload: payload ?? null, signature: signature ?? null }
      : typeof value === 'string'
        ? {}
        : value;
  try {
    const jws = readJws(json);
    if (jwk['kty'] === 'oct') verifyMac(jws, Buffer.from(String(jwk['k']), 'base64url'));
    else {
      const { d, p, q, dp, dq, qi, ...open } = jwk;
      verifyJws(jws, signatureAlgorithm(jws.header['alg']), readJwk(open));
    }
    return 'verified';
  } catch (error) {
    if (isSealyardError(error)) return error.code;
    throw error;
  }
}
