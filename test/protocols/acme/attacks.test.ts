// What hostile clients send: requests that are not theirs, not fresh, not for here, not well-formed or too much.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { MAX_JWS_BYTES } from '../../../src/formats/jws.ts';
import type { Json, JsonObject } from '../../../src/ground/json.ts';
import {
  type AccountKey,
  AcmeClient,
  type Answer,
  answerOf,
  assertProblem,
  b64,
  locationOf,
  newKey,
  type PostOptions,
  signed,
  textsOf,
} from './client.ts';
import { csrFor, newCsrKey } from './requests.ts';
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
    for (const [url, header] of cases)
      assertProblem(
        await client.post(url, ONE_NAME, header === undefined ? {} : { header }),
        400,
        'malformed',
      );
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

describe('orders', () => {
  const wrong: readonly (readonly [string, JsonObject])[] = [
    ['no identifiers', {}],
    ['an empty list', { identifiers: [] }],
    ['an object', { identifiers: {} }],
    ['a text', { identifiers: 'www.example.com' }],
    ['texts', { identifiers: ['www.example.com'] }],
    ['nulls', { identifiers: [null] }],
    ['no value', { identifiers: [{ type: 'dns' }] }],
    ['no type', { identifiers: [{ value: 'www.example.com' }] }],
    ['a number as value', { identifiers: [{ type: 'dns', value: 7 }] }],
    ['a vast value', { identifiers: [{ type: 'dns', value: 'x'.repeat(10_000) }] }],
  ];
  for (const [what, payload] of wrong)
    test(`an order with ${what} is malformed`, async () => {
      assertProblem(await client.post(NEW_ORDER, payload), 400, 'malformed');
    });

  test('RFC 8555 §6.7: other types of identifiers are unsupportedIdentifier', async () => {
    for (const type of ['email', 'uri', 'permanent-identifier', 'DNS', '', '__proto__'])
      assertProblem(
        await client.post(NEW_ORDER, { identifiers: [{ type, value: 'x' }] }),
        400,
        'unsupportedIdentifier',
      );
  });

  const names = [
    '*',
    '*.*.example.com',
    'www.*.example.com',
    'w*.example.com',
    '**.example.com',
    'www.example.com.',
    '.example.com',
    'www..example.com',
    'www.example.com\u0000.evil.example',
    'wwẃ.example.com',
    'www。example.com',
    'xn--.example.com',
    'xn--a.example.com',
    '-www.example.com',
    'www.example.com/x',
    'www.example.com:443',
    'user@example.com',
    ' www.example.com',
    '192.0.2.3',
    '[2001:db8::1]',
    '0x7f.1',
    `${'a'.repeat(64)}.example.com`,
    `${'a.'.repeat(130)}example.com`,
    '$'.concat('{name}.example.com'),
    '{{.Host}}.example.com',
    '%2a.example.com',
    '\u202ewww.example.com',
  ];
  for (const name of names)
    test(`the name ${JSON.stringify(name).slice(0, 40)} is rejectedIdentifier, by itself`, async () => {
      const identifiers = [
        { type: 'dns', value: 'www.example.com' },
        { type: 'dns', value: name },
      ];
      const answer = await client.post(NEW_ORDER, { identifiers });
      const problem = assertProblem(answer, 403, 'rejectedIdentifier');
      const subproblems = problem['subproblems'] as JsonObject[];
      assert.deepEqual(
        subproblems.map(({ identifier }) => identifier),
        [{ type: 'dns', value: name }],
      );
    });

  test('upper-case names are the same names', async () => {
    const order = await client.order(['WWW.Example.COM']);
    assert.deepEqual(order.json['identifiers'], [{ type: 'dns', value: 'www.example.com' }]);
  });

  test('odd spellings of addresses are rejected, and addresses outside of the granted networks', async () => {
    for (const value of [
      '0x7f.1',
      '2130706433',
      '127.1',
      '192.0.2.03',
      '::ffff:192.0.2.3',
      '192.0.2.3/32',
      'fe80::1%eth0',
    ])
      assertProblem(
        await client.post(NEW_ORDER, { identifiers: [{ type: 'ip', value }] }),
        403,
        'rejectedIdentifier',
      );
    for (const value of ['198.51.100.1', '127.0.0.1', '169.254.169.254', '::1'])
      assertProblem(
        await client.post(NEW_ORDER, { identifiers: [{ type: 'ip', value }] }),
        403,
        'rejectedIdentifier',
      );
  });

  test('names that the policy grants to nobody here are rejectedIdentifier, each with its subproblem', async () => {
    const answer = await client.order(['www.example.com', 'example.net', 'api.payments.svc']);
    const problem = assertProblem(answer, 403, 'rejectedIdentifier');
    const subproblems = problem['subproblems'] as JsonObject[];
    const rejected = subproblems.map(({ identifier }) => (identifier as JsonObject)['value']);
    assert.deepEqual(rejected, ['example.net', 'api.payments.svc']);
  });

  test('more names than an order may have are refused, ten thousand as quickly as a few', async () => {
    for (const count of [101, 2500]) {
      const identifiers = Array.from({ length: count }, (_, i) => ({
        type: 'dns',
        value: `n${i}.example.com`,
      }));
      const started = performance.now();
      assertProblem(await client.post(NEW_ORDER, { identifiers }), 400, 'malformed');
      assert.ok(performance.now() - started < 2000);
    }
  });

  test('times that are no times, or cannot be met, are refused', async () => {
    for (const notAfter of [
      'tomorrow',
      '2026-13-01T00:00:00Z',
      7,
      '2026-12-01',
      `${'9'.repeat(2000)}`,
    ] as Json[])
      assertProblem(await client.order(['www.example.com'], { notAfter }), 400, 'malformed');
    for (const notAfter of ['2020-01-01T00:00:00Z', '2126-01-01T00:00:00Z']) {
      const answer = await client.order(['www.example.com'], { notAfter });
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    }
  });

  test('an account with too many unfinished orders is rateLimited, and told when to come again', async () => {
    const small = await openYard({ enrol: { mostOpenOrders: 3 } });
    try {
      const eager = new AcmeClient(small);
      await eager.register();
      const answers: Answer[] = [];
      for (let i = 0; i < 5; i++) answers.push(await eager.order([`n${i}.example.com`]));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [201, 201, 201, 429, 429],
      );
      for (const answer of answers.slice(3)) assertProblem(answer, 429, 'rateLimited');
    } finally {
      await small.close();
    }
  });

  test('RFC 8555 §6.6: beyond the rate it is rateLimited with Retry-After', async () => {
    const limits = { burst: 2, perSecond: 0.01 };
    const slow = await openYard({
      enrol: {
        limits: {
          ...(await import('../../../src/enrol/config.ts')).ENROL_DEFAULTS.limits,
          ordersByAccount: limits,
        },
      },
    });
    try {
      const eager = new AcmeClient(slow);
      await eager.register();
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push(await eager.order([`n${i}.example.com`]));
      assert.deepEqual(
        statuses.map(({ status }) => status),
        [201, 201, 429],
      );
      const last = statuses.at(-1);
      assert.ok(last);
      assertProblem(last, 429, 'rateLimited');
      assert.match(String(last.headers['retry-after']), /^[1-9]\d*$/);
    } finally {
      await slow.close();
    }
  });
});

