// Weak keys, each refused by its name; sound keys are not.
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, generatePrimeSync } from 'node:crypto';
import { test } from 'node:test';
import { AUDIT_TABLES } from '../../src/audit/tables.ts';
import { readSpki } from '../../src/formats/algorithms.ts';
import { toBase64Url } from '../../src/ground/bytes.ts';
import type { Records } from '../../src/ground/change.ts';
import { blockedFingerprint, importBlockedKeys, isBlockedKey } from '../../src/issue/blocked-keys.ts';
import { readCallerKey } from '../../src/issue/caller-key.ts';
import { isRoca } from '../../src/issue/roca.ts';
import { SharedPrimes } from '../../src/issue/shared-primes.ts';
import { ISSUE_TABLES, RSA_MODULI } from '../../src/issue/tables.ts';
import { modulusOf } from '../../src/issue/weak-keys.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { hasCode } from '../contract/keystore.ts';

const clock = { now: () => new Date('2026-11-24T10:00:00Z') };

function store() {
  return createMemoryStore({ tables: [...AUDIT_TABLES, ...ISSUE_TABLES] });
}

function bytesOf(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return new Uint8Array(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex'));
}

/** A SubjectPublicKeyInfo around any modulus: whoever asks for a certificate may write what they like. */
function rsaSpki(modulus: bigint, exponent = 65_537n): Uint8Array {
  const jwk = { kty: 'RSA', n: toBase64Url(bytesOf(modulus)), e: toBase64Url(bytesOf(exponent)) };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return new Uint8Array(key.export({ format: 'der', type: 'spki' }));
}

function prime(bits: number): bigint {
  return generatePrimeSync(bits, { bigint: true });
}

function product(p: bigint, q: bigint): bigint {
  const modulus = p * q;
  assert.equal(modulus.toString(2).length, 2048);
  return modulus;
}

/** Rather a number without small factors than a prime: the checks see the modulus alone. */
function nextCoprime(start: bigint): bigint {
  let n = start | 1n;
  while (hasSmallFactor(n)) n += 2n;
  return n;
}

test('sound RSA keys of every size are taken', () => {
  for (const modulusLength of [2048, 3072, 4096]) {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
    assert.equal(
      readCallerKey(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))).algorithm,
      'rsa',
    );
  }
});

test('even, small and huge exponents are refused', () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const modulus = modulusOf(readSpki(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }))));
  for (const exponent of [1n, 3n, 17n, 65_535n, 65_538n])
    assert.throws(
      () => readCallerKey(rsaSpki(modulus, exponent)),
      hasCode('SY-ISSUE-KEY-EXPONENT'),
      String(exponent),
    );
});

test('a modulus with a factor below 752 is refused', () => {
  for (const factor of [3n, 751n]) {
    const top = (3n << 2046n) / factor;
    const modulus = factor * (top % 2n === 0n ? top + 1n : top);
    assert.throws(
      () => readCallerKey(rsaSpki(modulus)),
      hasCode('SY-ISSUE-KEY-SMALL-FACTOR'),
      String(factor),
    );
  }
});

test('primes next to each other are found by the method of Fermat', () => {
  const p = nextCoprime(3n << 1022n);
  const close = product(p, nextCoprime(p + 2n ** 500n));
  assert.throws(() => readCallerKey(rsaSpki(close)), hasCode('SY-ISSUE-KEY-CLOSE-PRIMES'));
});

test('a modulus of the ROCA kind is refused, and a thousand random ones are not taken for it', () => {
  const primes = [
    2n,
    3n,
    5n,
    7n,
    11n,
    13n,
    17n,
    19n,
    23n,
    29n,
    31n,
    37n,
    41n,
    43n,
    47n,
    53n,
    59n,
    61n,
    67n,
    71n,
  ];
  const more = [
    73n,
    79n,
    83n,
    89n,
    97n,
    101n,
    103n,
    107n,
    109n,
    113n,
    127n,
    131n,
    137n,
    139n,
    149n,
    151n,
    157n,
    163n,
    167n,
  ];
  const m = [...primes, ...more].reduce((a, b) => a * b, 1n);
  // The structure of the faulty library: p = k·M + (65537^a mod M).
  const weak = (k: bigint, a: bigint): bigint => k * m + power(65_537n, a, m);
  const top = (3n << 1022n) / m;
  let roca = 0n;
  for (let a = 1n; roca === 0n; a++) {
    const modulus = weak(top + 12_345n * a, 777n + a) * weak(top + 99_991n, 31n * a);
    // Some products have a factor between 167 and 752, which is found before.
    if (modulus.toString(2).length === 2048 && !hasSmallFactor(modulus)) roca = modulus;
  }
  assert.ok(isRoca(roca));
  assert.throws(() => readCallerKey(rsaSpki(roca)), hasCode('SY-ISSUE-KEY-ROCA'));
  for (let i = 0; i < 1000; i++) assert.equal(isRoca((roca + BigInt(2 * i + 2)) | 1n), false);
});

