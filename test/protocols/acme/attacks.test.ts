// Hostile requests: replayed, for elsewhere, signed by others, under other algorithms, malformed or too much.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { MAX_JWS_BYTES } from '../../../src/formats/jws.ts';
import type { Json, JsonObject } from '../../../src/ground/json.ts';
import {
  type AccountKey,
  AcmeClient,
  answerOf,
  assertProblem,
  b64,
  locationOf,
  newKey,
  type PostOptions,
  signed,
  textsOf,
} from './client.ts';
import { type AcmeYard, openYard, PUBLIC_URL } from './yard.ts';

const NEW_ACCOUNT = `${PUBLIC_URL}/acme/new-account`;
const NEW_ORDER = `${PUBLIC_URL}/acme/new-order`;
const ONE_NAME = { identifiers: [{ type: 'dns', value: 'www.example.com' }] };

let yard: AcmeYard;
let client: AcmeClient;
before(async () => {
  yard = await openYard();
});
beforeEach(async () => {
  client = new AcmeClient(yard);
  await client.register();
});
after(() => yard.close());

async function orderCount(of: AcmeClient): Promise<number> {
  return textsOf((await of.get(`${of.kid}/orders`)).json['orders']).length;
}

describe('nonces', () => {
  test('RFC 8555 §6.5: a replayed request is badNonce with a fresh nonce, and changes nothing', async () => {
    const body = await client.body(NEW_ORDER, ONE_NAME);
    assert.equal((await client.send(NEW_ORDER, body)).status, 201);
    const replay = await client.send(NEW_ORDER, body);
    assertProblem(replay, 400, 'badNonce');
    assert.equal(await orderCount(client), 1);
    assert.equal((await client.post(NEW_ORDER, ONE_NAME, { header: { nonce: replay.nonce } })).status, 201);
  });

  test('fifty replays at once: one is taken', async () => {
    const body = await client.body(NEW_ORDER, ONE_NAME);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.send(NEW_ORDER, body)));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers) if (answer.status !== 201) assertProblem(answer, 400, 'badNonce');
  });

  test('a replay after a restart, or on another replica, is badNonce; an unused nonce of before is good', async () => {
    const used = await client.body(NEW_ORDER, ONE_NAME);
    const unused = await client.body(NEW_ORDER, ONE_NAME);
    assert.equal((await client.send(NEW_ORDER, used)).status, 201);
    yard.restartDoor();
    assertProblem(await client.send(NEW_ORDER, used), 400, 'badNonce');
    assert.equal((await client.send(NEW_ORDER, unused)).status, 201);
    assertProblem(await client.send(NEW_ORDER, unused), 400, 'badNonce');
  });

  test('a replayed read is badNonce too', async () => {
    const url = client.kid ?? '';
    const body = await client.body(url, '');
    assert.equal((await client.send(url, body)).status, 200);
    assertProblem(await client.send(url, body), 400, 'badNonce');
  });

  test('a request that failed has used its nonce; one that could not be verified has not', async () => {
    const failed = await client.body(NEW_ORDER, {});
    assertProblem(await client.send(NEW_ORDER, failed), 400, 'malformed');
    assertProblem(await client.send(NEW_ORDER, failed), 400, 'badNonce');
    const nonce = await client.nonce();
    const forged = await client.body(NEW_ORDER, ONE_NAME, { key: newKey(), header: { nonce } });
    assertProblem(await client.send(NEW_ORDER, forged), 400, 'malformed', 'SY-JWS-SIGNATURE');
    assert.equal((await client.post(NEW_ORDER, ONE_NAME, { header: { nonce } })).status, 201);
  });

  test('nonces of strangers, of nobody, of yesterday and none at all are badNonce', async () => {
    const other = await openYard();
    const foreign = await new AcmeClient(other).nonce();
    await other.close();
    const old = await client.nonce();
    for (const nonce of [foreign, 'AAAA', '', undefined])
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { nonce } }), 400, 'badNonce');
    yard.clock.ms += 3_600_001;
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { nonce: old } }), 400, 'badNonce');
  });

  test('RFC 8555 §6.5.2: a nonce that is not base64url, or no string, is malformed', async () => {
    for (const nonce of ['+/==', 7, ['AAAA'], { a: 1 }] as Json[])
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { nonce } }), 400, 'malformed');
  });
});

