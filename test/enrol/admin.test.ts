// Enrolment on the admin API of a running yard: certificates for service tokens and jobs, bindings, campaigns.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { encodePem } from '../../src/formats/pem.ts';
import { developmentIssuerUrl } from '../../src/policy/sections.ts';
import { type Answer, bearer, type RunningYard, runYard } from '../server/running.ts';
import { newCsr } from './scene.ts';

const policyFor = (publicUrl: string) => `apiVersion: sealyard/v1
kind: Policy
administer:
  - { who: administrator, role: administrator }
issuers:
  development: { url: "${developmentIssuerUrl(publicUrl)}", type: development }
identities:
  payments: { from: binding }
  deployer: { from: service-token, name: deploy }
  shop: { from: oidc, issuer: development, where: 'subject == "acme/shop"' }
environments:
  base:
    development: true
    issue:
      - { who: deployer, profile: workload-tls, names: ["*.deploy.svc"], lifetime: 1h }
      - { who: shop, profile: workload-tls, names: ["*.shop.svc"], lifetime: 1h }
      - { who: anyone, profile: server-tls, names: ["**.example.com"] }
`;

const PATH = '/admin/v1/certificates';
let running: RunningYard;
let deploy: string;

before(async () => {
  running = await runYard({ development: true });
  writeFileSync(running.file('policy.yaml'), policyFor(running.yard.publicUrl));
  await running.yard.reload();
  const made = await running.admin('POST', '/admin/v1/tokens', { name: 'deploy', lifetimeSeconds: 3600 });
  deploy = String(made.json()['token']);
});
after(() => running.close());

const ask = async (token: string, names: readonly string[], more: object = {}): Promise<Answer> => {
  const csr = encodePem('CERTIFICATE REQUEST', await newCsr(names));
  return running.ask('POST', PATH, { headers: bearer(token), body: { csr, ...more } });
};
const refused = (answer: Answer, status: number, code: string): void => {
  assert.equal(answer.json()['code'], code, answer.text);
  assert.equal(answer.status, status);
};