describe('the resources of others', () => {
  test('no account sees or changes what belongs to another', async () => {
    const order = await client.order(['www.example.com']);
    const ready = await client.prove(order);
    const valid = await client.finalize(ready, csrFor(['www.example.com']));
    const pending = await client.order(['other.example.com']);
    const [authorization = ''] = textsOf(pending.json['authorizations']);
    const [challenge] = (await client.get(authorization)).json['challenges'] as JsonObject[];
    const thief = new AcmeClient(yard);
    await thief.register();
    const csr = b64(csrFor(['other.example.com']));
    const attempts: readonly (readonly [string, Json])[] = [
      [locationOf(order), ''],
      [String(valid.json['certificate']), ''],
      [authorization, ''],
      [authorization, { status: 'deactivated' }],
      [String(challenge?.['url']), ''],
      [String(challenge?.['url']), {}],
      [String(pending.json['finalize']), { csr }],
      [`${locationOf(ready)}/finalize`, { csr }],
      [client.kid ?? '', ''],
      [client.kid ?? '', { contact: ['mailto:thief@example.com'] }],
      [client.kid ?? '', { status: 'deactivated' }],
      [`${client.kid}/orders`, ''],
    ];
    for (const [url, payload] of attempts) {
      const answer = await thief.post(url, payload);
      assert.ok(answer.status === 403 || answer.status === 404, `${url}: ${answer.status} ${answer.text}`);
      assert.equal(answer.text.includes('example.com'), false, 'nothing of the resource is told');
    }
    assert.equal((await client.get(locationOf(pending))).json['status'], 'pending');
    assert.equal((await client.get(client.kid ?? '')).json['status'], 'valid');
  });

  test('what never was is answered like what belongs to others', async () => {
    const zeros = '0'.repeat(40);
    for (const path of [
      `order/${zeros}`,
      `authorization/${zeros}.0`,
      `authorization/${zeros}`,
      `challenge/${zeros}.0/http-01`,
      `certificate/${'0'.repeat(36)}`,
      'order/..%2f..',
      'order/__proto__',
      'authorization/x.y.z',
      'certificate/%00',
    ])
      assertProblem(await client.get(`${PUBLIC_URL}/acme/${path}`), 404, 'malformed');
  });
});