describe('url and kid', () => {
  test('RFC 8555 §6.4: a url that is not that of the request, to the letter, is unauthorized', async () => {
    for (const url of [
      NEW_ACCOUNT,
      `${NEW_ORDER}/`,
      `${NEW_ORDER}?x`,
      NEW_ORDER.toUpperCase(),
      NEW_ORDER.replace('https', 'http'),
      NEW_ORDER.replace('ca.example', 'ca.example:443'),
      '/acme/new-order',
    ])
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { url } }), 403, 'unauthorized');
    for (const url of [undefined, 7, [NEW_ORDER]] as (Json | undefined)[])
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { url } }), 400, 'malformed');
    assert.equal(await orderCount(client), 0);
  });

  test('a request that was signed for one resource does not work at another', async () => {
    const order = await client.order(['www.example.com']);
    const body = await client.body(locationOf(order), '');
    assertProblem(await client.send(`${locationOf(order)}/finalize`, body), 403, 'unauthorized');
  });

  test('RFC 8555 §6.2: a kid that is no account of ours is accountDoesNotExist', async () => {
    const kid = client.kid ?? '';
    for (const wrong of [
      kid.slice(0, -1),
      `${kid}0`,
      `${kid}/`,
      `${kid}/orders`,
      kid.replace('https', 'http'),
      kid.split('/').at(-1) ?? '',
      `${PUBLIC_URL}/acme/account/__proto__`,
      '',
    ])
      assertProblem(
        await client.post(NEW_ORDER, ONE_NAME, { header: { kid: wrong } }),
        400,
        'accountDoesNotExist',
      );
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { kid: 7 } }), 400, 'malformed');
  });

  test('the kid of another account with one’s own signature is refused', async () => {
    const victim = client.kid;
    const thief = new AcmeClient(yard);
    await thief.register();
    assertProblem(await thief.post(NEW_ORDER, ONE_NAME, { header: { kid: victim } }), 400, 'malformed');
  });

  test('RFC 8555 §6.2: jwk and kid exclude each other, and each request takes one of them', async () => {
    const { kid, key } = client;
    const cases: readonly (readonly [string, PostOptions['header']])[] = [
      [NEW_ORDER, { kid, jwk: key.jwk }],
      [NEW_ORDER, { kid: undefined, jwk: key.jwk }],
      [NEW_ORDER, { kid: undefined }],
      [NEW_ACCOUNT, { kid, jwk: key.jwk }],
      [NEW_ACCOUNT, { kid }],
      [NEW_ACCOUNT, { kid: undefined }],
      [`${PUBLIC_URL}/acme/revoke-cert`, { kid, jwk: key.jwk }],
      [`${PUBLIC_URL}/acme/revoke-cert`, { kid: undefined }],
      [`${PUBLIC_URL}/acme/key-change`, { kid: undefined, jwk: key.jwk }],
    ];
    for (const [url, header] of cases) {
      const answer = await client.post(url, ONE_NAME, header === undefined ? {} : { header });
      assert.match(String(assertProblem(answer, 400, 'malformed')['detail']), /jwk|kid/);
    }
    assert.equal(await orderCount(client), 0);
  });
});

