// Hostile orders: names and times that are none, what belongs to others, certification requests that were not ordered.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Json, JsonObject } from '../../../src/ground/json.ts';
import { AcmeClient, type Answer, assertProblem, b64, locationOf, textsOf } from './client.ts';
import { csrFor, newCsrKey } from './requests.ts';
import { type AcmeYard, openYard, PUBLIC_URL } from './yard.ts';

const NEW_ORDER = `${PUBLIC_URL}/acme/new-order`;

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
