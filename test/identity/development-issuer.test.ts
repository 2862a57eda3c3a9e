// The built-in issuer is an issuer like any other.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { createDevelopmentIssuer } from '../../src/identity/development-issuer.ts';
import { createTokenVerifier } from '../../src/identity/verifier.ts';
import { FakeIssuer, NOW, refusesWith, rsaPrivateKey, YARD } from './issuer.ts';

const url = `${YARD}/oidc`;
const issuer = createDevelopmentIssuer({
  url,
  privateKey: rsaPrivateKey(),
  clock: { now: () => NOW },
  random: { bytes: (size) => randomBytes(size) },
});
const request = { subject: 'ci/shop', audience: YARD, lifetimeSeconds: 300 };

test('a token that it mints verifies through discovery and its key set', async () => {
  const fetchJson = async (address: string) =>
    address === `${url}/jwks` ? issuer.jwks() : issuer.discovery();
  const config = { name: 'development', url, type: 'development', audiences: [YARD] } as const;
  const token = await issuer.mint({ ...request, claims: { project: 'shop' } });
  const identity = await createTokenVerifier({ fetchJson }).verify(token, { issuers: [config], now: NOW });
  assert.equal(identity.san.value, `${url}/ci/shop`);
  assert.equal(identity.claims['project'], 'shop');
});

test('another library accepts its tokens by its key set', async () => {
  const keys = JSON.parse(JSON.stringify(issuer.jwks())) as JSONWebKeySet;
  const { payload, protectedHeader } = await jwtVerify(await issuer.mint(request), createLocalJWKSet(keys), {
    issuer: url,
    audience: YARD,
    currentDate: NOW,
  });
  assert.equal(payload.sub, 'ci/shop');
  assert.equal(protectedHeader.alg, 'RS256');
});

test('its key set holds no private part', () => {
  assert.doesNotMatch(JSON.stringify(issuer.jwks()), /"(d|p|q|dp|dq|qi)"/);
});

for (const [what, bad] of [
  ['no subject', { subject: '' }],
  ['a subject with NUL', { subject: 'a\u0000' }],
  ['no audience', { audience: '' }],
  ['a day', { lifetimeSeconds: 86_400 }],
  ['no time', { lifetimeSeconds: 0 }],
  ['an issuer of the caller’s choice', { claims: { iss: 'https://attacker.example' } }],
  ['an expiry of the caller’s choice', { claims: { exp: 1 } }],
  ['claims without end', { claims: { pad: 'x'.repeat(9000) } }],
] as const)
  test(`it mints no token for ${what}`, async () => {
    await assert.rejects(issuer.mint({ ...request, ...bad }), refusesWith('SY-IDENTITY-CLAIMS'));
  });

test('a key that is not RSA of 2048 bits is our own mistake', () => {
  const { privateKey } = new FakeIssuer().keyPair;
  const clock = { now: () => NOW };
  const random = { bytes: (size: number) => randomBytes(size) };
  assert.throws(() => createDevelopmentIssuer({ url, privateKey, clock, random }), TypeError);
});