describe('a certificate by the admin API', () => {
  test('goes to the service token that a rule names, verifies against our root, and is found again', async () => {
    const answer = await ask(deploy, ['web.deploy.svc']);
    assert.equal(answer.status, 201, answer.text);
    const { certificate, chain, serial } = answer.json();
    const leaf = new X509Certificate(String(certificate));
    const issuer = new X509Certificate(String(chain));
    assert.ok(
      leaf.verify(issuer.publicKey) && issuer.verify(new X509Certificate(running.yard.rootPem).publicKey),
    );
    assert.equal(leaf.subjectAltName, 'DNS:web.deploy.svc');
    for (const query of [
      `serial=${serial}`,
      'name=web.deploy.svc',
      'requester=deploy',
      'identity=deployer',
    ]) {
      const found = (await running.admin('GET', `${PATH}?${query}`)).json()[
        'certificates'
      ] as readonly Record<string, unknown>[];
      assert.deepEqual(
        found.map((each) => [each['serial'], each['status']]),
        [[serial, 'good']],
        query,
      );
    }
    const none = await running.admin('GET', `${PATH}?name=other.deploy.svc`);
    assert.deepEqual(none.json()['certificates'], []);
  });

  test('goes to the job whose identity a rule names, for the time that it asks within the rule', async () => {
    const answer = await ask(await running.jobToken('acme/shop'), ['api.shop.svc'], {
      lifetimeSeconds: 600,
      profile: 'workload-tls',
      environment: 'base',
    });
    assert.equal(answer.status, 201, answer.text);
    const { notAfter } = answer.json();
    const left = Date.parse(String(notAfter)) - Date.now();
    assert.ok(left > 500_000 && left <= 600_000, `${left}`);
  });

  test('carries the names that were asked for, whatever the request says', async () => {
    const answer = await ask(deploy, ['somebody.else.example'], { names: ['a.deploy.svc'] });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(
      new X509Certificate(String(answer.json()['certificate'])).subjectAltName,
      'DNS:a.deploy.svc',
    );
  });

  test('is refused where no rule grants it, where it would take a proof, and without a token', async () => {
    refused(await ask(deploy, ['web.shop.svc']), 403, 'SY-ENROL-REJECTED');
    refused(await ask(await running.jobToken('acme/other'), ['api.shop.svc']), 403, 'SY-ENROL-REJECTED');
    refused(await ask(deploy, ['www.example.com']), 403, 'SY-ENROL-REJECTED');
    refused(await ask(await running.administrator(), ['web.deploy.svc']), 403, 'SY-ENROL-REJECTED');
    refused(await ask(deploy, ['web.deploy.svc'], { lifetimeSeconds: 86_400 }), 403, 'SY-ENROL-REJECTED');
    refused(await ask(deploy, ['web.deploy.svc'], { profile: 'no-such' }), 403, 'SY-ENROL-PROFILE');
    refused(await running.ask('POST', PATH, { body: { csr: 'x' } }), 401, 'SY-ADMIN-NO-TOKEN');
    refused(await ask(`sy_${'A'.repeat(43)}`, ['web.deploy.svc']), 401, 'SY-IDENTITY-CREDENTIAL');
  });

  test('is refused for what is no request', async () => {
    const post = (body: object) => running.ask('POST', PATH, { headers: bearer(deploy), body });
    refused(await post({}), 400, 'SY-ADMIN-MALFORMED');
    refused(await post({ csr: 'nonsense' }), 400, 'SY-ENROL-CSR');
    refused(await post({ csr: 5 }), 400, 'SY-ADMIN-MALFORMED');
    refused(await post({ csr: 'x', other: 1 }), 400, 'SY-ADMIN-MALFORMED');
    refused(await post({ csr: 'x', names: [5] }), 400, 'SY-ADMIN-MALFORMED');
    const csr = encodePem('CERTIFICATE REQUEST', await newCsr(['web.deploy.svc']));
    refused(await post({ csr, names: ['BÜCHER.deploy.svc'] }), 403, 'SY-ISSUE-NAME');
    refused(
      await post({ csr, names: Array.from({ length: 101 }, (_, i) => `w${i}.deploy.svc`) }),
      400,
      'SY-ADMIN-MALFORMED',
    );
  });

  test('is looked up by who may look: others learn nothing', async () => {
    refused(await running.ask('GET', PATH, { headers: bearer(deploy) }), 403, 'SY-ADMIN-ROLE');
    refused(await running.admin('GET', `${PATH}?serial=00ff`), 404, 'SY-ADMIN-NOT-FOUND');
    refused(await running.admin('GET', `${PATH}?limit=501`), 400, 'SY-ADMIN-MALFORMED');
    refused(await running.admin('GET', `${PATH}?colour=red`), 400, 'SY-ADMIN-MALFORMED');
  });
});

test('a renewal campaign is started, seen and ended', async () => {
  const campaigns = '/admin/v1/renewal-campaigns';
  const started = await running.admin('POST', campaigns, {
    authority: 'tls-1',
    explanationUrl: 'https://status.example/42',
  });
  assert.equal(started.status, 201, started.text);
  const id = String(started.json()['id']);
  const seen = (await running.admin('GET', campaigns)).json()['campaigns'] as readonly Record<
    string,
    unknown
  >[];
  assert.deepEqual(
    seen.map((each) => [each['id'], each['authority'], each['createdBy']]),
    [[id, 'tls-1', 'administrator']],
  );
  refused(
    await running.admin('POST', campaigns, { explanationUrl: 'javascript:alert(1)' }),
    400,
    'SY-ENROL-CAMPAIGN',
  );
  assert.equal((await running.admin('DELETE', `${campaigns}/${id}`)).status, 200);
  assert.deepEqual((await running.admin('GET', campaigns)).json()['campaigns'], []);
  refused(await running.admin('DELETE', `${campaigns}/none`), 404, 'SY-ENROL-NOT-FOUND');
});
