// Renewal windows, replacements, and who may revoke what.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { certificateIdOf, parseCertificateId } from '../../src/enrol/certificate-id.ts';
import type { Account, Order } from '../../src/enrol/enrolment.ts';
import { usualWindow } from '../../src/enrol/renewal.ts';
import { type Certificate, parseCertificate } from '../../src/formats/x509/certificate.ts';
import { fromBase64Url } from '../../src/ground/bytes.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { asSerial } from '../../src/ground/ids.ts';
import { nameOf } from '../../src/issue/names.ts';
import { newCsr, OPERATOR, Scene, until } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;

function certificateOf(
  scene: Scene,
  account: Account,
  order: Order,
): { certificate: Certificate; id: string } {
  const certificate = parseCertificate(scene.enrolment.orders.certificate(account, order.serial ?? '').leaf);
  const id = certificateIdOf(certificate.authorityKeyId, certificate.serial);
  assert.ok(id !== undefined);
  return { certificate, id };
}

describe('the identifier of RFC 9773 §4.1', () => {
  test('is read as in the example of the RFC, the leading zero of the serial included', () => {
    const { keyId, serial } = parseCertificateId('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
    assert.equal(Buffer.from(keyId).toString('hex'), '69885b6b87464041e1b37b847ba0ae2cde01c8d4');
    assert.ok(String(serial) === '87654321');
    assert.equal(certificateIdOf(keyId, serial), 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE');
  });

  for (const wrong of [
    '',
    '.',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.',
    '.AIdlQyE',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE.x',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ=.AIdlQyE',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.h2VDIQ',
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AAEC',
    'ä.ö',
    'A'.repeat(1000),
  ])
    test(`${JSON.stringify(wrong.slice(0, 40))} is none`, () => {
      assert.throws(() => parseCertificateId(wrong), code('SY-ENROL-CERTIFICATE-ID'));
    });
});

describe('a renewal window', () => {
  test('lies in the last third of the life, is the same at every look, and differs between certificates', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.certified(account, 'db.payments.svc');
    const { certificate, id } = certificateOf(scene, account, order);
    const window = scene.enrolment.renewal.window(id);
    const at = (date: Date) =>
      (date.getTime() - certificate.notBefore.getTime()) /
      (certificate.notAfter.getTime() - certificate.notBefore.getTime());
    assert.ok(at(window.start) >= 0.66 && at(window.end) <= 11 / 12 + 0.001 && window.start < window.end);
    scene.clock.advance(100);
    assert.deepEqual(scene.enrolment.renewal.window(id), window);
    assert.equal(window.retryAfterSeconds, 6 * 3600);
    const starts = Array.from({ length: 300 }, (_, i) => {
      const serial = asSerial(`0bb8${i.toString(16).padStart(32, '0')}`);
      assert.ok(serial !== undefined);
      return at(usualWindow({ certificate, serial }).start);
    });
    const thirds = [0, 1, 2].map(
      (third) =>
        starts.filter((start) => Math.floor(((start - 2 / 3) / (1 / 6)) * 3 + 1e-9) === third).length,
    );
    assert.ok(
      thirds.every((count) => count > 60),
      `spread evenly: ${thirds}`,
    );
  });

  test('is past once the certificate is revoked', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.certified(account, 'db.payments.svc');
    const { id } = certificateOf(scene, account, order);
    scene.revoked.add(order.serial ?? '');
    const { start, end } = scene.enrolment.renewal.window(id);
    assert.ok(start < end && end <= scene.clock.now());
  });

  test('is past while a campaign concerns the certificate, with the reason, and only that certificate', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const before = certificateOf(scene, account, await scene.certified(account, 'db.payments.svc'));
    scene.clock.advance(60);
    const { renewal } = scene.enrolment;
    const campaign = await renewal.startCampaign({
      issuedBefore: scene.clock.now(),
      profile: 'workload-tls',
      explanationUrl: 'https://status.example/42',
      actor: OPERATOR,
    });
    await renewal.startCampaign({ issuedBefore: scene.clock.now(), authority: 'tls-9', actor: OPERATOR });
    scene.clock.advance(60);
    const later = certificateOf(scene, account, await scene.certified(account, 'db.payments.svc'));
    assert.ok(renewal.window(before.id).end <= scene.clock.now());
    assert.equal(renewal.window(before.id).explanationUrl, 'https://status.example/42');
    assert.ok(renewal.window(later.id).start > scene.clock.now());
    await renewal.endCampaign(campaign.id, OPERATOR);
    assert.ok(renewal.window(before.id).start > scene.clock.now());
  });

  test('of a certificate that is not ours, or named with a foreign authority, is not found', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const { certificate } = certificateOf(scene, account, await scene.certified(account, 'db.payments.svc'));
    const foreign = certificateIdOf(fromBase64Url('aYhba4dGQEHhs3uEe6CuLN4ByNQ'), certificate.serial) ?? '';
    const unknown = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE';
    for (const id of [foreign, unknown])
      assert.throws(() => scene.enrolment.renewal.window(id), code('SY-ENROL-NOT-FOUND'));
  });
});

