// Orders from beginning to end: proven or trusted, finalized once, seen by their account alone.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EnrolError } from '../../src/enrol/problem.ts';
import * as tables from '../../src/enrol/tables.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { asEnvironmentName } from '../../src/ground/ids.ts';
import { nameOf } from '../../src/issue/names.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { HOST, newAccountKey, newCsr, POLICY, Scene, until } from './scene.ts';

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

describe('another account', () => {
  test('finds nothing of what is not its own, in the words for what does not exist', async (t) => {
    const scene = await Scene.open({ config: { archive: { most: 1, afterMs: 1 } } });
    t.after(() => scene.close());
    const owner = await scene.account();
    const thief = await scene.account();
    const { enrolment } = scene;
    const valid = await scene.certified(owner, 'www.example.com');
    await until(() => (scene.store.records.count(tables.ORDERS) === 1 ? true : undefined));
    const pending = await scene.order(owner, 'api.example.com');
    const advance = await enrolment.authorizations.preauthorize(owner, nameOf('mail.example.com'));
    const own = (id: string) => id.replace(/^[0-9a-f]{40}/, '0'.repeat(40));
    const authorization = pending.authorizations[0]?.id ?? '';
    const csr = await newCsr(['api.example.com']);
    const tries: ((id: (text: string) => string) => unknown)[] = [
      (id) => enrolment.orders.get(thief, id(valid.id)),
      (id) => enrolment.orders.get(thief, id(pending.id)),
      (id) => enrolment.orders.finalize(thief, id(valid.id), csr),
      (id) => enrolment.orders.finalize(thief, id(pending.id), csr),
      (id) => enrolment.orders.certificate(thief, id === own ? '0011' : (valid.serial ?? '')),
      (id) => enrolment.authorizations.get(thief, id(authorization)),
      (id) => enrolment.authorizations.get(thief, id(advance.id)),
      (id) => enrolment.authorizations.deactivate(thief, id(authorization)),
      (id) => enrolment.authorizations.deactivate(thief, id(advance.id)),
      (id) => enrolment.challenges.get(thief, id(authorization), 'http-01'),
      (id) => enrolment.challenges.respond(thief, id(authorization), 'http-01'),
      (id) => enrolment.challenges.respond(thief, id(advance.id), 'http-01'),
    ];
    const told = async (run: () => unknown) => {
      try {
        await run();
      } catch (error) {
        if (isSealyardError(error)) return `${error.code} ${error.message}`;
        throw error;
      }
      return 'let in';
    };
    for (const attempt of tries) {
      const foreign = await told(() => attempt((id) => id));
      assert.match(foreign, /^SY-ENROL-NOT-FOUND/);
      assert.equal(foreign, await told(() => attempt(own)), 'nothing tells whether it exists');
    }
    assert.equal(scene.validator.targets.length, 1, 'nothing was validated for the thief');
    assert.equal(enrolment.orders.get(owner, pending.id).status, 'pending');
  });
});

describe('the list of orders', () => {
  test('RFC 8555 §7.1.2.1: those under way and those with certificates, in pages, without the invalid', async (t) => {
    const scene = await Scene.open({ config: { archive: { most: 30, afterMs: 20 } } });
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const made: string[] = [];
    for (let i = 0; i < 230; i++) {
      scene.clock.advance(1);
      const order = await scene.order(account, `w${i}.payments.svc`);
      if (i % 3 === 0) {
        const [authorization] = order.authorizations;
        await scene.enrolment.authorizations.deactivate(account, authorization?.id ?? '');
        continue;
      }
      if (i % 23 === 1)
        await scene.enrolment.orders.finalize(account, order.id, await newCsr([`w${i}.payments.svc`]));
      made.push(order.id);
    }
    const seen: string[] = [];
    let pages = 0;
    let cursor: string | undefined;
    do {
      const page = scene.enrolment.accounts.orders(account.id, cursor);
      seen.push(...page.ids);
      cursor = page.next;
      pages++;
    } while (cursor !== undefined);
    assert.deepEqual(seen, made);
    assert.equal(pages, 2);
    assert.throws(() => scene.enrolment.accounts.orders(account.id, '../../x'), code('SY-ENROL-NOT-FOUND'));
  });

  test('a finished order is found in the same place before and after it has moved', async (t) => {
    const scene = await Scene.open({ config: { archive: { most: 1, afterMs: 1 } } });
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.certified(account, 'db.payments.svc');
    await until(() => (scene.store.records.count(tables.OPEN_ORDERS) === 0 ? true : undefined));
    assert.deepEqual(scene.enrolment.orders.get(account, order.id), order);
    const gone = await scene.enrolment.authorizations.deactivate(account, order.authorizations[0]?.id ?? '');
    assert.equal(gone.status, 'deactivated');
    assert.equal(
      scene.enrolment.orders.get(account, order.id).status,
      'valid',
      'what was issued stays issued',
    );
  });

  test('an order that nobody finished expires, says so, and leaves the table', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const order = await scene.order(account, 'www.example.com');
    scene.clock.advance(8 * 86_400);
    const expired = scene.enrolment.orders.get(account, order.id);
    assert.deepEqual(
      [expired.status, expired.error?.code, expired.authorizations[0]?.status],
      ['invalid', 'SY-ENROL-EXPIRED', 'expired'],
    );
    await scene.restart();
    await until(() => (scene.store.records.count(tables.OPEN_ORDERS) === 0 ? true : undefined));
    assert.equal(scene.enrolment.orders.get(account, order.id).error?.code, 'SY-ENROL-EXPIRED');
    await assert.rejects(
      scene.enrolment.challenges.respond(account, `${order.id}.0`, 'http-01'),
      code('SY-ENROL-EXPIRED'),
    );
  });
});

test('what a door puts beside a request is committed with it, and a used nonce refuses it whole', async (t) => {
  const scene = await Scene.open();
  t.after(() => scene.close());
  const account = await scene.boundAccount();
  const nonce = {
    puts: [
      { table: tables.REPLACEMENTS, mode: 'insert', row: { serial: 'nonce', account: '', order_id: '' } },
    ],
  } as const;
  await scene.enrolment.orders.create(account, { identifiers: [nameOf('a.payments.svc')] }, nonce);
  await assert.rejects(
    scene.enrolment.orders.create(account, { identifiers: [nameOf('b.payments.svc')] }, nonce),
    code('SY-STORE-CONFLICT'),
  );
  const order = await scene.order(account, 'c.payments.svc');
  await assert.rejects(
    scene.enrolment.orders.finalize(account, order.id, await newCsr(['c.payments.svc']), nonce),
    code('SY-STORE-CONFLICT'),
  );
  assert.equal(scene.certificates().length, 0);
  assert.equal(scene.enrolment.accounts.orders(account.id).ids.length, 2);
});
