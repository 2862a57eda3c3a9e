// Finalize: one order, one certificate, whoever asks, however often, and whatever fails meanwhile.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EnrolError } from '../../src/enrol/problem.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { nameOf } from '../../src/issue/names.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { HOST, newAccountKey, newCsr, POLICY, Scene } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;

test('a policy that wants proofs by the time of finalize gets them, or no certificate', async (t) => {
  const scene = await Scene.open();
  t.after(() => scene.close());
  const account = await scene.boundAccount();
  const order = await scene.order(account, 'db.payments.svc');
  const stricter = POLICY.replace(
    'names: ["*.payments.svc"]',
    'names: ["*.payments.svc"]\n        proof: challenge',
  );
  scene.policy = loadPolicy(stricter, { publicUrl: `https://${HOST}`, development: false });
  const finalizing = scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc']));
  await assert.rejects(finalizing, code('SY-ENROL-REJECTED'));
  assert.equal(scene.certificates().length, 0);
  assert.equal((await scene.order(account, 'db.payments.svc')).status, 'pending');
});

describe('finalize', () => {
  test('fifty at once make one certificate, whichever replica they reach', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    const csrs = await Promise.all(Array.from({ length: 50 }, () => newCsr(['db.payments.svc'])));
    const orders = await Promise.all(
      csrs.map((csr, i) =>
        (i % 2 === 0 ? scene.enrolment : scene.second).orders.finalize(account, order.id, csr),
      ),
    );
    assert.deepEqual(new Set(orders.map(({ status }) => status)), new Set(['valid']));
    assert.equal(new Set(orders.map(({ serial }) => serial)).size, 1);
    assert.equal(scene.certificates().length, 1);
  });

  test('is answered with the certificate that is there, when the commit of the first failed after the fact', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    scene.fault = () => 'persisted';
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc'])),
      code('SY-STORE-UNAVAILABLE'),
    );
    scene.fault = () => 'none';
    const again = await scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc']));
    assert.equal(again.status, 'valid');
    assert.equal(scene.certificates().length, 1);
  });

  test('leaves the order ready when its commit is lost, and nothing is issued', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    scene.fault = () => 'lost';
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc'])),
      code('SY-STORE-UNAVAILABLE'),
    );
    scene.fault = () => 'none';
    assert.equal(scene.certificates().length, 0);
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'ready');
  });

  test('RFC 8555 §7.4: before ready it is refused, and the order goes on', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const order = await scene.order(account, 'www.example.com');
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['www.example.com'])),
      code('SY-ENROL-ORDER-NOT-READY'),
    );
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'pending');
  });

  for (const [what, names] of [
    ['a name more', ['db.payments.svc', 'www.payments.svc']],
    ['another name', ['www.payments.svc']],
    ['no name', []],
  ] as const)
    test(`a request with ${what} is refused, and the order stays ready`, async (t) => {
      const scene = await Scene.open();
      t.after(() => scene.close());
      const account = await scene.boundAccount();
      const order = await scene.order(account, 'db.payments.svc');
      await assert.rejects(
        scene.enrolment.orders.finalize(account, order.id, await newCsr(names)),
        code('SY-ENROL-CSR-NAMES'),
      );
      assert.equal(scene.enrolment.orders.get(account, order.id).status, 'ready');
    });

  test('a request that lacks one of the names is refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'a.payments.svc', 'b.payments.svc');
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['a.payments.svc'])),
      code('SY-ENROL-CSR-NAMES'),
    );
  });

  test('RFC 8555 §11.1: a request for the account’s own key is refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const key = newAccountKey();
    const { binding } = await scene.enrolment.bindings.create({
      identity: 'payments',
      actor: { kind: 'system' },
    });
    const account = await scene.account({ key, binding: binding.keyId });
    const order = await scene.order(account, 'db.payments.svc');
    const csr = await newCsr(['db.payments.svc'], key.privateKey);
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, csr),
      code('SY-ENROL-ACCOUNT-KEY'),
    );
  });

  test('a request that is not one, is cut short or has a broken signature is refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    const csr = await newCsr(['db.payments.svc']);
    const broken = csr.with(csr.length - 3, (csr.at(-3) ?? 0) ^ 1);
    for (const bad of [new Uint8Array(0), csr.subarray(0, 50), broken, new Uint8Array(70_000)])
      await assert.rejects(scene.enrolment.orders.finalize(account, order.id, bad), code('SY-ENROL-CSR'));
    assert.equal(scene.certificates().length, 0);
  });

  test('does not issue for an account that is deactivated while the request is judged', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const identifiers = [nameOf('www.example.com')];
    const made = await scene.enrolment.orders.create(account, { identifiers, profile: 'careful' });
    const order = await scene.prove(account, made);
    scene.validator.onCaa = async () => {
      await scene.second.accounts.deactivate(account.id);
    };
    const finalizing = scene.enrolment.orders.finalize(account, order.id, await newCsr(['www.example.com']));
    await assert.rejects(finalizing, code('SY-STORE-CONFLICT'));
    assert.equal(scene.certificates().length, 0);
  });

  test('RFC 8659: a zone that forbids ends the order; one that cannot be asked leaves it ready', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const made = await scene.enrolment.orders.create(account, {
      identifiers: [nameOf('www.example.com')],
      profile: 'careful',
    });
    const order = await scene.prove(account, made);
    const csr = await newCsr(['www.example.com']);
    scene.validator.caaAnswer = () => ({
      allowed: false,
      code: 'SY-CHALLENGE-CAA-UNKNOWN',
      detail: 'no answer',
      retry: true,
      evidence: {},
    });
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, csr),
      (error) =>
        error instanceof EnrolError && error.code === 'SY-ENROL-CAA' && error.retryAfterSeconds === 30,
    );
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'ready');
    scene.validator.caaAnswer = () => ({
      allowed: false,
      code: 'SY-CHALLENGE-CAA-FORBIDDEN',
      detail: 'others only',
      retry: false,
      evidence: {},
    });
    await assert.rejects(scene.enrolment.orders.finalize(account, order.id, csr), code('SY-ENROL-CAA'));
    assert.equal(scene.enrolment.orders.get(account, order.id).error?.code, 'SY-ENROL-CAA');
    assert.equal(scene.certificates().length, 0);
  });
});
