// Orders as they are made: proven or trusted, refused name by name, bounded.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EnrolError } from '../../src/enrol/problem.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { asEnvironmentName } from '../../src/ground/ids.ts';
import { nameOf } from '../../src/issue/names.ts';
import { newCsr, Scene } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;

describe('an order whose names are proven', () => {
  test('goes from pending to ready to valid, and its certificate has exactly its names', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const order = await scene.order(account, 'www.example.com', '192.0.2.7');
    assert.equal(order.status, 'pending');
    assert.deepEqual(
      order.authorizations.map(({ challenges }) => challenges.map(({ type }) => type).includes('dns-01')),
      [true, false],
      'RFC 8738 §7: no DNS challenge for addresses',
    );
    const ready = await scene.prove(account, order);
    assert.equal(ready.status, 'ready');
    assert.ok(
      ready.authorizations.every(
        ({ challenges }) => challenges.length === 1 && challenges[0]?.status === 'valid',
      ),
    );
    const valid = await scene.enrolment.orders.finalize(
      account,
      order.id,
      await newCsr(['192.0.2.7', 'www.example.com']),
    );
    assert.equal(valid.status, 'valid');
    const { leaf, chains } = scene.enrolment.orders.certificate(account, valid.serial ?? '');
    const names = parseCertificate(leaf).subjectAltNames ?? [];
    assert.deepEqual(names.map(({ type }) => type).sort(), ['dns', 'ip']);
    assert.equal(chains[0]?.length, 1, 'the issuer, without the root');
    const [told] = scene.events('certificate.issued');
    assert.equal(told?.['proof'], 'challenge');
    assert.match(JSON.stringify(told), /http-01.*192\.0\.2\.1/, 'with what proved it');
  });

  test('costs four commits: made, answered, validated, finalized', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const before = scene.changes.length;
    await scene.certified(account, 'www.example.com');
    assert.equal(scene.changes.length - before, 4);
  });

  test('with many names has all that are validated in one turn decided in one commit', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const names = Array.from({ length: 100 }, (_, i) => `w${i}.example.com`);
    const order = await scene.order(account, ...names);
    let release = () => {};
    const together = new Promise<void>((resolve) => (release = resolve));
    scene.validator.answer = async () => {
      await together;
      return { valid: true, evidence: {} };
    };
    for (const { id } of order.authorizations)
      await scene.enrolment.challenges.respond(account, id, 'http-01');
    const before = scene.changes.length;
    release();
    assert.equal((await scene.settled(account, order.id)).status, 'ready');
    assert.ok(scene.changes.length - before <= 3, `${scene.changes.length - before} commits`);
  });
});

describe('an order whose names the policy grants to a bound identity', () => {
  test('is ready at once, and the audit record says that nothing was proven', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    assert.equal(order.status, 'ready');
    assert.deepEqual(
      order.authorizations.map(({ proof, status, challenges }) => [proof, status, challenges.length]),
      [['policy', 'valid', 0]],
    );
    await scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc']));
    assert.equal(scene.events('certificate.issued')[0]?.['proof'], 'policy');
    assert.equal(scene.validator.targets.length, 0);
  });

  test('is refused once the binding is revoked, even when the order was made before', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    await scene.enrolment.bindings.revoke(account.binding?.keyId ?? '', { kind: 'system' });
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc'])),
      code('SY-ENROL-REJECTED'),
    );
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'invalid');
    assert.equal(scene.certificates().length, 0);
  });
});