function hasSmallFactor(modulus: bigint): boolean {
  for (let n = 2n; n < 752n; n++) if (modulus % n === 0n) return true;
  return false;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let b = base % modulus, e = exponent; e > 0n; e >>= 1n, b = (b * b) % modulus)
    if ((e & 1n) === 1n) result = (result * b) % modulus;
  return result;
}

test('two keys that share a prime are told, in one run and after a restart; the same key again is not', async () => {
  const { commit, records } = store();
  const p = prime(1024);
  const first = p * prime(1024);
  const second = p * prime(1024);
  const seen = new SharedPrimes(records);
  assert.equal(seen.isShared(first), false);
  await commit({ puts: seen.put(first, 1), events: [] });
  seen.remember(first);
  assert.equal(seen.isShared(second), true);
  assert.equal(seen.isShared(first), false, 'a renewal with the same key');
  assert.equal(seen.isShared(prime(1024) * prime(1024)), false);
  const restarted = new SharedPrimes(records);
  assert.equal(restarted.isShared(second), true);
});

test('the moduli on record stay bounded, the newest stay, and comparing them stays quick', async () => {
  const { commit, records } = store();
  const seen = new SharedPrimes(records);
  const odd = (i: number): bigint => (1n << 2047n) + BigInt(2 * i + 1);
  for (let i = 0; i < 1200; i++) {
    await commit({ puts: seen.put(odd(i), i), events: [] });
    seen.remember(odd(i));
  }
  assert.equal(records.count(RSA_MODULI), 1024);
  const newest = BigInt(1199 * 2 + 1) + (1n << 2047n);
  assert.equal(new SharedPrimes(records).put(newest, 1).length, 0, 'it is known after a restart');
  const started = performance.now();
  for (let i = 0; i < 10; i++) seen.isShared((1n << 2047n) + 3n ** 500n + BigInt(2 * i));
  const eachMs = (performance.now() - started) / 10;
  assert.ok(eachMs < 25, `${eachMs} ms`);
});

test('a block list is read line by line: fingerprints, comments, blanks; anything else names its line', async () => {
  const { commit, records } = store();
  const one = 'ab'.repeat(32);
  const actor = { kind: 'system' } as const;
  const list = { reason: 'leaked', source: 'debian.txt', actor };
  const lines = ['# weak keys', '', one.toUpperCase(), `  ${'cd'.repeat(32)}  `];
  assert.equal(await importBlockedKeys({ ...list, lines }, { commit, clock }), 2);
  assert.equal(isBlockedKey(records, one), true);
  assert.equal(isBlockedKey(records, 'ef'.repeat(32)), false);
  for (const bad of ['x', 'ab', `${one}00`, '-----BEGIN PUBLIC KEY-----', 'é'.repeat(64)])
    await assert.rejects(
      importBlockedKeys({ ...list, lines: [one, bad] }, { commit, clock }),
      (error: unknown) => {
        hasCode('SY-ISSUE-BLOCK-LIST')(error);
        assert.match(String(error), /line 2/);
        return true;
      },
    );
  assert.equal(blockedFingerprint('# x', 1), undefined);
});

test('a block list of thousands is committed in parts, and told of by one event', async () => {
  const { commit, records } = store();
  const sizes: number[] = [];
  let events = 0;
  const lines = Array.from({ length: 2500 }, (_, i) => i.toString(16).padStart(64, '0'));
  const counting: typeof commit = (change) => {
    sizes.push(change.puts.length);
    events += change.events.length;
    return commit(change);
  };
  const list = { lines, reason: 'leaked', source: 'big', actor: { kind: 'system' } as const };
  await importBlockedKeys(list, { commit: counting, clock });
  assert.deepEqual(sizes, [1000, 1000, 500]);
  assert.equal(events, 1);
  assert.ok(isKnown(records));
});

function isKnown(records: Records): boolean {
  return isBlockedKey(records, (2499).toString(16).padStart(64, '0'));
}
