// What gets past the token verifier, and what must not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Identity } from '../../src/identity/identity.ts';
import { createTokenVerifier } from '../../src/identity/verifier.ts';
import { es256, FakeIssuer, hs256, NOW, part, refusesWith, YARD } from './issuer.ts';

function verify(issuer: FakeIssuer, token: string, now = NOW): Promise<Identity> {
  return createTokenVerifier({ fetchJson: issuer.fetchJson }).verify(token, {
    issuers: [issuer.config],
    now,
  });
}

const seconds = (offset: number) => NOW.getTime() / 1000 + offset;

test('a good token of a GitHub job becomes an identity with its name, challenge and expiry', async () => {
  const issuer = new FakeIssuer();
  const identity = await verify(issuer, issuer.token());
  assert.equal(identity.subject, 'repo:octo-org/octo-repo:environment:prod');
  assert.equal(identity.challenge, identity.subject);
  assert.deepEqual(identity.san, {
    type: 'uri',
    value: 'https://github.com/octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main',
  });
  assert.equal(identity.expiresAt.getTime(), NOW.getTime() + 300_000);
});

const HEADERS: readonly [string, Record<string, unknown>, string][] = [
  ['alg none', { alg: 'none' }, 'SY-IDENTITY-ALGORITHM'],
  ['alg None', { alg: 'None' }, 'SY-IDENTITY-ALGORITHM'],
  ['alg absent', { alg: undefined }, 'SY-IDENTITY-ALGORITHM'],
  ['alg of a wrong type', { alg: ['ES256'] }, 'SY-IDENTITY-ALGORITHM'],
  ['alg that is a property of every object', { alg: 'constructor' }, 'SY-IDENTITY-ALGORITHM'],
  ['alg ES256K', { alg: 'ES256K' }, 'SY-IDENTITY-ALGORITHM'],
  ['an algorithm of another key type', { alg: 'RS256' }, 'SY-IDENTITY-KEY-UNKNOWN'],
  ['an algorithm of another curve', { alg: 'ES384' }, 'SY-IDENTITY-KEY-UNKNOWN'],
  ['a critical header', { crit: ['exp'], exp: 1 }, 'SY-IDENTITY-HEADER'],
  ['b64 false', { b64: false, crit: ['b64'] }, 'SY-IDENTITY-HEADER'],
  ['an embedded key', { jwk: { kty: 'EC' } }, 'SY-IDENTITY-HEADER'],
  ['the URL of a key set', { jku: 'https://attacker.example/jwks' }, 'SY-IDENTITY-HEADER'],
  ['the URL of a certificate', { x5u: 'https://attacker.example/c' }, 'SY-IDENTITY-HEADER'],
  ['an unknown kid', { kid: 'other' }, 'SY-IDENTITY-KEY-UNKNOWN'],
  ['a kid that is a path', { kid: '../../../../dev/null' }, 'SY-IDENTITY-KEY-UNKNOWN'],
  ['a kid that is SQL', { kid: "' OR 1=1 --" }, 'SY-IDENTITY-KEY-UNKNOWN'],
  ['an empty kid', { kid: '' }, 'SY-IDENTITY-HEADER'],
  ['a kid of a wrong type', { kid: { $ne: null } }, 'SY-IDENTITY-HEADER'],
  ['an endless kid', { kid: 'k'.repeat(600) }, 'SY-IDENTITY-HEADER'],
  ['another typ', { typ: 'dpop+jwt' }, 'SY-IDENTITY-HEADER'],
];
for (const [what, header, code] of HEADERS)
  test(`a token with ${what} is refused`, async () => {
    const issuer = new FakeIssuer();
    await assert.rejects(verify(issuer, issuer.token({}, header)), refusesWith(code));
  });

test('an unsigned token is refused, whatever it calls its algorithm', async () => {
  const issuer = new FakeIssuer();
  const [header, payload] = issuer.token().split('.');
  await assert.rejects(
    verify(issuer, `${part('{"alg":"none"}')}.${payload}.`),
    refusesWith('SY-IDENTITY-ALGORITHM'),
  );
  await assert.rejects(verify(issuer, `${header}.${payload}.`), refusesWith('SY-IDENTITY-SIGNATURE'));
});

test('a token signed with HMAC under the public key is refused before any key is sought', async () => {
  const issuer = new FakeIssuer();
  const pem = issuer.keyPair.publicKey.export({ type: 'spki', format: 'pem' });
  const header = JSON.stringify({ alg: 'HS256', kid: issuer.kid });
  const forged = hs256(header, JSON.stringify(issuer.claims()), Buffer.from(pem));
  await assert.rejects(verify(issuer, forged), refusesWith('SY-IDENTITY-ALGORITHM'));
  assert.deepEqual(issuer.fetched, []);
});

