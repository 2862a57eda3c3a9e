// Certificates per token are bounded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../src/identity/identity.ts';
import { createTokenUses } from '../../src/identity/token-uses.ts';
import { createTokenVerifier } from '../../src/identity/verifier.ts';
import { FakeIssuer, NOW, refusesWith } from './issuer.ts';

async function identity(): Promise<Identity> {
  const issuer = new FakeIssuer();
  return createTokenVerifier({ fetchJson: issuer.fetchJson }).verify(issuer.token(), {
    issuers: [issuer.config],
    now: NOW,
  });
}

test('a token that is replayed gets as many certificates as allowed, and another token its own', async () => {
  const uses = createTokenUses({ limit: 3, countIssued: () => 0 });
  const [one, other] = [await identity(), await identity()];
  for (let i = 0; i < 3; i++) uses.reserve(one, NOW);
  assert.throws(() => uses.reserve(one, NOW), refusesWith('SY-IDENTITY-TOKEN-EXHAUSTED'));
  uses.reserve(other, NOW);
});

test('what was issued before a restart counts', async () => {
  const uses = createTokenUses({ limit: 3, countIssued: (_, upTo) => Math.min(2, upTo) });
  const one = await identity();
  uses.reserve(one, NOW);
  assert.throws(() => uses.reserve(one, NOW), refusesWith('SY-IDENTITY-TOKEN-EXHAUSTED'));
});

test('a request that came to nothing gives its use back, once', async () => {
  const uses = createTokenUses({ limit: 1, countIssued: () => 0 });
  const one = await identity();
  const release = uses.reserve(one, NOW);
  release();
  release();
  uses.reserve(one, NOW);
  assert.throws(() => uses.reserve(one, NOW), refusesWith('SY-IDENTITY-TOKEN-EXHAUSTED'));
});

test('forgetting an expired token asks the records again', async () => {
  let asked = 0;
  const uses = createTokenUses({
    limit: 2,
    countIssued: () => {
      asked++;
      return 0;
    },
  });
  const one = await identity();
  uses.reserve(one, NOW);
  uses.reserve(one, NOW);
  assert.equal(asked, 1);
});
