// Revocation through ACME (RFC 8555 §7.6): who may, for which reasons, and what a compromised key takes along.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodePem } from '../../../src/formats/pem.ts';
import { toUtf8 } from '../../../src/ground/bytes.ts';
import { asSerial } from '../../../src/ground/ids.ts';
import type { JsonObject } from '../../../src/ground/json.ts';
import { type AccountKey, AcmeClient, assertProblem, b64 } from './client.ts';
import { csrFor, newCsrKey } from './requests.ts';
import { type AcmeYard, openYard, PUBLIC_URL } from './yard.ts';

const REVOKE = `${PUBLIC_URL}/acme/revoke-cert`;

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

describe('revocation', () => {
  const NAME = 'revoked.example.com';

  async function issuedTo(client: AcmeClient, key = newCsrKey()) {
    const order = await client.prove(await client.order([NAME]));
    const valid = await client.finalize(order, csrFor([NAME], key));
    const { text } = await client.get(String(valid.json['certificate']));
    const serial = asSerial(String(valid.json['certificate']).split('/').at(-1) ?? '');
    assert.ok(serial);
    const der = decodePem(text)[0]?.der ?? new Uint8Array();
    return { certificate: b64(der), serial, key };
  }
  const isRevoked = (serial: NonNullable<ReturnType<typeof asSerial>>) =>
    yard.revocation.status(serial, 'tls-1');

  test('RFC 8555 §7.6: the account that has it revokes it; a second time is alreadyRevoked', async () => {
    const client = await registered();
    const { certificate, serial } = await issuedTo(client);
    const answer = await client.post(REVOKE, { certificate, reason: 4 });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, '');
    assert.ok(answer.nonce !== '');
    const status = isRevoked(serial);
    assert.equal(status.status === 'revoked' && status.reason, 'superseded');
    assertProblem(await client.post(REVOKE, { certificate }), 400, 'alreadyRevoked');
  });

  test('RFC 8555 §7.6: the key of the certificate revokes it, without any account', async () => {
    const { certificate, serial, key } = await issuedTo(await registered());
    const jwk = key.publicKey.export({ format: 'jwk' }) as JsonObject;
    const holder = new AcmeClient(yard, { alg: 'ES256', privateKey: key.privateKey, jwk });
    const twin = await issuedTo(await registered(), key);
    const answer = await holder.post(REVOKE, { certificate, reason: 1 });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(isRevoked(serial).status, 'revoked');
    assert.equal(isRevoked(twin.serial).status, 'revoked', 'a compromised key is compromised everywhere');
  });

  test('an account that says keyCompromise without showing the key takes no other certificate along', async () => {
    const key = newCsrKey();
    const [client, other] = [await registered(), await registered()];
    const [mine, theirs] = [await issuedTo(client, key), await issuedTo(other, key)];
    assert.equal((await client.post(REVOKE, { certificate: mine.certificate, reason: 1 })).status, 200);
    assert.equal(isRevoked(theirs.serial).status, 'good');
  });

  test('RFC 8555 §7.6: an account that is authorized for all of its names revokes it', async () => {
    const { certificate, serial } = await issuedTo(await registered());
    const other = await registered();
    assertProblem(await other.post(REVOKE, { certificate }), 403, 'unauthorized');
    await other.prove(await other.order([NAME]));
    const answer = await other.post(REVOKE, { certificate });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(isRevoked(serial).status, 'revoked');
  });

  test('RFC 8555 §7.6: strangers, by account or by key, do not', async () => {
    const { certificate, serial } = await issuedTo(await registered());
    assertProblem(await (await registered()).post(REVOKE, { certificate }), 403, 'unauthorized');
    assertProblem(await new AcmeClient(yard).post(REVOKE, { certificate }), 403, 'unauthorized');
    assert.equal(isRevoked(serial).status, 'good');
  });

  test('RFC 8555 §7.6: reasons that are not for subscribers are badRevocationReason', async () => {
    const client = await registered();
    const { certificate, serial } = await issuedTo(client);
    for (const reason of [2, 6, 7, 8, 10, 11, -1])
      assertProblem(await client.post(REVOKE, { certificate, reason }), 400, 'badRevocationReason');
    for (const reason of ['1', 1.5, true, []])
      assertProblem(await client.post(REVOKE, { certificate, reason }), 400, 'malformed');
    assert.equal(isRevoked(serial).status, 'good');
  });

  test('what is no certificate of ours is refused', async () => {
    const client = await registered();
    const { certificate } = await issuedTo(client);
    const changed = Buffer.from(certificate, 'base64url');
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const value of [b64(changed), b64(toUtf8('x')), 'AAAA'])
      assertProblem(await client.post(REVOKE, { certificate: value }), 404, 'malformed');
    for (const value of ['', '+/', 7, null])
      assertProblem(await client.post(REVOKE, { certificate: value }), 400, 'malformed');
  });

  test('fifty at once: one revokes, the others hear that it is done', async () => {
    const client = await registered();
    const { certificate } = await issuedTo(client);
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.post(REVOKE, { certificate })));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    for (const answer of answers) if (answer.status !== 200) assertProblem(answer, 400, 'alreadyRevoked');
  });
});
