// The keyless door: certificates for job tokens, and what bad requests get.
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { encodeAlgorithm } from '../../src/formats/algorithms.ts';
import { der } from '../../src/formats/der.ts';
import { encodePem } from '../../src/formats/pem.ts';
import { encodeName } from '../../src/formats/x509/build.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import {
  type Answer,
  bearer,
  chainOf,
  type JobKey,
  newKey,
  type RunningYard,
  runYard,
  signingRequest,
} from '../server/running.ts';

const SUBJECT = 'acme/shop';
let running: RunningYard;
let token: string;
const key = newKey();

before(async () => {
  running = await runYard({ development: true });
  token = await running.jobToken(SUBJECT);
});
after(() => running.close());

const post = (body: unknown, headers: Record<string, string> = bearer(token)) =>
  running.ask('POST', '/api/v2/signingCert', { body, headers });

/** google.rpc.Status with our code in its details; nothing else may leave. */
function assertStatus(answer: Answer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  const body = answer.json() as { code: number; message: string; details: { reason: string }[] };
  assert.deepEqual(Object.keys(body), ['code', 'message', 'details']);
  assert.equal(body.details[0]?.reason, code, answer.text);
  assert.ok(body.message.includes(code));
}

function certificationRequest({ privateKey, pem }: JobKey): string {
  const [, body = ''] = /-----BEGIN PUBLIC KEY-----([\s\S]+)-----END/.exec(pem) ?? [];
  const info = der.sequence(
    der.integer(0),
    encodeName([]),
    new Uint8Array(Buffer.from(body, 'base64')),
    der.context(0, new Uint8Array(0)),
  );
  const signature = new Uint8Array(sign('sha256', info, privateKey));
  const request = der.sequence(info, encodeAlgorithm('ecdsa-sha256'), der.bitString(signature));
  return Buffer.from(encodePem('CERTIFICATE REQUEST', request)).toString('base64');
}