const CLAIMS: readonly [string, Record<string, unknown>, string][] = [
  ['for another audience', { aud: 'https://other.example' }, 'SY-IDENTITY-AUDIENCE'],
  ['for sigstore where the policy does not name it', { aud: 'sigstore' }, 'SY-IDENTITY-AUDIENCE'],
  ['for us and somebody else', { aud: [YARD, 'https://other.example'] }, 'SY-IDENTITY-AUDIENCE'],
  ['for nobody', { aud: [] }, 'SY-IDENTITY-AUDIENCE'],
  ['without audience', { aud: undefined }, 'SY-IDENTITY-AUDIENCE'],
  ['for an audience that only begins with ours', { aud: `${YARD}.attacker.example` }, 'SY-IDENTITY-AUDIENCE'],
  ['that has expired', { exp: seconds(-61), iat: seconds(-400), nbf: seconds(-400) }, 'SY-IDENTITY-EXPIRED'],
  ['that is not valid yet', { nbf: seconds(61) }, 'SY-IDENTITY-NOT-YET-VALID'],
  ['from the future', { iat: seconds(61), nbf: undefined }, 'SY-IDENTITY-NOT-YET-VALID'],
  ['without exp', { exp: undefined }, 'SY-IDENTITY-CLAIMS'],
  ['without iat', { iat: undefined }, 'SY-IDENTITY-CLAIMS'],
  ['whose exp is text', { exp: String(seconds(300)) }, 'SY-IDENTITY-CLAIMS'],
  ['whose exp no date can hold', { exp: 1e300 }, 'SY-IDENTITY-CLAIMS'],
  ['that lives a year', { exp: seconds(365 * 86400) }, 'SY-IDENTITY-CLAIMS'],
  [
    'that ends before it begins',
    { exp: seconds(-50), iat: seconds(-40), nbf: seconds(-40) },
    'SY-IDENTITY-CLAIMS',
  ],
  ['without sub', { sub: undefined }, 'SY-IDENTITY-CLAIMS'],
  ['whose sub is a list', { sub: ['a'] }, 'SY-IDENTITY-CLAIMS'],
  ['without the claim that names the job', { job_workflow_ref: undefined }, 'SY-IDENTITY-CLAIMS'],
  ['with NUL in its name', { job_workflow_ref: 'a/b\u0000.evil' }, 'SY-IDENTITY-CLAIMS'],
  ['with NUL in its subject', { sub: 'repo:a\u0000b' }, 'SY-IDENTITY-CLAIMS'],
  ['with a line break in an extension', { ref: 'refs/heads/main\nx' }, 'SY-IDENTITY-CLAIMS'],
  ['with a wildcard in its name', { job_workflow_ref: 'octo-org/*' }, 'SY-IDENTITY-CLAIMS'],
  [
    'with look-alike letters in its name',
    { job_workflow_ref: 'octo-оrg/x@refs/heads/main' },
    'SY-IDENTITY-CLAIMS',
  ],
  ['with dot segments in its name', { job_workflow_ref: '../../evil.example/x' }, 'SY-IDENTITY-CLAIMS'],
  ['with text that runs backwards', { workflow: 'safe\u202Eevil' }, 'SY-IDENTITY-CLAIMS'],
  ['with text of no width', { repository: 'octo\u200B-org/x' }, 'SY-IDENTITY-CLAIMS'],
  ['with half a character', { workflow: 'x\uD800' }, 'SY-IDENTITY-CLAIMS'],
  ['with a claim of a wrong type', { repository: { name: 'x' } }, 'SY-IDENTITY-CLAIMS'],
  ['with an endless claim', { ref: `refs/heads/${'x'.repeat(3000)}` }, 'SY-IDENTITY-CLAIMS'],
  ['of a foreign issuer', { iss: 'https://attacker.example' }, 'SY-IDENTITY-ISSUER-UNKNOWN'],
  [
    'of an issuer with a slash too many',
    { iss: 'https://token.actions.githubusercontent.com/' },
    'SY-IDENTITY-ISSUER-UNKNOWN',
  ],
  [
    'of an issuer below ours',
    { iss: 'https://token.actions.githubusercontent.com/evil' },
    'SY-IDENTITY-ISSUER-UNKNOWN',
  ],
  [
    'whose issuer is a list',
    { iss: ['https://token.actions.githubusercontent.com'] },
    'SY-IDENTITY-ISSUER-UNKNOWN',
  ],
  ['without issuer', { iss: undefined }, 'SY-IDENTITY-ISSUER-UNKNOWN'],
];
for (const [what, claims, code] of CLAIMS)
  test(`a token ${what} is refused`, async () => {
    const issuer = new FakeIssuer();
    await assert.rejects(verify(issuer, issuer.token(claims)), refusesWith(code));
  });

test('nothing is fetched on the word of a token whose issuer is not ours', async () => {
  const issuer = new FakeIssuer();
  await assert.rejects(verify(issuer, issuer.token({ iss: 'http://169.254.169.254' })));
  assert.deepEqual(issuer.fetched, []);
});

