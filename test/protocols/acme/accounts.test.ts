// Accounts by clauses of RFC 8555 §7.3: found, made, bound, updated, given another key, ended.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Json, JsonObject } from '../../../src/ground/json.ts';
import {
  type AccountKey,
  AcmeClient,
  answerOf,
  assertProblem,
  b64,
  externalBinding,
  linksOf,
  locationOf,
  newKey,
  signed,
} from './client.ts';
import { csrFor } from './requests.ts';
import { type AcmeYard, openYard, PUBLIC_URL } from './yard.ts';

const NEW_ACCOUNT = `${PUBLIC_URL}/acme/new-account`;
const KEY_CHANGE = `${PUBLIC_URL}/acme/key-change`;

let yard: AcmeYard;
before(async () => {
  yard = await openYard();
});
after(() => yard.close());

async function registered(key?: AccountKey): Promise<AcmeClient> {
  const client = new AcmeClient(yard, key);
  await client.register();
  return client;
}

describe('newAccount', () => {
  test('RFC 8555 §7.3: a new account is 201 with its URL, and reflects nothing that it does not know', async () => {
    const client = new AcmeClient(yard);
    const answer = await client.post(NEW_ACCOUNT, {
      contact: ['mailto:a@example.com'],
      termsOfServiceAgreed: true,
      orders: 'https://evil.example/',
      status: 'revoked',
      colour: 'red',
    });
    assert.equal(answer.status, 201);
    const url = locationOf(answer);
    assert.match(url, /^https:\/\/ca\.example\/acme\/account\/[0-9a-z]{16,}$/);
    assert.deepEqual(answer.json, {
      status: 'valid',
      contact: ['mailto:a@example.com'],
      termsOfServiceAgreed: true,
      orders: `${url}/orders`,
    });
    assert.deepEqual(linksOf(answer), [`<${PUBLIC_URL}/acme/directory>;rel="index"`]);
  });

  test('RFC 8555 §7.3.1: a known key is 200 with the same URL, and the request changes nothing', async () => {
    const client = new AcmeClient(yard);
    const made = await client.post(NEW_ACCOUNT, { contact: ['mailto:a@example.com'] });
    for (const payload of [{ onlyReturnExisting: true }, { contact: ['mailto:b@example.com'] }]) {
      const found = await client.post(NEW_ACCOUNT, payload);
      assert.equal(found.status, 200);
      assert.equal(locationOf(found), locationOf(made));
      assert.deepEqual(found.json, made.json);
    }
  });

  test('RFC 8555 §7.3.1: onlyReturnExisting makes no account', async () => {
    const client = new AcmeClient(yard);
    const answer = await client.post(NEW_ACCOUNT, { onlyReturnExisting: true });
    assertProblem(answer, 400, 'accountDoesNotExist');
    assertProblem(await client.post(NEW_ACCOUNT, { onlyReturnExisting: true }), 400, 'accountDoesNotExist');
  });

  test('RFC 8555 §7.3: a contact of a kind that we do not have is unsupportedContact, a bad one invalidContact', async () => {
    const ask = (contact: Json) => new AcmeClient(yard).post(NEW_ACCOUNT, { contact });
    assertProblem(await ask(['tel:+123']), 400, 'unsupportedContact');
    for (const bad of ['mailto:', 'mailto:a@b.example,c@d.example', 'mailto:a@b.example?subject=x'])
      assertProblem(await ask([bad]), 400, 'invalidContact');
    for (const wrong of ['mailto:a@example.com', [1], {}, ['x'.repeat(5000)]])
      assertProblem(await ask(wrong), 400, 'malformed');
  });

  test('fifty at once with one key make one account', async () => {
    const client = new AcmeClient(yard);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.post(NEW_ACCOUNT, {})));
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.equal(new Set(answers.map(locationOf)).size, 1);
  });

  test('every kind of key may be an account: P-256, P-384, Ed25519', async () => {
    for (const curve of ['P-256', 'P-384', 'Ed25519'] as const) await registered(newKey(curve));
  });
});

describe('terms of service', () => {
  test('RFC 8555 §7.3, §7.3.3: without agreement it is userActionRequired, with the terms as link and instance', async () => {
    const terms = 'https://example.com/terms';
    const other = await openYard({ meta: { termsOfService: terms } });
    try {
      const directory = answerOf(await other.ask('GET', `${PUBLIC_URL}/acme/directory`));
      assert.equal((directory.json['meta'] as JsonObject)['termsOfService'], terms);
      const client = new AcmeClient(other);
      const refused = await client.post(NEW_ACCOUNT, {});
      assert.equal(assertProblem(refused, 403, 'userActionRequired')['instance'], terms);
      assert.ok(linksOf(refused).includes(`<${terms}>;rel="terms-of-service"`));
      assert.equal((await client.post(NEW_ACCOUNT, { termsOfServiceAgreed: true })).status, 201);
    } finally {
      await other.close();
    }
  });
});

