// From directory to certificate, by clauses of RFC 8555, 8738 and the drafts (docs/conformance names these tests).
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '../../../src/ground/json.ts';
import { AcmeClient, type Answer, answerOf, assertProblem, linksOf, locationOf, textsOf } from './client.ts';
import { csrFor } from './requests.ts';
import { type AcmeYard, openYard, PUBLIC_URL } from './yard.ts';

let yard: AcmeYard;
let client: AcmeClient;
before(async () => {
  yard = await openYard();
  client = new AcmeClient(yard);
  await client.register({ contact: ['mailto:ops@example.com'] });
});
after(() => yard.close());

const get = async (path: string) => answerOf(await yard.ask('GET', `${PUBLIC_URL}${path}`));
const NAMES = ['www.example.com', 'example.com'];

async function readyOrder(names: readonly string[] = NAMES, more: JsonObject = {}): Promise<Answer> {
  return client.prove(await client.order(names, more));
}

describe('directory', () => {
  test('RFC 8555 §7.1.1: the directory names every resource, and what the server is', async () => {
    const { json } = await get('/acme/directory');
    assert.deepEqual(Object.keys(json), [
      'newNonce',
      'newAccount',
      'newOrder',
      'newAuthz',
      'revokeCert',
      'keyChange',
      'renewalInfo',
      'meta',
    ]);
    assert.equal(json['newOrder'], `${PUBLIC_URL}/acme/new-order`);
    const meta = json['meta'] as JsonObject;
    assert.deepEqual(meta['caaIdentities'], ['ca.example']);
    assert.equal(meta['externalAccountRequired'], false);
    assert.equal('termsOfService' in meta, false);
  });

  test('draft-ietf-acme-profiles §3: profiles are advertised with a sentence each', async () => {
    const meta = (await get('/acme/directory')).json['meta'] as JsonObject;
    const profiles = meta['profiles'] as JsonObject;
    assert.deepEqual(Object.keys(profiles).sort(), ['server-tls', 'workload-tls']);
    // acme.sh splits them at commas and braces.
    for (const sentence of Object.values(profiles)) assert.match(String(sentence), /^[^{},"]+$/);
  });

  test('draft-ietf-acme-dns-persist-02 §4.1: the directory has what clients hash accounts with', async () => {
    const accountHashPrefix = `${PUBLIC_URL}/acme/hashed/`;
    const other = await openYard({ meta: { accountHashPrefix } });
    try {
      const { json } = answerOf(await other.ask('GET', `${PUBLIC_URL}/acme/directory`));
      const meta = json['meta'] as JsonObject;
      assert.equal(meta['accountHashPrefix'], accountHashPrefix);
      assert.deepEqual(meta['issuerDomainNames'], meta['caaIdentities']);
    } finally {
      await other.close();
    }
  });

  test('each environment has a directory of its own; an unknown one is not found', async () => {
    const { json } = await get('/acme/inside/directory');
    assert.equal(json['newOrder'], `${PUBLIC_URL}/acme/new-order/inside`);
    assert.equal(json['newAccount'], `${PUBLIC_URL}/acme/new-account/inside`);
    const meta = json['meta'] as JsonObject;
    assert.equal(meta['externalAccountRequired'], true);
    assert.deepEqual(Object.keys(meta['profiles'] as JsonObject), ['workload-tls']);
    assertProblem(await get('/acme/nowhere/directory'), 404, 'malformed');
  });

  test('RFC 8555 §6.3: directory and newNonce answer POST-as-GET, and all else answers GET with 405', async () => {
    const directory = await client.get(`${PUBLIC_URL}/acme/directory`);
    assert.equal(directory.json['keyChange'], `${PUBLIC_URL}/acme/key-change`);
    assert.ok(directory.nonce !== '');
    assert.equal((await client.get(`${PUBLIC_URL}/acme/new-nonce`)).status, 204);
    for (const path of ['new-account', 'new-order', 'revoke-cert', 'key-change', 'order/x', 'account/x'])
      assertProblem(await get(`/acme/${path}`), 405, 'malformed');
  });
});

describe('nonces', () => {
  test('RFC 8555 §7.2: HEAD newNonce is 200, GET is 204, both empty, fresh and not to be stored', async () => {
    const seen = new Set<string>();
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
    ] as const) {
      const answer = answerOf(await yard.ask(method, `${PUBLIC_URL}/acme/new-nonce`));
      assert.equal(answer.status, status);
      assert.equal(answer.text, '');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.deepEqual(linksOf(answer), [`<${PUBLIC_URL}/acme/directory>;rel="index"`]);
      seen.add(answer.nonce);
    }
    assert.equal(seen.size, 2);
  });

  test('RFC 8555 §6.5: every answer to a POST has a nonce that the next request may use', async () => {
    const url = `${PUBLIC_URL}/acme/directory`;
    let { nonce } = await client.get(url);
    for (let i = 0; i < 3; i++) {
      const answer = await client.post(url, '', { header: { nonce } });
      assert.equal(answer.status, 200, answer.text);
      ({ nonce } = answer);
    }
    const problem = await client.post(`${PUBLIC_URL}/acme/order/none`, '', { header: { nonce } });
    assertProblem(problem, 404, 'malformed');
    assert.equal((await client.post(url, '', { header: { nonce: problem.nonce } })).status, 200);
  });
});