describe('Fulcio v2', () => {
  test('a token and a proof become a certificate: empty subject, one critical name, ten minutes, code signing', async () => {
    const answer = await post(signingRequest(key, SUBJECT));
    assert.equal(answer.status, 200);
    const [leaf, intermediate, root] = chainOf(answer);
    assert.ok(leaf && intermediate && root);
    assert.ok(leaf.checkIssued(intermediate) && leaf.verify(intermediate.publicKey));
    assert.ok(intermediate.verify(root.publicKey) && root.verify(root.publicKey));
    const parsed = parseCertificate(new Uint8Array(leaf.raw));
    assert.deepEqual(parsed.subject.attributes, []);
    assert.deepEqual(parsed.subjectAltNames, [
      { type: 'uri', value: `${running.yard.publicUrl}/oidc/${SUBJECT}` },
    ]);
    assert.equal(parsed.notAfter.getTime() - parsed.notBefore.getTime(), 600_000);
    assert.deepEqual(parsed.extendedKeyUsage, ['1.3.6.1.5.5.7.3.3']);
  });

  test('the token may be in the body, and a certification request is its own proof', async () => {
    const inBody = await post(
      { ...signingRequest(key, SUBJECT), credentials: { oidcIdentityToken: token } },
      {},
    );
    assert.equal(inBody.status, 200);
    const csr = await post({ certificateSigningRequest: certificationRequest(key) });
    assert.equal(csr.status, 200, csr.text);
    assert.equal(chainOf(csr)[0]?.publicKey.export({ type: 'spki', format: 'pem' }), key.pem);
  });

  test('P-384, Ed25519 and RSA keys are certified; weak and odd ones are not', async () => {
    const proof = async (
      made: { privateKey: JobKey['privateKey']; publicKey: JobKey['privateKey'] },
      hash: string | null,
    ) => {
      const pem = made.publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const signature = sign(hash, Buffer.from(SUBJECT), made.privateKey).toString('base64');
      return post({ publicKeyRequest: { publicKey: { content: pem }, proofOfPossession: signature } });
    };
    assert.equal((await proof(generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384')).status, 200);
    assert.equal((await proof(generateKeyPairSync('ed25519'), null)).status, 200);
    assert.equal((await proof(generateKeyPairSync('rsa', { modulusLength: 2048 }), 'sha256')).status, 200);
    assertStatus(
      await proof(generateKeyPairSync('rsa', { modulusLength: 1024 }), 'sha256'),
      403,
      'SY-ISSUE-KEY-SIZE',
    );
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const refused = await proof(curve, 'sha256');
    assert.ok(refused.status === 400 || refused.status === 403, refused.text);
  });

  test('trust bundle and configuration say who signs and for whom', async () => {
    const bundle = (await running.ask('GET', '/api/v2/trustBundle')).json() as {
      chains: { certificates: string[] }[];
    };
    const [issuing, root] = bundle.chains[0]?.certificates ?? [];
    assert.ok(new X509Certificate(issuing ?? '').verify(new X509Certificate(root ?? '').publicKey));
    assert.equal(root, running.yard.rootPem);
    const configuration = (await running.ask('GET', '/api/v2/configuration')).json() as {
      issuers: { issuerUrl: string; audience: string }[];
    };
    assert.deepEqual(
      configuration.issuers.map(({ issuerUrl, audience }) => [issuerUrl, audience]),
      [[`${running.yard.publicUrl}/oidc`, running.yard.publicUrl]],
    );
  });
});

describe('Fulcio v1', () => {
  for (const [client, content] of [
    ['cosign 2 (PEM)', (pem: string) => Buffer.from(pem)],
    ['gitsign (DER)', (pem: string) => Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64')],
  ] as const)
    test(`a request of ${client} is answered 201 with the chain as PEM`, async () => {
      const answer = await running.ask('POST', '/api/v1/signingCert', {
        headers: bearer(token),
        body: {
          publicKey: { content: content(key.pem).toString('base64'), algorithm: 'ecdsa' },
          signedEmailAddress: sign('sha256', Buffer.from(SUBJECT), key.privateKey).toString('base64'),
        },
      });
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.headers['content-type'], 'application/pem-certificate-chain');
      assert.equal(answer.text.match(/BEGIN CERTIFICATE/g)?.length, 3);
    });

  test('the root certificates are there for older clients', async () => {
    const answer = await running.ask('GET', '/api/v1/rootCert');
    assert.ok(answer.text.endsWith(running.yard.rootPem));
  });
});

describe('what bad requests get', () => {
  test('a body that is absent, empty, no JSON, of another shape, or too large', async () => {
    assertStatus(await post('', bearer(token)), 400, 'SY-JSON-MALFORMED');
    assertStatus(await post('{'), 400, 'SY-JSON-MALFORMED');
    for (const body of [[], null, 'null', { surprise: 1 }, {}, { publicKeyRequest: 7 }])
      assertStatus(await post(JSON.stringify(body)), 400, 'SY-FULCIO-MALFORMED');
    assertStatus(
      await post({ ...signingRequest(key, SUBJECT), certificateSigningRequest: 'AAAA' }),
      400,
      'SY-FULCIO-MALFORMED',
    );
    assertStatus(await post('['.repeat(50_000)), 413, 'SY-JSON-TOO-LARGE');
    assertStatus(await post('{"credentials":{},"credential\\u0073":{}}'), 400, 'SY-JSON-MALFORMED');
    assertStatus(await post(`"${'x'.repeat(300_000)}"`), 413, 'SY-HTTP-TOO-LARGE');
    assertStatus(await post(new Uint8Array([0xff, 0xfe])), 400, 'SY-FULCIO-MALFORMED');
  });

  test('another media type', async () => {
    const answer = await post('{}', { ...bearer(token), 'content-type': 'text/plain' });
    assertStatus(answer, 415, 'SY-HTTP-MEDIA-TYPE');
  });

  test('no token, two tokens, and tokens that are none', async () => {
    const body = signingRequest(key, SUBJECT);
    assertStatus(await post(body, {}), 400, 'SY-FULCIO-NO-TOKEN');
    assertStatus(
      await post({ ...body, credentials: { oidcIdentityToken: `${token}x` } }),
      400,
      'SY-FULCIO-MALFORMED',
    );
    const [header = '', claims = '', signature = ''] = token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const hmac = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
    const forged = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: 'evil' }),
    ).toString('base64url');
    const cases: readonly (readonly [string, RegExp])[] = [
      ['garbage', /SY-IDENTITY-TOKEN-MALFORMED/],
      [`${none}.${claims}.`, /SY-IDENTITY-(ALGORITHM|TOKEN-MALFORMED)/],
      [`${hmac}.${claims}.${signature}`, /SY-IDENTITY-ALGORITHM/],
      [`${header}.${forged}.${signature}`, /SY-IDENTITY-SIGNATURE/],
      [`${header}.${claims}.${signature.slice(0, -8)}AAAAAAAA`, /SY-IDENTITY-SIGNATURE/],
    ];
    for (const [bad, code] of cases) {
      const answer = await post(body, bearer(bad));
      assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
      assert.match(answer.text, code);
      assert.match(answer.text, /There was an error processing the identity token/);
      assert.ok(!answer.text.includes(claims), 'the token must not come back');
    }
  });

  test('a token for another audience, and one that has expired', async () => {
    const other = await running.jobToken(SUBJECT, { audience: 'sigstore' });
    assert.match((await post(signingRequest(key, SUBJECT), bearer(other))).text, /SY-IDENTITY-AUDIENCE/);
  });

  test('a proof by another key, over another subject, or not at all', async () => {
    const body = signingRequest(newKey(), SUBJECT) as {
      publicKeyRequest: { publicKey: { content: string } };
    };
    body.publicKeyRequest.publicKey.content = key.pem;
    const refused = await post(body);
    assert.match(refused.text, /SY-ISSUE-PROOF/);
    assert.match(refused.text, /The signature supplied in the request could not be verified/);
    assert.match((await post(signingRequest(key, 'acme/other'))).text, /SY-ISSUE-PROOF/);
    const empty = signingRequest(key, SUBJECT) as { publicKeyRequest: { proofOfPossession: string } };
    empty.publicKeyRequest.proofOfPossession = '';
    assertStatus(await post(empty), 400, 'SY-FULCIO-MALFORMED');
  });

  test('a key that is none', async () => {
    for (const content of [
      '',
      'not PEM',
      '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
      running.yard.rootPem,
    ]) {
      const body = signingRequest(key, SUBJECT) as { publicKeyRequest: { publicKey: { content: string } } };
      body.publicKeyRequest.publicKey.content = content;
      assert.equal((await post(body)).status, 400, content);
    }
  });

  test('nothing of it left a certificate or a log entry behind', async () => {
    const before = (await running.admin('GET', '/admin/v1/log/certificate/head')).json()['size'];
    await post(signingRequest(key, 'acme/other'));
    await post({});
    const after = (await running.admin('GET', '/admin/v1/log/certificate/head')).json()['size'];
    assert.equal(after, before);
  });

  test('a token is good for a hundred certificates and no more, however many ask at once', async () => {
    const own = await running.jobToken('acme/greedy');
    const body = signingRequest(key, 'acme/greedy');
    const ask = (count: number) => Promise.all(Array.from({ length: count }, () => post(body, bearer(own))));
    // Of many at once some are told to come back; none is counted twice.
    let answers = await ask(120);
    const granted = () => answers.filter(({ status }) => status === 200).length;
    let total = granted();
    for (let batch = 0; batch < 20 && granted() > 0; batch++) {
      answers = await ask(8);
      total += granted();
    }
    assert.equal(total, 100);
    const refused = answers.find(({ status }) => status !== 200);
    assert.match(refused?.text ?? '', /SY-ISSUE-TOKEN-LIMIT/);
  });
});

test('what the policy does not grant is refused, with a record of who asked', async () => {
  const { readFileSync, writeFileSync } = await import('node:fs');
  const file = running.file('policy.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('where: subject != ""', 'where: subject == "acme/allowed"'));
  await running.yard.reload();
  const answer = await post(signingRequest(key, SUBJECT));
  assert.equal(answer.status, 403, answer.text);
  assert.match(answer.text, /SY-POLICY-/);
  const events = await running.admin('GET', '/admin/v1/audit?action=certificate.refused');
  const [event] = events.json()['events'] as { actor: { id: string }; policyVersion: string }[];
  assert.equal(event?.actor.id, SUBJECT);
  assert.equal(event?.policyVersion, running.yard.policyVersion);
  writeFileSync(file, text);
  await running.yard.reload();
});
