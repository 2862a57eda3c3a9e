// The contract of every key store: what `KeyStore` promises, tried against an adapter.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { toUtf8 } from '../../src/ground/bytes.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import type { KeyStore } from '../../src/keys/signer.ts';
import { verifySignature } from '../../src/verify/key.ts';

const ALGORITHMS = [
  'ec-p256',
  'ec-p384',
  'ec-p521',
  'ed25519',
  'rsa',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const;

/**
 * @param make a new, empty store; `reopen` gives another instance over the same keys
 */
export function keyStoreContract(
  name: string,
  make: () => Promise<{ readonly store: KeyStore; reopen(): Promise<KeyStore> }>,
): void {
  const message = toUtf8('to be signed');

  test(`${name}: a key of each algorithm signs what its public key verifies`, async () => {
    const { store } = await make();
    for (const algorithm of ALGORITHMS) {
      const signer = await store.create({ purpose: 'root-ca', algorithm });
      const signature = await signer.sign('root-ca', message);
      assert.equal(signer.publicKey.algorithm, algorithm);
      assert.ok(verifySignature(signer.publicKey, signer.algorithm, message, signature));
    }
  });

  test(`${name}: a signer refuses every purpose but its own`, async () => {
    const { store } = await make();
    const signer = await store.create({ purpose: 'timestamp', algorithm: 'ec-p256' });
    await assert.rejects(signer.sign('code-signing-ca', message), hasCode('SY-KEYS-PURPOSE'));
  });

  test(`${name}: a key opens again with the same public key and purpose`, async () => {
    const { store, reopen } = await make();
    const made = await store.create({ purpose: 'audit-log', algorithm: 'ed25519' });
    const again = await (await reopen()).open(made.ref);
    assert.deepEqual([...again.publicKey.spki], [...made.publicKey.spki]);
    assert.equal(again.purpose, 'audit-log');
    const signature = await again.sign('audit-log', message);
    assert.ok(verifySignature(made.publicKey, made.algorithm, message, signature));
  });

  test(`${name}: the list tells ref, purpose and public key of each key`, async () => {
    const { store, reopen } = await make();
    const made = await store.create({ purpose: 'listener', algorithm: 'ec-p256' });
    const [only, ...more] = await (await reopen()).list();
    assert.equal(more.length, 0);
    assert.equal(only?.ref, made.ref);
    assert.equal(only.purpose, 'listener');
    assert.deepEqual([...only.spki], [...made.publicKey.spki]);
  });

  test(`${name}: unknown keys and hostile refs are not found`, async () => {
    const { store } = await make();
    for (const ref of ['', 'file:', 'file:../../etc/passwd', 'file:root-ca-0123456789abcdef01234567', 'x\0y'])
      await assert.rejects(store.open(ref), hasCode('SY-KEYS-NOT-FOUND'), ref);
  });

  test(`${name}: RSA keys have the size that was asked for`, async () => {
    const { store } = await make();
    const { publicKey } = await store.create({ purpose: 'root-ca', algorithm: 'rsa', bits: 3072 });
    assert.equal(publicKey.keyObject.asymmetricKeyDetails?.modulusLength, 3072);
  });

  test(`${name}: a key that was made elsewhere is taken in, and opens again`, async () => {
    const { store, reopen } = await make();
    if (store.adopt === undefined) return;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const adopted = await store.adopt({ purpose: 'tls-ca', privateKey });
    const again = await (await reopen()).open(adopted.ref);
    assert.equal(again.publicKey.algorithm, 'ec-p384');
    const signature = await again.sign('tls-ca', message);
    assert.ok(verifySignature(adopted.publicKey, adopted.algorithm, message, signature));
  });

  test(`${name}: a key of a kind that the store would not make is not taken in`, async () => {
    const { store } = await make();
    if (store.adopt === undefined) return;
    for (const { privateKey } of [
      generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
      generateKeyPairSync('rsa', { modulusLength: 1024 }),
    ])
      await assert.rejects(
        store.adopt({ purpose: 'tls-ca', privateKey }),
        hasCode('SY-KEYS-ALGORITHM'),
        privateKey.asymmetricKeyType,
      );
  });

  test(`${name}: many signatures at once are each right`, async () => {
    const { store } = await make();
    const signer = await store.create({ purpose: 'certificate-log', algorithm: 'ec-p256' });
    const messages = Array.from({ length: 50 }, (_, i) => toUtf8(`message ${i}`));
    const signatures = await Promise.all(messages.map((each) => signer.sign('certificate-log', each)));
    signatures.forEach((signature, i) => {
      assert.ok(verifySignature(signer.publicKey, signer.algorithm, messages[i] ?? message, signature));
    });
  });

  test(`${name}: only keys for listeners and the development issuer can be taken out, and only as such`, async () => {
    const { store } = await make();
    if (store.exportPrivate === undefined) return;
    const listener = await store.create({ purpose: 'listener', algorithm: 'ec-p256' });
    assert.equal((await store.exportPrivate(listener.ref, 'listener')).type, 'private');
    await assert.rejects(store.exportPrivate(listener.ref, 'development-issuer'), hasCode('SY-KEYS-PURPOSE'));
    const ca = await store.create({ purpose: 'code-signing-ca', algorithm: 'ec-p256' });
    await assert.rejects(store.exportPrivate(ca.ref, 'listener'), hasCode('SY-KEYS-PURPOSE'));
  });
}

/** A predicate for `assert.rejects` and `assert.throws`. */
export function hasCode(code: Parameters<typeof isSealyardError>[1]): (error: unknown) => true {
  return (error) => {
    assert.ok(isSealyardError(error), `a coded error was expected, not ${String(error)}`);
    assert.equal(error.code, code);
    return true;
  };
}