describe('signatures', () => {
  test('RFC 8555 §6.2: algorithms that are not supported are refused with the list of those that are', async () => {
    for (const alg of ['none', 'HS256', 'HS512', 'RS1', 'ES256K', 'es256', '']) {
      const problem = assertProblem(
        await client.post(NEW_ORDER, ONE_NAME, { header: { alg } }),
        400,
        'badSignatureAlgorithm',
      );
      assert.ok(textsOf(problem['algorithms']).includes('ES256'));
      assert.ok(textsOf(problem['algorithms']).includes('EdDSA'));
    }
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header: { alg: undefined } }), 400, 'malformed');
  });

  test('an unsigned request, and one under a MAC with the public key as secret, are refused', async () => {
    const unsigned = (jws: JsonObject) => ({ ...jws, signature: '' });
    const none = { header: { alg: 'none' }, spoil: unsigned };
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, none), 400, 'badSignatureAlgorithm');
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { spoil: unsigned }), 400, 'malformed');
    const mac = (jws: JsonObject) => {
      const input = `${jws['protected']}.${jws['payload']}`;
      const signature = createHmac('sha256', JSON.stringify(client.key.jwk)).update(input).digest();
      return { ...jws, signature: b64(signature) };
    };
    const confused = { header: { alg: 'HS256' }, spoil: mac };
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, confused), 400, 'badSignatureAlgorithm');
  });

  test('RFC 8555 §6.2: a key that does not fit its algorithm, or is bad, is badPublicKey', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwkOf = (key: typeof rsa.publicKey) => key.export({ format: 'jwk' }) as JsonObject;
    const fresh = newKey();
    const cases: readonly (readonly [string, AccountKey])[] = [
      ['an RSA key under ES256', { alg: 'ES256', privateKey: rsa.privateKey, jwk: jwkOf(rsa.publicKey) }],
      ['an EC key under RS256', { ...fresh, alg: 'RS256' }],
      ['a short RSA key', { alg: 'RS256', privateKey: short.privateKey, jwk: jwkOf(short.publicKey) }],
      ['a point off its curve', { ...fresh, jwk: { ...fresh.jwk, x: b64(Buffer.alloc(32, 1)) } }],
      ['another curve', { ...fresh, jwk: { ...fresh.jwk, crv: 'P-384' } }],
      ['a private key', { ...fresh, jwk: fresh.privateKey.export({ format: 'jwk' }) as JsonObject }],
      ['a symmetric key', { ...fresh, jwk: { kty: 'oct', k: 'AAAA' } }],
    ];
    for (const [what, key] of cases) {
      const answer = await new AcmeClient(yard, key).post(NEW_ACCOUNT, {});
      assert.equal(assertProblem(answer, 400, 'badPublicKey')['code'], 'SY-JWS-KEY', what);
      assert.match(String(answer.json['detail']), /\(.+\)$/, what);
    }
  });

  test('an account key is used with its own algorithm alone', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { ...client.key, alg: 'RS256', privateKey: rsa.privateKey };
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { key }), 400, 'badPublicKey');
    const es384 = { ...client.key, alg: 'ES384' };
    assertProblem(await client.post(NEW_ORDER, ONE_NAME, { key: es384 }), 400, 'badPublicKey');
  });

  test('one key has one account, however it is spelled', async () => {
    const jwk = {
      y: client.key.jwk['y'],
      kid: 'x',
      use: 'sig',
      x: client.key.jwk['x'],
      crv: 'P-256',
      kty: 'EC',
    };
    const again = new AcmeClient(yard, { ...client.key, jwk: JSON.parse(JSON.stringify(jwk)) as JsonObject });
    const answer = await again.register();
    assert.equal(answer.status, 200);
    assert.equal(again.kid, client.kid);
  });
});

