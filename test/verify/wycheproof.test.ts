// Wycheproof (C2SP): every signature file, every case, through verifySignature, and over digests through verifyDigest.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { type HashAlgorithm, hashOf, type SignatureAlgorithm } from '../../src/formats/algorithms.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { type PublicKey, readPublicKey, verifyDigest, verifySignature } from '../../src/verify/key.ts';
import { readVectors, skip, vectorFiles } from './vectors.ts';

interface Case {
  readonly tcId: number;
  readonly msg: string;
  readonly sig: string;
  readonly ctx?: string;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly flags?: readonly string[];
}

interface Group {
  readonly publicKeyDer?: string;
  readonly sha?: string;
  readonly sLen?: number;
  readonly tests: readonly Case[];
}

interface Suite {
  readonly algorithm?: string;
  readonly testGroups: readonly Group[];
}

/** Files whose subject is another room's: JWK and JWS are `identity`'s. */
const OTHER_ROOMS = /^json_web_/;
/** Everything that the suite holds, weak keys included: the vectors are about signatures. */
const ANY_KEY = { rsaBits: [1024, 16_384], rsaExponentAtLeast: 3n } as const;

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));

function algorithmOf(suite: Suite, group: Group): SignatureAlgorithm {
  const hash = group.sha?.replace('SHA-', 'sha') as HashAlgorithm;
  switch (suite.algorithm) {
    case 'ECDSA':
      return `ecdsa-${hash}`;
    case 'EDDSA':
      return 'ed25519';
    case 'RSASSA-PKCS1-v1_5':
      return `rsa-pkcs1-${hash}`;
    case 'RSASSA-PSS':
      return `rsa-pss-${hash}`;
    case 'ML-DSA-44':
    case 'ML-DSA-65':
    case 'ML-DSA-87':
      return suite.algorithm.toLowerCase() as SignatureAlgorithm;
    default:
      throw new TypeError(`an algorithm without an entry point: ${suite.algorithm}`);
  }
}

/** `undefined` where the key itself is refused, as some vectors want. */
function keyOf(group: Group): PublicKey | undefined {
  try {
    return readPublicKey(hex(group.publicKeyDer ?? ''), ANY_KEY);
  } catch (error) {
    if (isSealyardError(error)) return undefined;
    throw error;
  }
}

function agrees(result: Case['result'], verified: boolean): boolean {
  return result === 'acceptable' || verified === (result === 'valid');
}

function forEachCase(
  suite: Suite,
  check: (group: Group, key: PublicKey | undefined, test: Case) => boolean,
): number {
  let count = 0;
  const wrong: number[] = [];
  for (const group of suite.testGroups) {
    const key = keyOf(group);
    for (const vector of group.tests) {
      count++;
      if (!check(group, key, vector)) wrong.push(vector.tcId);
    }
  }
  assert.deepEqual(wrong, []);
  return count;
}

describe('Wycheproof signatures verify exactly where the suite says so', { skip }, () => {
  for (const file of vectorFiles('wycheproof').filter(
    (name) => name.endsWith('.json') && !OTHER_ROOMS.test(name),
  ))
    test(file, () => {
      const suite = readVectors<Suite & { readonly numberOfTests: number }>('wycheproof', file);
      const count = forEachCase(suite, (group, key, { msg, sig, ctx, result }) => {
        const algorithm = algorithmOf(suite, group);
        const context = ctx === undefined ? undefined : hex(ctx);
        const verified = key !== undefined && verifySignature(key, algorithm, hex(msg), hex(sig), context);
        return agrees(result, verified);
      });
      assert.equal(count, suite.numberOfTests);
    });
});

describe('Wycheproof signatures over a digest that is given get the same answer as over the message', {
  skip,
}, () => {
  const digestible = vectorFiles('wycheproof').filter((name) => /^(ecdsa|rsa_signature)_/.test(name));
  for (const file of digestible)
    test(file, () => {
      const suite = readVectors<Suite>('wycheproof', file);
      forEachCase(suite, (group, key, { msg, sig, result }) => {
        const algorithm = algorithmOf(suite, group);
        const hash = hashOf(algorithm);
        if (key === undefined || hash === undefined) return result !== 'valid';
        const digest = createHash(hash).update(hex(msg)).digest();
        const verified = verifyDigest(key, hash, digest, hex(sig));
        return agrees(result, verified) && verified === verifySignature(key, algorithm, hex(msg), hex(sig));
      });
    });
});

describe('a second implementation gives the same answers over digests', { skip }, () => {
  const curves = { 'ec-p256': p256, 'ec-p384': p384, 'ec-p521': p521 };
  for (const file of vectorFiles('wycheproof').filter((name) => name.startsWith('ecdsa_')))
    test(file, () => {
      const suite = readVectors<Suite>('wycheproof', file);
      forEachCase(suite, (group, key, { msg, sig }) => {
        const hash = hashOf(algorithmOf(suite, group));
        if (key === undefined || hash === undefined) return true;
        const curve = curves[key.algorithm as keyof typeof curves];
        const digest = createHash(hash).update(hex(msg)).digest();
        const point = key.spki.subarray(-(1 + 2 * Math.ceil(curve.Point.Fn.BITS / 8)));
        let second = false;
        try {
          second = curve.verify(hex(sig), digest, point, { prehash: false, lowS: false, format: 'der' });
        } catch {
          // It throws for what it cannot parse.
        }
        return verifyDigest(key, hash, digest, hex(sig)) === second;
      });
    });
});