describe('external account binding', () => {
  const url = NEW_ACCOUNT;
  const actor = { kind: 'system' } as const;
  const newBinding = async (more: { uses?: number } = {}) => {
    const { binding, hmacKey } = await yard.enrolment.bindings.create({
      identity: 'payments',
      actor,
      ...more,
    });
    return { keyId: binding.keyId, hmacKey };
  };

  for (const alg of ['HS256', 'HS384', 'HS512'])
    test(`RFC 8555 §7.3.4: a binding by ${alg} gives the account its identity and is reflected`, async () => {
      const client = new AcmeClient(yard);
      const value = externalBinding({ ...(await newBinding()), url, jwk: client.key.jwk, alg });
      const answer = await client.register({ externalAccountBinding: value });
      assert.equal(answer.status, 201);
      assert.deepEqual(answer.json['externalAccountBinding'], value);
      // What the policy grants to the identity needs no challenge.
      const order = await client.order(['api.payments.svc']);
      assert.equal(order.json['status'], 'ready', order.text);
      const finished = await client.finalize(order, csrFor(['api.payments.svc']));
      assert.equal(finished.json['status'], 'valid', finished.text);
    });

  test('RFC 8555 §7.3.4: where nobody unknown is granted anything, externalAccountRequired', async () => {
    const answer = await new AcmeClient(yard).post(`${PUBLIC_URL}/acme/new-account/inside`, {});
    assertProblem(answer, 403, 'externalAccountRequired');
  });

  test('RFC 8555 §7.3.4: any check that fails refuses the account', async () => {
    const { keyId, hmacKey } = await newBinding();
    const key = newKey();
    const good = { keyId, hmacKey, url, jwk: key.jwk };
    const cases: readonly (readonly [string, JsonObject | string])[] = [
      ['a wrong MAC key', externalBinding({ ...good, hmacKey: new Uint8Array(32) })],
      ['an unknown key identifier', externalBinding({ ...good, keyId: 'nobody' })],
      ['another URL', externalBinding({ ...good, url: `${url}/x` })],
      ['another account key', externalBinding({ ...good, jwk: newKey().jwk })],
      ['a nonce', externalBinding({ ...good, header: { nonce: 'AAAA' } })],
      ['a jwk in its header', externalBinding({ ...good, header: { jwk: key.jwk } })],
      ['no kid', externalBinding({ ...good, header: { kid: 7 } })],
      [
        'a signature algorithm',
        {
          ...externalBinding({ ...good }),
          protected: b64(JSON.stringify({ alg: 'ES256', kid: keyId, url })),
        },
      ],
      [
        'alg none',
        {
          ...externalBinding({ ...good }),
          protected: b64(JSON.stringify({ alg: 'none', kid: keyId, url })),
          signature: '',
        },
      ],
      ['an unprotected header', { ...externalBinding(good), header: { kid: keyId } }],
      ['a compact JWS', 'a.b.c'],
    ];
    for (const [what, value] of cases) {
      const client = new AcmeClient(yard, key);
      const answer = await client.post(url, { externalAccountBinding: value });
      assert.ok(answer.status === 400 || answer.status === 403, `${what}: ${answer.text}`);
      assert.match(String(answer.json['type']), /:(malformed|unauthorized)$/, what);
      assertProblem(await client.post(url, { onlyReturnExisting: true }), 400, 'accountDoesNotExist');
    }
  });

  test('a binding for one use makes one account, however many ask at once', async () => {
    const binding = await newBinding({ uses: 1 });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => {
        const client = new AcmeClient(yard);
        const value = externalBinding({ ...binding, url, jwk: client.key.jwk });
        return client.post(url, { externalAccountBinding: value });
      }),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    for (const answer of answers) if (answer.status !== 201) assertProblem(answer, 403, 'unauthorized');
  });

  test('a revoked binding makes no account and its accounts lose what it granted', async () => {
    const binding = await newBinding();
    const bound = new AcmeClient(yard);
    const value = externalBinding({ ...binding, url, jwk: bound.key.jwk });
    await bound.register({ externalAccountBinding: value });
    await yard.enrolment.bindings.revoke(binding.keyId, actor);
    const late = new AcmeClient(yard);
    const again = externalBinding({ ...binding, url, jwk: late.key.jwk });
    assertProblem(await late.post(url, { externalAccountBinding: again }), 403, 'unauthorized');
    assertProblem(await bound.order(['api.payments.svc']), 403, 'rejectedIdentifier');
  });
});