describe('the form of requests', () => {
  test('RFC 8555 §6.2: another media type than application/jose+json is 415', async () => {
    const body = await client.body(NEW_ORDER, ONE_NAME);
    for (const type of ['application/json', 'application/jose', 'text/plain', ''])
      assertProblem(await client.send(NEW_ORDER, body, type), 415, 'malformed');
    assertProblem(answerOf(await yard.ask('POST', NEW_ORDER, { body })), 415, 'malformed');
    assert.equal((await client.send(NEW_ORDER, body, 'application/jose+json')).status, 201);
  });

  const spoilers: readonly (readonly [string, (jws: JsonObject) => JsonObject])[] = [
    ['an unprotected header', (jws) => ({ ...jws, header: { alg: 'ES256' } })],
    ['several signatures', (jws) => ({ ...jws, signatures: [jws] })],
    ['a detached payload', ({ payload: _, ...jws }) => jws],
    ['no signature', ({ signature: _, ...jws }) => jws],
    ['padded base64', (jws) => ({ ...jws, signature: `${jws['signature']}==` })],
    ['another payload than was signed', (jws) => ({ ...jws, payload: b64('{}') })],
  ];
  for (const [what, spoil] of spoilers)
    test(`RFC 8555 §6.2: a JWS with ${what} is malformed`, async () => {
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { spoil }), 400, 'malformed');
      assert.equal(await orderCount(client), 0);
    });

  test('RFC 8555 §6.2: crit and the unencoded payload option are malformed', async () => {
    for (const header of [{ crit: ['b64'] }, { b64: false }, { crit: [] }] as JsonObject[])
      assertProblem(await client.post(NEW_ORDER, ONE_NAME, { header }), 400, 'malformed');
  });

  test('members that are repeated, in body, header or payload, are malformed', async () => {
    const body = await client.body(NEW_ORDER, ONE_NAME);
    assertProblem(await client.send(NEW_ORDER, `{"signature":"",${body.slice(1)}`), 400, 'malformed');
    const raw = async (header: string, payload: string) => {
      const input = `${b64(header)}.${b64(payload)}`;
      const options = { key: client.key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
      const signature = b64(sign('sha256', Buffer.from(input), options));
      const [head, rest] = input.split('.');
      return client.send(NEW_ORDER, JSON.stringify({ protected: head, payload: rest, signature }));
    };
    const header = async () =>
      JSON.stringify({ alg: 'ES256', kid: client.kid, url: NEW_ORDER, nonce: await client.nonce() });
    const twice = (await header()).replace('{', '{"alg":"none",');
    assertProblem(await raw(twice, JSON.stringify(ONE_NAME)), 400, 'malformed');
    const orders = JSON.stringify(ONE_NAME).replace('{', '{"identifiers":[],');
    assertProblem(await raw(await header(), orders), 400, 'malformed');
    assert.equal((await raw(await header(), JSON.stringify(ONE_NAME))).status, 201);
  });

  test('bodies that are no JSON, vast, deep or not UTF-8 are refused, quickly', async () => {
    const started = performance.now();
    const deep = `${'{"a":'.repeat(30_000)}1${'}'.repeat(30_000)}`;
    for (const body of ['', 'null', '[]', '{', '"x"', 'x'.repeat(100_000), deep, '\u0000', '{"__proto__":1}'])
      assertProblem(await client.send(NEW_ORDER, body), 400, 'malformed');
    assertProblem(await client.send(NEW_ORDER, 'x'.repeat(MAX_JWS_BYTES + 1)), 413, 'malformed');
    const bytes = new Uint8Array([0xc3, 0x28]);
    const headers = { 'content-type': 'application/jose+json' };
    assertProblem(answerOf(await yard.ask('POST', NEW_ORDER, { body: bytes, headers })), 400, 'malformed');
    let nested: Json = 1;
    for (let i = 0; i < 5000; i++) nested = [nested];
    const payload = { ...ONE_NAME, x: nested };
    assert.equal((await client.post(NEW_ORDER, payload)).status, 413);
    assert.ok(performance.now() - started < 5000);
  });

  test('payloads of another shape are malformed', async () => {
    for (const payload of [[], 'x', 7, null, true] as Json[])
      assertProblem(await client.post(NEW_ORDER, payload), 400, 'malformed');
    assertProblem(await client.post(NEW_ORDER, ''), 400, 'malformed');
  });

  test('RFC 8555 §6.3: what is fetched takes no payload', async () => {
    const order = await client.order(['www.example.com']);
    for (const url of [locationOf(order), `${client.kid}/orders`, `${PUBLIC_URL}/acme/directory`])
      assertProblem(await client.post(url, {}), 400, 'malformed');
  });
});

describe('what is signed with a key that is not the account’s', () => {
  test('an account cannot be taken over by registering with its kid', async () => {
    const thief = newKey();
    const header = { alg: thief.alg, jwk: thief.jwk, url: client.kid ?? '', nonce: await client.nonce() };
    const jws = signed(header, { contact: [] }, thief);
    assertProblem(await client.send(client.kid ?? '', JSON.stringify(jws)), 400, 'malformed');
  });
});
