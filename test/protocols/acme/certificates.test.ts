// Certificates once they are issued: chains and alternates (RFC 8555 §7.4.2), renewal information (RFC 9773).
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodePem } from '../../../src/formats/pem.ts';
import type { JsonObject } from '../../../src/ground/json.ts';
import { AcmeClient, type Answer, answerOf, assertProblem, linksOf, newKey } from './client.ts';
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

async function certificateUrl(names: readonly string[] = NAMES): Promise<string> {
  const valid = await client.finalize(await readyOrder(names), csrFor(names));
  assert.equal(valid.json['status'], 'valid', valid.text);
  return String(valid.json['certificate']);
}

describe('certificates', () => {
  test('RFC 8555 §7.4.2, §9.1: the chain is PEM, leaf first, each certified by the next, without text between', async () => {
    const answer = await client.get(await certificateUrl());
    assert.equal(answer.headers['content-type'], 'application/pem-certificate-chain');
    assert.match(
      answer.text,
      /^(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END CERTIFICATE-----\n)+$/,
    );
    const [leaf, issuer] = decodePem(answer.text).map(({ der }) => new X509Certificate(der));
    assert.ok(leaf && issuer && leaf.verify(issuer.publicKey));
    assert.equal(leaf.checkHost('www.example.com'), 'www.example.com');
    assert.deepEqual(linksOf(answer), [`<${PUBLIC_URL}/acme/directory>;rel="index"`]);
  });

  test('RFC 8555 §7.4.2: a chain that there is not is not found', async () => {
    const url = await certificateUrl();
    for (const chain of ['1', '0', '-1', '01', 'x', '99'])
      assertProblem(await client.get(`${url}/${chain}`), 404, 'malformed');
  });
});

describe('alternate chains', () => {
  test('RFC 8555 §7.4.2: a cross-certificate makes another chain, linked from the first and back', async () => {
    const other = await openYard();
    try {
      const actor = { kind: 'system' } as const;
      const { id } = await other.ceremonies.create({ purpose: 'root', name: 'second', actor });
      await other.ceremonies.crossSign({ id: 'tls-1', by: id, actor });
      const owner = new AcmeClient(other);
      await owner.register();
      const order = await owner.prove(await owner.order(NAMES));
      const url = String((await owner.finalize(order, csrFor(NAMES))).json['certificate']);
      const first = await owner.get(url);
      const alternates = linksOf(first).filter((link) => link.endsWith(';rel="alternate"'));
      assert.deepEqual(alternates, [`<${url}/1>;rel="alternate"`]);
      const second = await owner.get(`${url}/1`);
      assert.ok(linksOf(second).includes(`<${url}>;rel="alternate"`));
      const [leaf, issuer] = [first, second].map(({ text }) => decodePem(text));
      assert.deepEqual(leaf?.[0], issuer?.[0], 'the leaf is the same');
      const issuers = [leaf, issuer].map((chain) => new X509Certificate(chain?.[1]?.der ?? '').issuer);
      assert.notEqual(issuers[0], issuers[1]);
    } finally {
      await other.close();
    }
  });
});

describe('renewal', () => {
  test('RFC 9773 §4: the window of a certificate is told to anyone, with when to look again', async () => {
    const url = await certificateUrl();
    const { text } = await client.get(url);
    const id = ariOf(text);
    const answer = await get(`/acme/renewal-info/${id}`);
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.match(String(answer.headers['retry-after']), /^[1-9]\d*$/);
    const window = answer.json['suggestedWindow'] as JsonObject;
    const leaf = new X509Certificate(text);
    const [start, end] = [Date.parse(String(window['start'])), Date.parse(String(window['end']))];
    assert.ok(leaf.validFromDate.getTime() < start && start < end && end <= leaf.validToDate.getTime());
  });

  test('RFC 9773 §4: what is no identifier is malformed, and an unknown certificate is not found', async () => {
    assertProblem(await get('/acme/renewal-info/nonsense'), 400, 'malformed');
    assertProblem(await get('/acme/renewal-info/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'), 404, 'malformed');
  });

  test('RFC 9773 §5: an order that replaces a certificate says so, and a second one is alreadyReplaced with 409', async () => {
    const id = ariOf((await client.get(await certificateUrl())).text);
    const order = await client.order(NAMES, { replaces: id });
    assert.equal(order.json['replaces'], id);
    const ready = await client.prove(order);
    assert.equal((await client.finalize(ready, csrFor(NAMES))).json['replaces'], id);
    assertProblem(await client.order(NAMES, { replaces: id }), 409, 'alreadyReplaced');
  });

  test('RFC 9773 §5: another account cannot replace the certificate', async () => {
    const id = ariOf((await client.get(await certificateUrl())).text);
    const stranger = new AcmeClient(yard, newKey());
    await stranger.register();
    const answer = await stranger.order(NAMES, { replaces: id });
    assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
  });

  test('RFC 9773 §4.2: the window of a revoked certificate lies in the past', async () => {
    const { text } = await client.get(await certificateUrl());
    const der = decodePem(text)[0]?.der ?? new Uint8Array();
    const certificate = Buffer.from(der).toString('base64url');
    assert.equal((await client.post(`${PUBLIC_URL}/acme/revoke-cert`, { certificate })).status, 200);
    yard.clock.ms += 2000;
    const { json } = await get(`/acme/renewal-info/${ariOf(text)}`);
    const window = json['suggestedWindow'] as JsonObject;
    assert.ok(Date.parse(String(window['end'])) <= yard.clock.ms, JSON.stringify(window));
  });
});

/** RFC 9773 §4.1, by hand: key identifier and serial in base64url. */
function ariOf(pem: string): string {
  const leaf = new X509Certificate(pem);
  const raw = leaf.raw.toString('hex');
  // authorityKeyIdentifier: OID 2.5.29.35, octet string, sequence, [0] of 20 octets.
  const [, keyId = ''] = /0603551d23041830168014([0-9a-f]{40})/.exec(raw) ?? [];
  assert.ok(keyId !== '');
  return [keyId, leaf.serialNumber].map((hex) => Buffer.from(hex, 'hex').toString('base64url')).join('.');
}