describe('an order that is not granted', () => {
  test('names each name that is refused, and is on record', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    await assert.rejects(
      scene.order(account, 'www.example.com', 'www.example.net', 'a.payments.svc'),
      (error) => {
        assert.ok(error instanceof EnrolError);
        assert.equal(error.code, 'SY-ENROL-REJECTED');
        assert.deepEqual(
          error.subproblems.map(({ identifier }) => identifier?.value),
          ['www.example.net', 'a.payments.svc'],
        );
        return true;
      },
    );
    assert.equal(scene.events('order.refused').length, 1);
    assert.deepEqual(scene.enrolment.accounts.orders(account.id).ids, []);
  });

  test('for a profile that nobody knows is refused as such', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const request = { identifiers: [nameOf('www.example.com')], profile: 'no-such' };
    await assert.rejects(scene.enrolment.orders.create(account, request), code('SY-ENROL-PROFILE'));
  });

  test('for another environment than the binding’s is refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { binding } = await scene.enrolment.bindings.create({
      identity: 'payments',
      environment: 'outside',
      actor: { kind: 'system' },
    });
    const account = await scene.account({ binding: binding.keyId });
    const environment = asEnvironmentName('elsewhere');
    assert.ok(environment !== undefined);
    await assert.rejects(
      scene.enrolment.orders.create(account, { identifiers: [nameOf('db.payments.svc')], environment }),
      code('SY-ENROL-REJECTED'),
    );
    assert.equal((await scene.order(account, 'db.payments.svc')).environment, 'outside');
  });

  test('wildcards can be proven by DNS only, and cannot be authorized in advance', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const order = await scene.order(account, '*.example.com');
    const [authorization] = order.authorizations;
    assert.equal(authorization?.wildcard, true);
    assert.equal(authorization?.identifier.value, 'example.com');
    assert.deepEqual(
      authorization?.challenges.map(({ type }) => type).filter((type) => !type.startsWith('dns')),
      [],
    );
    await assert.rejects(
      scene.enrolment.authorizations.preauthorize(account, nameOf('*.example.com')),
      code('SY-ENROL-WILDCARD'),
    );
  });
});

describe('bounds', () => {
  test('an order of no names, and one of more than a hundred, are refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    await assert.rejects(scene.order(account), code('SY-ENROL-ORDER-WRONG'));
    const names = Array.from({ length: 101 }, (_, i) => `w${i}.example.com`);
    await assert.rejects(scene.order(account, ...names), code('SY-ENROL-TOO-MANY-NAMES'));
    assert.equal((await scene.order(account, 'www.example.com', 'www.example.com')).identifiers.length, 1);
  });

  test('an account may have so many orders under way and no more; one that ends makes room', async (t) => {
    const scene = await Scene.open({ config: { mostOpenOrders: 20 } });
    t.after(() => scene.close());
    const account = await scene.account();
    const orders = await Promise.all(
      Array.from({ length: 20 }, (_, i) => scene.order(account, `w${i}.example.com`)),
    );
    await assert.rejects(scene.order(account, 'one-more.example.com'), code('SY-ENROL-TOO-MANY-ORDERS'));
    await assert.rejects(
      scene.second.orders.create(account, { identifiers: [nameOf('x.example.com')] }),
      code('SY-ENROL-TOO-MANY-ORDERS'),
    );
    const other = await scene.account();
    assert.equal((await scene.order(other, 'www.example.com')).status, 'pending', 'others are not held up');
    await scene.enrolment.authorizations.deactivate(account, orders[0]?.authorizations[0]?.id ?? '');
    assert.equal((await scene.order(account, 'now.example.com')).status, 'pending');
    scene.clock.advance(8 * 86_400);
    assert.equal(
      (await scene.order(account, 'later.example.com')).status,
      'pending',
      'expired ones do not count',
    );
  });

  test('times that make no sense are refused', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const at = (seconds: number) => new Date(scene.clock.ms + seconds * 1000);
    for (const times of [
      { notAfter: at(-1) },
      { notBefore: at(7200), notAfter: at(3600) },
      { notBefore: at(-86_400) },
      { notBefore: at(30 * 86_400) },
      { notAfter: new Date(Number.NaN) },
    ])
      await assert.rejects(
        scene.enrolment.orders.create(account, { identifiers: [nameOf('db.payments.svc')], ...times }),
        code('SY-ENROL-ORDER-WRONG'),
      );
    await assert.rejects(
      scene.enrolment.orders.create(account, {
        identifiers: [nameOf('db.payments.svc')],
        notAfter: at(90 * 86_400),
      }),
      code('SY-ENROL-REJECTED'),
    );
  });

  test('notBefore and notAfter reach the certificate', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const notBefore = new Date(scene.clock.ms + 600_000);
    const notAfter = new Date(scene.clock.ms + 7_200_000);
    const order = await scene.enrolment.orders.create(account, {
      identifiers: [nameOf('db.payments.svc')],
      notBefore,
      notAfter,
    });
    const valid = await scene.enrolment.orders.finalize(account, order.id, await newCsr(['db.payments.svc']));
    const certificate = parseCertificate(
      scene.enrolment.orders.certificate(account, valid.serial ?? '').leaf,
    );
    assert.equal(certificate.notAfter.toISOString(), notAfter.toISOString());
    assert.equal(certificate.notBefore.toISOString(), notBefore.toISOString());
  });
});
