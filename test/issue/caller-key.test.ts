// Callers' keys and the proof that they hold them.
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { provePossession, readCallerKey } from '../../src/issue/caller-key.ts';
import { hasCode } from '../contract/keystore.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const challenge = 'repo:acme/shop:ref:refs/heads/main';

function pem(key: KeyObject): string {
  return String(key.export({ format: 'pem', type: 'spki' }));
}

test('P-256, P-384, P-521, Ed25519 and RSA keys prove themselves, hashed by curve or with SHA-256', () => {
  const cases: [{ publicKey: KeyObject; privateKey: KeyObject }, string | null][] = [
    [p256, 'sha256'],
    [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    [generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha256'],
    [generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sha512'],
    [generateKeyPairSync('ed25519'), null],
    [generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256'],
  ];
  for (const [pair, hash] of cases) {
    const signature = sign(hash, Buffer.from(challenge), pair.privateKey);
    const proven = provePossession({ publicKey: readCallerKey(pem(pair.publicKey)), challenge, signature });
    assert.equal(proven.keyId.length, 20);
  }
});

test('keys that we do not certify are refused, and say which', () => {
  const others = [
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ed448'),
    generateKeyPairSync('x25519'),
    generateKeyPairSync('ml-dsa-44'),
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
    generateKeyPairSync('dsa', { modulusLength: 1024 }),
  ];
  for (const { publicKey } of others)
    assert.throws(
      () => readCallerKey(pem(publicKey)),
      hasCode('SY-ISSUE-KEY-REFUSED'),
      publicKey.asymmetricKeyType,
    );
});

test('RSA keys of other sizes and with small exponents are refused by the name of the fault', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const small = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 });
  assert.throws(() => readCallerKey(pem(short.publicKey)), hasCode('SY-ISSUE-KEY-SIZE'));
  assert.throws(() => readCallerKey(pem(small.publicKey)), hasCode('SY-ISSUE-KEY-EXPONENT'));
});

test('a point beside its curve, and one at infinity, are refused as such', () => {
  const spki = new Uint8Array(p256.publicKey.export({ format: 'der', type: 'spki' }));
  const beside = spki.map((octet, i) => (i === spki.length - 1 ? octet ^ 1 : octet));
  const zero = spki.map((octet, i) => (i > spki.length - 65 ? 0 : octet));
  assert.throws(() => readCallerKey(beside), hasCode('SY-ISSUE-KEY-POINT'));
  assert.throws(() => readCallerKey(zero), hasCode('SY-ISSUE-KEY-POINT'));
  const edwards = new Uint8Array(
    generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }),
  );
  assert.throws(() => readCallerKey(edwards.fill(0, -32)), hasCode('SY-ISSUE-KEY-POINT'));
});

test('what is no public key is malformed', () => {
  const privateKey = String(p256.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const whole = pem(p256.publicKey);
  for (const text of ['', 'x', privateKey, whole + whole, whole.slice(0, 80), 'A'.repeat(9000)])
    assert.throws(() => readCallerKey(text), hasCode('SY-ISSUE-KEY-MALFORMED'), text.slice(0, 30));
  const der = new Uint8Array(p256.publicKey.export({ format: 'der', type: 'spki' }));
  for (const bytes of [new Uint8Array(0), der.subarray(1), der.subarray(0, -1)])
    assert.throws(() => readCallerKey(bytes), hasCode('SY-ISSUE-KEY-MALFORMED'));
});

test('a proof by another key, over other text, or over nothing is refused', () => {
  const publicKey = readCallerKey(pem(p256.publicKey));
  const right = new Uint8Array(sign('sha256', Buffer.from(challenge), p256.privateKey));
  const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const wrong: [string, Uint8Array][] = [
    [challenge, new Uint8Array(sign('sha256', Buffer.from(challenge), foreign))],
    ['other', right],
    [challenge, right.subarray(1)],
    [challenge, new Uint8Array(0)],
    ['', new Uint8Array(sign('sha256', Buffer.from(''), p256.privateKey))],
  ];
  for (const [text, signature] of wrong)
    assert.throws(
      () => provePossession({ publicKey, challenge: text, signature }),
      hasCode('SY-ISSUE-PROOF'),
    );
});