describe('account update', () => {
  test('RFC 8555 §7.3.2: contacts change, all else is ignored, POST-as-GET looks', async () => {
    const client = await registered();
    const url = client.kid ?? '';
    const changed = await client.post(url, {
      contact: ['mailto:new@example.com'],
      status: 'revoked',
      termsOfServiceAgreed: true,
      orders: 'x',
    });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.json['contact'], ['mailto:new@example.com']);
    assert.equal(changed.json['status'], 'valid');
    assert.equal('termsOfServiceAgreed' in changed.json, false);
    assert.deepEqual((await client.get(url)).json, changed.json);
    assert.deepEqual((await client.post(url, { contact: [] })).json['contact'], []);
    assertProblem(await client.post(url, { contact: ['tel:1'] }), 400, 'unsupportedContact');
  });

  test('RFC 8555 §7.3.6: a deactivated account is refused with 401 everywhere, and its orders end', async () => {
    const client = await registered();
    const url = client.kid ?? '';
    const order = await client.order(['www.example.com']);
    const ended = await client.post(url, { status: 'deactivated' });
    assert.equal(ended.json['status'], 'deactivated');
    for (const [path, payload] of [
      [url, ''],
      [locationOf(order), ''],
      [`${PUBLIC_URL}/acme/new-order`, { identifiers: [{ type: 'dns', value: 'www.example.com' }] }],
      [KEY_CHANGE, {}],
    ] as const)
      assertProblem(await client.post(path, payload), 401, 'unauthorized');
    const kid = client.kid;
    client.kid = undefined;
    assertProblem(await client.post(NEW_ACCOUNT, {}), 401, 'unauthorized');
    client.kid = kid;
  });
});

describe('key change', () => {
  function inner(client: AcmeClient, key: AccountKey, o: { header?: JsonObject; payload?: JsonObject } = {}) {
    const header = { alg: key.alg, jwk: key.jwk, url: KEY_CHANGE, ...o.header };
    return signed(header, { account: client.kid ?? '', oldKey: client.key.jwk, ...o.payload }, key);
  }

  test('RFC 8555 §7.3.5: the new key takes the account over, the old one is nobody, orders stay', async () => {
    const client = await registered();
    const order = await client.order(['www.example.com']);
    const [oldKey, key] = [client.key, newKey('P-384')];
    const answer = await client.post(KEY_CHANGE, inner(client, key));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json['status'], 'valid');
    client.key = key;
    assert.equal((await client.get(locationOf(order))).json['status'], 'pending');
    const old = new AcmeClient(yard, oldKey);
    assertProblem(await old.post(NEW_ACCOUNT, { onlyReturnExisting: true }), 400, 'accountDoesNotExist');
    old.kid = client.kid;
    const refused = await old.get(locationOf(order));
    assert.ok(refused.status >= 400, 'the old key still works');
  });

  test('RFC 8555 §7.3.5: a key that an account has is 409 with that account’s URL', async () => {
    const [client, other] = [await registered(), await registered()];
    const answer = await client.post(KEY_CHANGE, inner(client, other.key));
    assertProblem(answer, 409, 'malformed');
    assert.equal(locationOf(answer), other.kid);
  });

  test('RFC 8555 §7.3.5: each of the checks refuses the change', async () => {
    const client = await registered();
    const stranger = await registered();
    const key = newKey();
    const cases: readonly (readonly [string, Json])[] = [
      ['no inner JWS', {}],
      ['an inner kid beside the jwk', inner(client, key, { header: { kid: client.kid ?? '' } })],
      ['an inner nonce', inner(client, key, { header: { nonce: await client.nonce() } })],
      ['another inner url', inner(client, key, { header: { url: NEW_ACCOUNT } })],
      ['another account', inner(client, key, { payload: { account: stranger.kid ?? '' } })],
      ['another old key', inner(client, key, { payload: { oldKey: stranger.key.jwk } })],
      ['no old key', inner(client, key, { payload: { oldKey: null } })],
      [
        'an inner signature of another key',
        { ...inner(client, key), signature: String(inner(client, newKey())['signature']) },
      ],
      ['an inner MAC', inner(client, key, { header: { alg: 'HS256' } })],
      ['an inner none', inner(client, key, { header: { alg: 'none' } })],
    ];
    for (const [what, payload] of cases) {
      const answer = await client.post(KEY_CHANGE, payload);
      assert.equal(answer.status, 400, `${what}: ${answer.text}`);
    }
    assert.equal((await client.get(client.kid ?? '')).status, 200);
  });

  test('of two changes at once one wins, and the account has its key', async () => {
    const client = await registered();
    const keys = [newKey(), newKey()];
    const answers = await Promise.all(keys.map((key) => client.post(KEY_CHANGE, inner(client, key))));
    const won = keys.filter((_, i) => answers[i]?.status === 200);
    assert.equal(won.length, 1, answers.map(({ text }) => text).join('\n'));
    client.key = won[0] ?? client.key;
    assert.equal((await client.get(client.kid ?? '')).status, 200);
  });
});
