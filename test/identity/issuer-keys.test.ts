// How an issuer's keys are found, kept and asked for again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SealyardError } from '../../src/ground/errors.ts';
import type { Json } from '../../src/ground/json.ts';
import { createTokenVerifier } from '../../src/identity/verifier.ts';
import { FakeIssuer, NOW, refusesWith } from './issuer.ts';

function setUp(issuer = new FakeIssuer()) {
  const time = { ms: 0 };
  const verifier = createTokenVerifier({ fetchJson: issuer.fetchJson, monotonicMs: () => time.ms });
  const verify = (token: string) => verifier.verify(token, { issuers: [issuer.config], now: NOW });
  return { issuer, time, verify };
}

function fail(): Json {
  throw new SealyardError('SY-JSON-MALFORMED');
}

test('keys are fetched once for many tokens', async () => {
  const { issuer, verify } = setUp();
  for (let i = 0; i < 5; i++) await verify(issuer.token());
  assert.equal(issuer.fetched.length, 2);
});

test('a hundred tokens at once on a cold cache cause one fetch', async () => {
  const { issuer, verify } = setUp();
  await Promise.all(Array.from({ length: 100 }, () => verify(issuer.token())));
  assert.equal(issuer.fetched.length, 2);
});

test('rotated keys are found without waiting', async () => {
  const { issuer, verify } = setUp();
  await verify(issuer.token());
  issuer.rotate('key-2');
  assert.equal((await verify(issuer.token())).kind, 'oidc');
  assert.equal(issuer.fetched.length, 4);
});

test('a flood of unknown key ids causes one refetch in thirty seconds', async () => {
  const { issuer, time, verify } = setUp();
  await verify(issuer.token());
  const forged = () => issuer.token({}, { kid: String(Math.random()) });
  await Promise.allSettled(Array.from({ length: 50 }, () => verify(forged())));
  for (let i = 0; i < 20; i++) await assert.rejects(verify(forged()), refusesWith('SY-IDENTITY-KEY-UNKNOWN'));
  assert.equal(issuer.fetched.length, 4);
  time.ms += 30_001;
  await assert.rejects(verify(forged()));
  assert.equal(issuer.fetched.length, 6);
});

test('a withdrawn key stops counting when the set is fetched again', async () => {
  const { issuer, time, verify } = setUp();
  const old = issuer.token();
  await verify(old);
  issuer.rotate('key-2');
  time.ms += 10 * 60_000 + 1;
  await assert.rejects(verify(old), refusesWith('SY-IDENTITY-KEY-UNKNOWN'));
});

test('an outage of the issuer is bridged for an hour, then said', async () => {
  const { issuer, time, verify } = setUp();
  await verify(issuer.token());
  issuer.answers.set('/jwks', fail);
  time.ms += 30 * 60_000;
  assert.equal((await verify(issuer.token())).kind, 'oidc');
  time.ms += 31 * 60_000;
  await assert.rejects(verify(issuer.token()), refusesWith('SY-IDENTITY-ISSUER-UNREACHABLE'));
});

test('an issuer that does not answer is not asked for every token', async () => {
  const { issuer, time, verify } = setUp();
  issuer.answers.set('openid-configuration', fail);
  for (let i = 0; i < 20; i++)
    await assert.rejects(verify(issuer.token()), refusesWith('SY-IDENTITY-ISSUER-UNREACHABLE'));
  assert.equal(issuer.fetched.length, 1);
  issuer.answers.clear();
  time.ms += 3001;
  assert.equal((await verify(issuer.token())).kind, 'oidc');
});

const BAD_ANSWERS: readonly [string, string, (issuer: FakeIssuer) => Json][] = [
  [
    'discovery names another issuer',
    'openid-configuration',
    () => ({ issuer: 'https://other.example', jwks_uri: 'https://other.example/jwks' }),
  ],
  ['discovery is a list', 'openid-configuration', () => []],
  ['discovery names no key set', 'openid-configuration', (issuer) => ({ issuer: issuer.url })],
  [
    'the key set is over plain http elsewhere',
    'openid-configuration',
    (issuer) => ({ issuer: issuer.url, jwks_uri: 'http://other.example/jwks' }),
  ],
  [
    'the key set is a file',
    'openid-configuration',
    (issuer) => ({ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }),
  ],
  ['the key set holds no keys', 'jwks', () => ({ keys: {} })],
  ['the key set is a flood', 'jwks', (issuer) => ({ keys: Array.from({ length: 101 }, () => issuer.jwk()) })],
];
for (const [what, end, answer] of BAD_ANSWERS)
  test(`where ${what}, no token verifies`, async () => {
    const { issuer, verify } = setUp();
    issuer.answers.set(end, () => answer(issuer));
    await assert.rejects(verify(issuer.token()), refusesWith('SY-IDENTITY-ISSUER-UNREACHABLE'));
  });

const BAD_KEYS: readonly [string, (issuer: FakeIssuer) => readonly Json[]][] = [
  ['is there twice under one id', (issuer) => [issuer.jwk(), { ...new FakeIssuer().jwk(), kid: issuer.kid }]],
  ['is for encryption', (issuer) => [{ ...issuer.jwk(), use: 'enc' }]],
  ['may not verify', (issuer) => [{ ...issuer.jwk(), key_ops: ['sign'] }]],
  ['says another algorithm', (issuer) => [{ ...issuer.jwk(), alg: 'ES384' }]],
  ['is published with its private part', (issuer) => [{ ...issuer.jwk(), d: 'AAAA' }]],
  ['is no point of its curve', (issuer) => [{ ...issuer.jwk(), y: issuer.jwk()['x'] ?? '' }]],
  ['is a secret', (issuer) => [{ kty: 'oct', k: 'AAAA', kid: issuer.kid, alg: 'ES256' }]],
  ['is not an object', () => [null, 'key', 7]],
];
for (const [what, keys] of BAD_KEYS)
  test(`a key that ${what} verifies nothing`, async () => {
    const { issuer, verify } = setUp();
    issuer.answers.set('jwks', () => ({ keys: keys(issuer) }));
    await assert.rejects(verify(issuer.token()), refusesWith('SY-IDENTITY-KEY-UNKNOWN'));
  });

test('a token without kid verifies where one key fits, and not where two do', async () => {
  const { issuer, verify } = setUp();
  assert.equal((await verify(issuer.token({}, { kid: undefined }))).kind, 'oidc');
  const two = setUp();
  two.issuer.answers.set('jwks', () => ({
    keys: [two.issuer.jwk(), { ...new FakeIssuer().jwk(), kid: 'b' }],
  }));
  await assert.rejects(
    two.verify(two.issuer.token({}, { kid: undefined })),
    refusesWith('SY-IDENTITY-KEY-UNKNOWN'),
  );
});
