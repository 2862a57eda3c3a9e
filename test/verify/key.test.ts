// Public keys that are refused, and signatures over digests beyond what the outside vectors hold.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { DerCursor, der, readDer } from '../../src/formats/der.ts';
import { readUnsigned } from '../../src/formats/der-values.ts';
import { toHex } from '../../src/ground/bytes.ts';
import { SealyardError } from '../../src/ground/errors.ts';
import {
  defaultAlgorithm,
  OUTSIDE_KEYS,
  readPublicKey,
  verifyDigest,
  verifySignature,
} from '../../src/verify/key.ts';

const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }));
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const refusal = (code: string) => (error: unknown) => error instanceof SealyardError && error.code === code;

describe('readPublicKey', () => {
  test('RSA keys shorter than 2048 bits are weak', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    assert.throws(() => readPublicKey(spkiOf(publicKey)), refusal('SY-KEY-WEAK'));
  });

  test('an RSA exponent of 3 is weak for our own, and good enough to check a stranger', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
    assert.throws(() => readPublicKey(spkiOf(publicKey)), refusal('SY-KEY-WEAK'));
    assert.equal(readPublicKey(spkiOf(publicKey), OUTSIDE_KEYS).algorithm, 'rsa');
  });

  test('a point that is not on its curve is refused', () => {
    const spki = spkiOf(ec('P-256').publicKey);
    spki[spki.length - 1] = (spki.at(-1) ?? 0) ^ 1;
    assert.throws(() => readPublicKey(spki), refusal('SY-KEY-WEAK'));
  });

  test('an Ed25519 point of small order, for which anything is a signature, is refused', () => {
    const spki = spkiOf(generateKeyPairSync('ed25519').publicKey);
    spki.fill(0, spki.length - 32);
    assert.throws(() => readPublicKey(spki), refusal('SY-KEY-WEAK'));
    spki[spki.length - 32] = 1;
    assert.throws(() => readPublicKey(spki), refusal('SY-KEY-WEAK'));
  });

  test('curves and algorithms outside the table are unsupported, not internal errors', () => {
    for (const curve of ['secp256k1', 'prime192v1'])
      assert.throws(() => readPublicKey(spkiOf(ec(curve).publicKey)), refusal('SY-KEY-UNSUPPORTED'));
    assert.throws(
      () => readPublicKey(spkiOf(generateKeyPairSync('ed448').publicKey)),
      refusal('SY-KEY-UNSUPPORTED'),
    );
    for (const bytes of [new Uint8Array(0), new Uint8Array(1000), new TextEncoder().encode('not a key')])
      assert.throws(() => readPublicKey(bytes), refusal('SY-KEY-UNSUPPORTED'));
  });

  test('trailing bytes after the key are refused', () => {
    const spki = spkiOf(ec('P-256').publicKey);
    assert.throws(() => readPublicKey(new Uint8Array([...spki, 0])), refusal('SY-KEY-UNSUPPORTED'));
  });
});

describe('verifySignature', () => {
  test('an algorithm that does not fit the key is no signature', () => {
    const { publicKey, privateKey } = ec('P-256');
    const message = new Uint8Array([1, 2, 3]);
    const signature = sign('sha256', message, privateKey);
    const key = readPublicKey(spkiOf(publicKey));
    assert.equal(verifySignature(key, 'ecdsa-sha256', message, signature), true);
    for (const algorithm of ['ed25519', 'rsa-pkcs1-sha256', 'ecdsa-sha512', 'ml-dsa-44'] as const)
      assert.equal(verifySignature(key, algorithm, message, signature), false);
  });

  test('every kind of key signs by its default algorithm', () => {
    const pairs = [
      ec('P-256'),
      ec('P-384'),
      ec('P-521'),
      generateKeyPairSync('ed25519'),
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ml-dsa-44'),
    ];
    for (const { publicKey, privateKey } of pairs) {
      const key = readPublicKey(spkiOf(publicKey));
      const algorithm = defaultAlgorithm(key);
      const hash = /sha\d+$/.exec(algorithm)?.[0] ?? null;
      const message = new TextEncoder().encode(algorithm);
      const signature = sign(hash, message, privateKey);
      assert.equal(verifySignature(key, algorithm, message, signature), true, algorithm);
      assert.equal(verifySignature(key, algorithm, message.subarray(1), signature), false, algorithm);
    }
  });
});

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

