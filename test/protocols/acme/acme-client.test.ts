// A client that others wrote, unmodified, over HTTP: the npm package acme-client.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import acme from 'acme-client';
import { type AcmeYard, openYard } from './yard.ts';

const NAMES = ['www.example.com', 'example.com'];
let yard: AcmeYard;
let publicUrl: string;

const server = createServer(async (request, response) => {
  const body = await bodyOf(request);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const reply = await yard.ask(request.method ?? 'GET', `${publicUrl}${request.url}`, { body, headers });
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.writeHead(reply.status).end(reply.body);
});

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  yard = await openYard({ publicUrl });
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await yard.close();
});

test('acme-client registers, orders, changes its key, downloads, revokes and leaves', async () => {
  const client = new acme.Client({
    directoryUrl: `${publicUrl}/acme/directory`,
    accountKey: await acme.crypto.createPrivateEcdsaKey(),
    backoffMin: 20,
  });
  const [, csr] = await acme.crypto.createCsr({ altNames: NAMES });
  const shown: string[] = [];
  const chain = await client.auto({
    csr,
    email: 'ops@example.com',
    termsOfServiceAgreed: true,
    skipChallengeVerification: true,
    challengePriority: ['http-01'],
    challengeCreateFn: async (authorization, _challenge, answer) => {
      shown.push(`${authorization.identifier.value} ${answer}`);
    },
    challengeRemoveFn: async () => undefined,
  });
  assert.equal(new X509Certificate(chain).checkHost('example.com'), 'example.com');
  const asked = yard.validator.targets.map(
    (target) => `${target.identifier.value} ${target.keyAuthorization}`,
  );
  assert.deepEqual(asked.sort(), shown.sort());
  await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey());
  assert.equal((await client.updateAccount({ contact: ['mailto:new@example.com'] })).status, 'valid');
  await client.revokeCertificate(chain, { reason: 4 });
  await assert.rejects(client.revokeCertificate(chain), /revoked/);
  assert.equal((await client.updateAccount({ status: 'deactivated' })).status, 'deactivated');
  await assert.rejects(
    client.createOrder({ identifiers: [{ type: 'dns', value: 'example.com' }] }),
    /deactivated/,
  );
});

test('acme-client with an RSA account key and an external account binding needs no challenge for what is granted', async () => {
  const { binding, hmacKey } = await yard.enrolment.bindings.create({
    identity: 'payments',
    actor: { kind: 'system' },
  });
  const client = new acme.Client({
    directoryUrl: `${publicUrl}/acme/inside/directory`,
    accountKey: await acme.crypto.createPrivateRsaKey(),
    externalAccountBinding: { kid: binding.keyId, hmacKey: Buffer.from(hmacKey).toString('base64url') },
  });
  await client.createAccount({ termsOfServiceAgreed: true });
  const order = await client.createOrder({ identifiers: [{ type: 'dns', value: 'db.inside.svc' }] });
  assert.equal(order.status, 'ready');
  const [, csr] = await acme.crypto.createCsr({ altNames: ['db.inside.svc'] });
  const valid = await client.finalizeOrder(order, csr);
  const pem = await client.getCertificate(valid);
  assert.equal(new X509Certificate(pem).checkHost('db.inside.svc'), 'db.inside.svc');
});