describe('certification requests', () => {
  let ready: Answer;
  const NAMES = ['www.example.com', 'api.example.com'];
  beforeEach(async () => {
    ready = await client.prove(await client.order(NAMES));
  });

  const bad: readonly (readonly [string, () => Uint8Array])[] = [
    ['a broken signature', () => csrFor(NAMES, { breakSignature: true })],
    ['another key than signed it', () => csrFor(NAMES, { ...newCsrKey(), publicKey: newCsrKey().publicKey })],
    ['a name missing', () => csrFor(['www.example.com'])],
    ['a name more', () => csrFor([...NAMES, 'evil.example.com'])],
    ['a wildcard instead', () => csrFor(['*.example.com'])],
    ['an address more', () => csrFor([...NAMES, '192.0.2.3'])],
    ['another common name', () => csrFor(NAMES, { commonName: 'evil.example.com' })],
    ['no names', () => csrFor([])],
    ['nothing of DER', () => new Uint8Array([1, 2, 3])],
    ['a certificate’s worth of rubbish', () => new Uint8Array(60_000).fill(0x30)],
    ['octets behind it', () => new Uint8Array([...csrFor(NAMES), 0])],
  ];
  for (const [what, csr] of bad)
    test(`with ${what} are badCSR, and nothing is issued`, async () => {
      const before = yard.issued().length;
      assertProblem(await client.finalize(ready, csr()), 400, 'badCSR');
      assert.equal(yard.issued().length, before);
      assert.equal((await client.get(locationOf(ready))).json['status'], 'ready');
    });

  test('for the key of the account are badCSR (RFC 8555 §11.1)', async () => {
    const { privateKey } = client.key;
    const publicKey = (await import('node:crypto')).createPublicKey(privateKey);
    assertProblem(await client.finalize(ready, csrFor(NAMES, { privateKey, publicKey })), 400, 'badCSR');
  });

  test('that are no base64url of DER are malformed', async () => {
    for (const csr of ['', '+/', 'AA==', 7, null, undefined] as (Json | undefined)[]) {
      const payload = csr === undefined ? {} : { csr };
      assertProblem(await client.post(String(ready.json['finalize']), payload), 400, 'malformed');
    }
  });

  test('fifty at once for one order, each with its own key, make one certificate', async () => {
    const before = yard.issued().length;
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.finalize(ready, csrFor(NAMES))),
    );
    const final = await client.until(locationOf(ready), (status) => status === 'valid');
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text);
      const url = answer.json['certificate'];
      assert.ok(url === undefined || url === final.json['certificate']);
    }
    assert.equal(yard.issued().length, before + 1);
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