describe('verifyDigest', () => {
  for (const [curve, hash] of [
    ['P-256', 'sha256'],
    ['P-256', 'sha512'],
    ['P-384', 'sha384'],
    ['P-384', 'sha256'],
    ['P-521', 'sha512'],
    ['P-521', 'sha256'],
  ] as const)
    test(`${curve} with ${hash}: what was signed verifies, one flipped bit does not`, () => {
      const { publicKey, privateKey } = ec(curve);
      const key = readPublicKey(spkiOf(publicKey));
      for (let i = 0; i < 8; i++) {
        const message = new Uint8Array([i]);
        const signature = new Uint8Array(sign(hash, message, privateKey));
        const digest = new Uint8Array(createHash(hash).update(message).digest());
        assert.equal(verifyDigest(key, hash, digest, signature), true);
        digest[0] = (digest[0] ?? 0) ^ 1;
        assert.equal(verifyDigest(key, hash, digest, signature), false);
      }
    });

  test('a signature over e does not verify for the digest -e, which shares its x coordinate up to sign', () => {
    const { publicKey, privateKey } = ec('P-256');
    const key = readPublicKey(spkiOf(publicKey));
    const message = new Uint8Array([7]);
    const signature = new Uint8Array(sign('sha256', message, privateKey));
    const e = BigInt(`0x${createHash('sha256').update(message).digest('hex')}`) % ORDER;
    const negated = Buffer.from((ORDER - e).toString(16).padStart(64, '0'), 'hex');
    assert.equal(verifyDigest(key, 'sha256', negated, signature), false);
    // (r, -s) is the other signature over e, and that one does verify.
    const cursor = new DerCursor(readDer(signature));
    const [r, s] = [readUnsigned(cursor.next()), readUnsigned(cursor.next())];
    const twin = der.sequence(der.integer(r), der.integer(ORDER - BigInt(`0x${toHex(s)}`)));
    const digest = createHash('sha256').update(message).digest();
    assert.equal(verifyDigest(key, 'sha256', digest, twin), true);
    assert.equal(verifySignature(key, 'ecdsa-sha256', message, twin), true);
  });

  test('the digest of all zeros, where nothing of G remains, is decided like any other', () => {
    const { publicKey } = ec('P-256');
    const key = readPublicKey(spkiOf(publicKey));
    // r = x(Q), s = r makes u2 = 1: x(0·G + 1·Q) = x(Q), a valid signature over the digest 0.
    const x = BigInt(`0x${toHex(key.spki.subarray(-64, -32))}`) % ORDER;
    const signature = der.sequence(der.integer(x), der.integer(x));
    assert.equal(verifyDigest(key, 'sha256', new Uint8Array(32), signature), true);
    assert.equal(verifyDigest(key, 'sha256', new Uint8Array(32).fill(1), signature), false);
  });

  test('RSA: the digest decides, and the length of the signature', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = readPublicKey(spkiOf(publicKey));
    const message = new Uint8Array([1]);
    const signature = new Uint8Array(sign('sha384', message, privateKey));
    const digest = createHash('sha384').update(message).digest();
    assert.equal(verifyDigest(key, 'sha384', digest, signature), true);
    assert.equal(verifyDigest(key, 'sha384', digest, signature.subarray(1)), false);
    assert.equal(verifyDigest(key, 'sha384', digest, new Uint8Array(256).fill(0xff)), false);
    assert.equal(verifyDigest(key, 'sha256', digest.subarray(0, 32), signature), false);
  });

  test('a digest of the wrong length is no signature, Ed25519 over a digest is a wrong question', () => {
    const key = readPublicKey(spkiOf(ec('P-256').publicKey));
    assert.equal(verifyDigest(key, 'sha256', new Uint8Array(31), new Uint8Array(70)), false);
    const ed = readPublicKey(spkiOf(generateKeyPairSync('ed25519').publicKey));
    assert.throws(
      () => verifyDigest(ed, 'sha256', new Uint8Array(32), new Uint8Array(64)),
      refusal('SY-KEY-UNSUPPORTED'),
    );
  });
});