describe('replaces (RFC 9773 §5)', () => {
  const replacing = (scene: Scene, account: Account, replaces: string, ...names: string[]) =>
    scene.enrolment.orders.create(account, { identifiers: names.map(nameOf), replaces });

  test('is accepted once, whichever replica is asked, and again when the first order came to nothing', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const { id } = certificateOf(scene, account, await scene.certified(account, 'db.payments.svc'));
    const request = { identifiers: [nameOf('db.payments.svc')], replaces: id };
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? scene.enrolment : scene.second).orders.create(account, request),
      ),
    );
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    assert.equal(made.length, 1);
    for (const result of results)
      if (result.status === 'rejected')
        assert.ok(code('SY-ENROL-ALREADY-REPLACED')(result.reason), String(result.reason));
    assert.equal(made[0]?.replaces, id);
    await scene.enrolment.authorizations.deactivate(account, made[0]?.authorizations[0]?.id ?? '');
    const again = await replacing(scene, account, id, 'db.payments.svc');
    await scene.enrolment.orders.finalize(account, again.id, await newCsr(['db.payments.svc']));
    await assert.rejects(replacing(scene, account, id, 'db.payments.svc'), code('SY-ENROL-ALREADY-REPLACED'));
  });

  test('is refused for another account’s certificate, an unknown one, and one without a common name, in the same words for the first two', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const owner = await scene.boundAccount();
    const other = await scene.boundAccount();
    const { id } = certificateOf(scene, owner, await scene.certified(owner, 'db.payments.svc'));
    const words = await Promise.all(
      [id, 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'].map((each) =>
        replacing(scene, other, each, 'db.payments.svc').catch(String),
      ),
    );
    assert.equal(words[0], words[1]);
    assert.match(String(words[0]), /cannot be made as asked/);
    await assert.rejects(replacing(scene, owner, id, 'www.payments.svc'), code('SY-ENROL-ORDER-WRONG'));
    await assert.rejects(
      replacing(scene, owner, 'nonsense', 'db.payments.svc'),
      code('SY-ENROL-CERTIFICATE-ID'),
    );
  });
});

describe('who may revoke (RFC 8555 §7.6)', () => {
  test('the account that ordered it, the holder of its key, and whoever is authorized for all of its names', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { revocation } = scene.enrolment;
    const owner = await scene.account();
    const order = await scene.certified(owner, 'a.example.com', 'b.example.com');
    const { certificate } = certificateOf(scene, owner, order);
    const request = { certificateDer: certificate.der };
    assert.deepEqual(revocation.authorize({ ...request, by: { account: owner } }), {
      serial: order.serial,
      actor: { kind: 'identity', id: owner.id, issuer: 'acme' },
    });
    assert.equal(revocation.authorize({ ...request, by: { spki: certificate.spki } }).serial, order.serial);
    const other = await scene.account();
    const refused = () =>
      assert.throws(
        () => revocation.authorize({ ...request, by: { account: other } }),
        code('SY-ENROL-UNAUTHORIZED'),
      );
    refused();
    await scene.prove(other, await scene.order(other, 'a.example.com'));
    refused();
    const advance = await scene.enrolment.authorizations.preauthorize(other, nameOf('b.example.com'));
    refused();
    await scene.enrolment.challenges.respond(other, advance.id, 'http-01');
    await until(() =>
      scene.enrolment.authorizations.get(other, advance.id).status === 'valid' ? true : undefined,
    );
    assert.equal(revocation.authorize({ ...request, by: { account: other } }).serial, order.serial);
    scene.clock.advance(40 * 86_400);
    refused();
  });

  test('whom the policy grants the names without a proof', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const owner = await scene.boundAccount();
    const colleague = await scene.boundAccount();
    const { certificate } = certificateOf(scene, owner, await scene.certified(owner, 'db.payments.svc'));
    const request = { certificateDer: certificate.der, by: { account: colleague } };
    assert.equal(scene.enrolment.revocation.authorize(request).serial, certificate.serial);
    await scene.enrolment.bindings.revoke(colleague.binding?.keyId ?? '', OPERATOR);
    assert.throws(() => scene.enrolment.revocation.authorize(request), code('SY-ENROL-UNAUTHORIZED'));
  });

  test('nobody, for what is no certificate of ours', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const owner = await scene.boundAccount();
    const { certificate } = certificateOf(scene, owner, await scene.certified(owner, 'db.payments.svc'));
    const changed = certificate.der.with(certificate.der.length - 1, (certificate.der.at(-1) ?? 0) ^ 1);
    for (const certificateDer of [changed, new Uint8Array(0), certificate.der.subarray(0, 100)])
      assert.throws(
        () => scene.enrolment.revocation.authorize({ certificateDer, by: { account: owner } }),
        code('SY-ENROL-NOT-FOUND'),
      );
  });
});