describe('orders', () => {
  test('RFC 8555 §7.4: an order is 201 with its URL, and shows what is to be done', async () => {
    const order = await client.order(NAMES);
    assert.equal(order.status, 201);
    assert.equal(order.headers['content-type'], 'application/json');
    assert.deepEqual(linksOf(order), [`<${PUBLIC_URL}/acme/directory>;rel="index"`]);
    const url = locationOf(order);
    assert.deepEqual(Object.keys(order.json), [
      'status',
      'expires',
      'identifiers',
      'profile',
      'authorizations',
      'finalize',
    ]);
    assert.equal(order.json['status'], 'pending');
    assert.match(String(order.json['expires']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.deepEqual(
      order.json['identifiers'],
      NAMES.map((value) => ({ type: 'dns', value })),
    );
    assert.equal(textsOf(order.json['authorizations']).length, 2);
    assert.equal(order.json['finalize'], `${url}/finalize`);
    assert.deepEqual((await client.get(url)).json, order.json);
  });

  test('RFC 8555 §7.1.4: an authorization shows its identifier and a way to prove it, with tokens of 128 bits', async () => {
    const order = await client.order(['www.example.com']);
    const [url = ''] = textsOf(order.json['authorizations']);
    const { json, headers } = await client.get(url);
    assert.equal(headers['retry-after'], undefined);
    assert.deepEqual(json['identifier'], { type: 'dns', value: 'www.example.com' });
    assert.equal(json['status'], 'pending');
    assert.equal('wildcard' in json, false);
    const challenges = json['challenges'] as JsonObject[];
    assert.ok(challenges.length >= 3);
    for (const challenge of challenges) {
      assert.deepEqual(Object.keys(challenge).slice(0, 3), ['type', 'url', 'status']);
      if (challenge['type'] === 'dns-persist-01') continue;
      assert.match(String(challenge['token']), /^[A-Za-z0-9_-]{22,}$/);
    }
  });

  test('draft-ietf-acme-dns-persist: its challenge names issuers, under both names of the drafts, and has no token', async () => {
    const order = await client.order(['www.example.com']);
    const [url = ''] = textsOf(order.json['authorizations']);
    const challenges = (await client.get(url)).json['challenges'] as JsonObject[];
    const persistent = challenges.find(({ type }) => type === 'dns-persist-01');
    assert.deepEqual(persistent?.['issuer-domain-names'], ['ca.example']);
    assert.deepEqual(persistent?.['issuerDomainNames'], ['ca.example']);
    assert.equal('token' in (persistent ?? {}), false);
  });

  test('RFC 8555 §7.1.3: a wildcard is authorized under the name below it, marked as wildcard, by DNS alone', async () => {
    const order = await client.order(['*.example.com']);
    assert.deepEqual(order.json['identifiers'], [{ type: 'dns', value: '*.example.com' }]);
    const [url = ''] = textsOf(order.json['authorizations']);
    const { json } = await client.get(url);
    assert.deepEqual(json['identifier'], { type: 'dns', value: 'example.com' });
    assert.equal(json['wildcard'], true);
    for (const { type } of json['challenges'] as JsonObject[]) assert.match(String(type), /^dns-/);
  });

  test('RFC 8738 §3: addresses are identifiers of type ip, proven over HTTP and TLS and never over DNS', async () => {
    const order = await client.order(['192.0.2.3', '2001:db8::1']);
    assert.equal(order.status, 201, order.text);
    for (const url of textsOf(order.json['authorizations'])) {
      const { json } = await client.get(url);
      assert.equal((json['identifier'] as JsonObject)['type'], 'ip');
      const types = (json['challenges'] as JsonObject[]).map(({ type }) => type);
      assert.deepEqual(types.toSorted(), ['http-01', 'tls-alpn-01']);
    }
    const valid = await client.finalize(await client.prove(order), csrFor(['192.0.2.3', '2001:db8::1']));
    const { text } = await client.get(String(valid.json['certificate']));
    assert.match(new X509Certificate(text).subjectAltName ?? '', /IP Address:192\.0\.2\.3/);
  });

  test('RFC 8555 §7.4: a time that is asked for is in the order and in the certificate', async () => {
    const notAfter = '2026-12-01T00:00:00Z';
    const order = await client.order(['www.example.com'], { notAfter });
    assert.equal(order.json['notAfter'], notAfter);
    const valid = await client.finalize(await client.prove(order), csrFor(['www.example.com']));
    const { text } = await client.get(String(valid.json['certificate']));
    assert.equal(new X509Certificate(text).validTo, 'Dec  1 00:00:00 2026 GMT');
  });

  test('draft-ietf-acme-profiles §4: a profile is chosen by name; one that is not granted is invalidProfile', async () => {
    const order = await client.order(['www.example.com'], { profile: 'server-tls' });
    assert.equal(order.json['profile'], 'server-tls');
    for (const profile of ['nonesuch', 'workload-tls'])
      assertProblem(await client.order(['www.example.com'], { profile }), 400, 'invalidProfile');
  });

  test('RFC 8555 §7.1.2.1: orders are listed page by page', async () => {
    const other = new AcmeClient(yard);
    const { json } = await other.register();
    const made = [];
    for (let i = 0; i < 3; i++) made.push(locationOf(await other.order([`n${i}.example.com`])));
    const list = await other.get(String(json['orders']));
    assert.deepEqual(textsOf(list.json['orders']).toSorted(), made.toSorted());
  });
});

describe('challenges', () => {
  test('RFC 8555 §7.5.1: an answer starts the validation; the order becomes ready when all are valid', async () => {
    const order = await client.order(['www.example.com']);
    const [url = ''] = textsOf(order.json['authorizations']);
    const [challenge] = (await client.get(url)).json['challenges'] as JsonObject[];
    const answer = await client.post(String(challenge?.['url']), { unknown: 'ignored' });
    assert.equal(answer.status, 200, answer.text);
    assert.ok(linksOf(answer).includes(`<${url}>;rel="up"`));
    const authorization = await client.until(url, (status) => status !== 'pending');
    assert.equal(authorization.json['status'], 'valid');
    assert.ok('expires' in authorization.json);
    const done = (authorization.json['challenges'] as JsonObject[]).find(({ status }) => status === 'valid');
    assert.match(String(done?.['validated']), /Z$/);
    assert.equal((await client.get(locationOf(order))).json['status'], 'ready');
  });

  test('RFC 8555 §8.2: while it is being validated, the challenge says when to look again', async () => {
    let finish = () => {};
    const original = yard.validator.answer;
    yard.validator.answer = () =>
      new Promise((resolve) => {
        finish = () => resolve({ valid: true, evidence: {} });
      });
    const order = await client.order(['slow.example.com']);
    const [url = ''] = textsOf(order.json['authorizations']);
    const [challenge] = (await client.get(url)).json['challenges'] as JsonObject[];
    const answer = await client.post(String(challenge?.['url']), {});
    assert.equal(answer.json['status'], 'processing');
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
    const polled = await client.get(url);
    assert.match(String(polled.headers['retry-after']), /^[1-9]\d*$/);
    assert.equal((await client.get(String(challenge?.['url']))).json['status'], 'processing');
    assert.match(String((await client.get(locationOf(order))).headers['retry-after']), /^[1-9]\d*$/);
    finish();
    yard.validator.answer = original;
    await client.until(url, (status) => status === 'valid');
  });

  test('RFC 8555 §8: what failed is told with its type, in the challenge, without empty subproblems', async () => {
    const original = yard.validator.answer;
    yard.validator.answer = () => ({
      valid: false,
      evidence: {},
      code: 'SY-CHALLENGE-MISMATCH',
      detail: 'expected "a", found "b"',
      retry: false,
    });
    const order = await client.order(['bad.example.com']);
    const proven = await client.prove(order);
    yard.validator.answer = original;
    assert.equal(proven.json['status'], 'invalid');
    const [url = ''] = textsOf(order.json['authorizations']);
    const { json } = await client.get(url);
    assert.equal(json['status'], 'invalid');
    const [failed] = (json['challenges'] as JsonObject[]).filter(({ status }) => status === 'invalid');
    const error = failed?.['error'] as JsonObject;
    assert.equal(error['type'], 'urn:ietf:params:acme:error:incorrectResponse');
    assert.match(String(error['detail']), /found "b"/);
    assert.equal('subproblems' in error, false);
    assertProblem(await client.finalize(order, csrFor(['bad.example.com'])), 403, 'orderNotReady');
  });

  test('RFC 8555 §7.5.2: a deactivated authorization cannot be used any more', async () => {
    const order = await client.order(['gone.example.com']);
    const [url = ''] = textsOf(order.json['authorizations']);
    const answer = await client.post(url, { status: 'deactivated' });
    assert.equal(answer.json['status'], 'deactivated');
    assert.equal((await client.get(locationOf(order))).json['status'], 'invalid');
    assertProblem(await client.post(url, { status: 'valid' }), 400, 'malformed');
  });

  test('RFC 8555 §7.4.1: a name authorized in advance is ready when it is ordered', async () => {
    const url = `${PUBLIC_URL}/acme/new-authz`;
    const made = await client.post(url, { identifier: { type: 'dns', value: 'early.example.com' } });
    assert.equal(made.status, 201, made.text);
    const authorization = locationOf(made);
    const [challenge] = made.json['challenges'] as JsonObject[];
    await client.post(String(challenge?.['url']), {});
    await client.until(authorization, (status) => status === 'valid');
    const order = await client.order(['early.example.com']);
    assert.equal(order.json['status'], 'ready');
    assert.deepEqual(order.json['authorizations'], [authorization]);
  });

  test('RFC 8555 §7.4.1: a wildcard cannot be authorized in advance, nor a name that nobody grants', async () => {
    const url = `${PUBLIC_URL}/acme/new-authz`;
    const ask = (value: string) => client.post(url, { identifier: { type: 'dns', value } });
    assertProblem(await ask('*.example.com'), 400, 'malformed');
    assertProblem(await ask('example.net'), 403, 'rejectedIdentifier');
  });
});

describe('finalize', () => {
  test('RFC 8555 §7.4: before the order is ready it is orderNotReady', async () => {
    const order = await client.order(NAMES);
    assertProblem(await client.finalize(order, csrFor(NAMES)), 403, 'orderNotReady');
  });

  test('RFC 8555 §7.4: a good CSR makes the order valid; the answer has its URL, and asking again changes nothing', async () => {
    const order = await readyOrder();
    const valid = await client.finalize(order, csrFor(NAMES));
    assert.equal(valid.status, 200);
    assert.equal(valid.json['status'], 'valid');
    assert.equal(locationOf(valid), locationOf(order));
    const again = await client.finalize(order, csrFor(NAMES));
    assert.equal(again.json['certificate'], valid.json['certificate']);
  });

  test('RFC 8555 §7.4: the names may stand in the common name as well', async () => {
    const order = await readyOrder(['cn.example.com']);
    const csr = csrFor(['cn.example.com'], { commonName: 'cn.example.com' });
    assert.equal((await client.finalize(order, csr)).json['status'], 'valid');
  });

  test('RFC 8555 §7.4: a bad CSR is badCSR, and the order stays ready for a better one', async () => {
    const order = await readyOrder();
    assertProblem(await client.finalize(order, csrFor(['www.example.com'])), 400, 'badCSR');
    assert.equal((await client.get(locationOf(order))).json['status'], 'ready');
    assert.equal((await client.finalize(order, csrFor(NAMES))).json['status'], 'valid');
  });
});

describe('what shell scripts read', () => {
  // The patterns are what acme.sh greps for, in the order in which it does.
  const found = (text: string, pattern: RegExp) => pattern.exec(text)?.[0] ?? '';

  test('directory, order and authorization can be taken apart by regular expressions', async () => {
    const directory = await get('/acme/directory');
    for (const name of [
      'newNonce',
      'newAccount',
      'newOrder',
      'newAuthz',
      'revokeCert',
      'keyChange',
      'renewalInfo',
    ])
      assert.match(found(directory.text, new RegExp(`${name}" *: *"[^"]*"`)), /https:/);
    const order = await client.order(['www.example.com', '*.example.com']);
    assert.match(found(order.text, /"finalize" *: *"[^"]*"/), /finalize"$/);
    const list = found(order.text, /"authorizations" *: *\[[^[]*\]/);
    assert.deepEqual(JSON.parse(list.replace(/^[^[]*/, '')), order.json['authorizations']);
    for (const url of textsOf(order.json['authorizations'])) {
      const { text } = await client.get(url);
      assert.equal([...text.matchAll(/"value" *: *"[^"]*"/g)].length, 1);
      for (const type of ['http-01', 'dns-01'].slice(text.includes('"wildcard":true') ? 1 : 0)) {
        const entry = found(text, new RegExp(`[^{]*"type":"${type}"[^}]*`));
        assert.match(entry, /"url":"https:[^"]*"/);
        assert.match(entry, /"token":"[^"]*"/);
      }
    }
  });

  test('the detail of a failed challenge stands before anything nested', async () => {
    const original = yard.validator.answer;
    const refusal = { code: 'SY-CHALLENGE-DNS', detail: 'no answer', retry: false } as const;
    yard.validator.answer = () => ({ valid: false, evidence: {}, ...refusal });
    const order = await client.order(['shell.example.com']);
    await client.prove(order);
    yard.validator.answer = original;
    const [url = ''] = textsOf(order.json['authorizations']);
    const error = found((await client.get(url)).text, /"error":\{[^}]*/);
    assert.match(found(error, /"detail": *"[^"]*/), /no answer/);
  });
});