test('a minute of skew is forgiven, and no more', async () => {
  const issuer = new FakeIssuer();
  const token = issuer.token();
  assert.equal((await verify(issuer, token, new Date(NOW.getTime() + 359_000))).kind, 'oidc');
  await assert.rejects(
    verify(issuer, token, new Date(NOW.getTime() + 360_000)),
    refusesWith('SY-IDENTITY-EXPIRED'),
  );
  assert.equal((await verify(issuer, token, new Date(NOW.getTime() - 65_000))).kind, 'oidc');
});

test('an audience that the policy names counts', async () => {
  const issuer = new FakeIssuer(undefined, 'github', [YARD, 'sigstore']);
  assert.equal((await verify(issuer, issuer.token({ aud: 'sigstore' }))).kind, 'oidc');
});

test('a token signed by another key under the right kid is refused', async () => {
  const issuer = new FakeIssuer();
  const attacker = new FakeIssuer();
  await assert.rejects(verify(issuer, attacker.token()), refusesWith('SY-IDENTITY-SIGNATURE'));
});

test('altered claims are refused', async () => {
  const issuer = new FakeIssuer();
  const [header, , signature] = issuer.token().split('.');
  const payload = part(JSON.stringify({ ...issuer.claims(), sub: 'repo:attacker/x' }));
  await assert.rejects(
    verify(issuer, `${header}.${payload}.${signature}`),
    refusesWith('SY-IDENTITY-SIGNATURE'),
  );
});

const UNREADABLE: readonly [string, (issuer: FakeIssuer) => string][] = [
  ['empty', () => ''],
  ['not a JWS', () => 'hello'],
  ['four parts', (issuer) => `${issuer.token()}.x`],
  ['white space', (issuer) => ` ${issuer.token()}`],
  ['a final line break', (issuer) => `${issuer.token()}\n`],
  ['padding', (issuer) => `${issuer.token()}=`],
  ['a payload that is a list', (issuer) => es256('{"alg":"ES256"}', '[]', issuer.keyPair.privateKey)],
  ['a payload that is no JSON', (issuer) => es256('{"alg":"ES256"}', '{', issuer.keyPair.privateKey)],
  [
    'a member twice in the payload',
    (issuer) =>
      es256(
        '{"alg":"ES256"}',
        '{"iss":"https://a.example","iss":"https://b.example"}',
        issuer.keyPair.privateKey,
      ),
  ],
  [
    'a member twice in the header',
    (issuer) => es256('{"alg":"ES256","alg":"none"}', '{}', issuer.keyPair.privateKey),
  ],
  [
    'a member twice under an escape',
    (issuer) => es256('{"alg":"ES256","\\u0061lg":"none"}', '{}', issuer.keyPair.privateKey),
  ],
  ['deep nesting', (issuer) => issuer.token({ deep: JSON.parse('['.repeat(50) + ']'.repeat(50)) })],
];
for (const [what, make] of UNREADABLE)
  test(`a token that is ${what} cannot be read, and nothing is fetched for it`, async () => {
    const issuer = new FakeIssuer();
    await assert.rejects(verify(issuer, make(issuer)), refusesWith('SY-IDENTITY-TOKEN-MALFORMED'));
    assert.deepEqual(issuer.fetched, []);
  });

test('a huge token is refused by its length alone', async () => {
  const issuer = new FakeIssuer();
  const token = issuer.token({ pad: 'x'.repeat(20_000) });
  await assert.rejects(verify(issuer, token), refusesWith('SY-IDENTITY-TOKEN-TOO-LARGE'));
});

test('no message of a refusal repeats the token or its claims', async () => {
  const issuer = new FakeIssuer();
  const token = issuer.token({ aud: 'secret-audience', sub: 'secret-subject' });
  await assert.rejects(
    verify(issuer, token),
    (error) =>
      error instanceof Error &&
      !error.message.includes('secret') &&
      !error.message.includes(token.slice(0, 20)),
  );
});

test('a token has one id however its signature is rewritten, and another under another issuer', async () => {
  const issuer = new FakeIssuer();
  const claims = { jti: undefined };
  const payload = JSON.stringify({ ...issuer.claims(), ...claims });
  const header = JSON.stringify({ alg: 'ES256', kid: issuer.kid });
  const [one, two] = [
    es256(header, payload, issuer.keyPair.privateKey),
    es256(header, payload, issuer.keyPair.privateKey),
  ];
  assert.notEqual(one, two);
  assert.equal((await verify(issuer, one)).tokenId, (await verify(issuer, two)).tokenId);
  const other = new FakeIssuer('https://ghes.example/_services/token');
  const named = { jti: 'same' };
  assert.notEqual(
    (await verify(issuer, issuer.token(named))).tokenId,
    (await verify(other, other.token(named))).tokenId,
  );
});
