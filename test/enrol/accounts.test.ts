// Accounts and bindings: one key, one account; made, changed, ended, bound to an identity and let go.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ENROL_DEFAULTS } from '../../src/enrol/config.ts';
import { EnrolError } from '../../src/enrol/problem.ts';
import { ACCOUNTS } from '../../src/enrol/tables.ts';
import { toBase64Url } from '../../src/ground/bytes.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { newAccountKey, newCsr, OPERATOR, Scene } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;
const request = ({ jwk, thumbprint }: ReturnType<typeof newAccountKey>) => ({
  jwk,
  thumbprint,
  contacts: [],
  termsAgreed: true,
});

describe('a new account', () => {
  test('fifty at once with one key, at two replicas, make one account', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const key = newAccountKey();
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        (i % 2 === 0 ? scene.enrolment : scene.second).accounts.create(request(key)),
      ),
    );
    assert.equal(new Set(made.map(({ account }) => account.id)).size, 1);
    assert.equal(made.filter(({ created }) => created).length, 1);
    assert.equal(scene.store.records.count(ACCOUNTS), 1);
  });

  test('that was made although the store failed is found at the next try', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const key = newAccountKey();
    scene.fault = () => 'persisted';
    await assert.rejects(scene.enrolment.accounts.create(request(key)), code('SY-STORE-UNAVAILABLE'));
    scene.fault = () => 'none';
    assert.equal((await scene.enrolment.accounts.create(request(key))).created, false);
  });

  for (const [contact, wanted] of [
    ['tel:+123', 'SY-ENROL-CONTACT-SCHEME'],
    ['mailto:a@example.com,b@example.com', 'SY-ENROL-CONTACT'],
    ['mailto:a@example.com?subject=x', 'SY-ENROL-CONTACT'],
    ['mailto:a@example.com\r\nBcc: b@example.com', 'SY-ENROL-CONTACT'],
    [`mailto:${'a'.repeat(300)}@example.com`, 'SY-ENROL-CONTACT'],
    ['mailto:', 'SY-ENROL-CONTACT'],
    ['', 'SY-ENROL-CONTACT-SCHEME'],
  ] as const)
    test(`with the contact ${JSON.stringify(contact.slice(0, 40))} is refused`, async (t) => {
      const scene = await Scene.open();
      t.after(() => scene.close());
      await assert.rejects(
        scene.enrolment.accounts.create({ ...request(newAccountKey()), contacts: [contact] }),
        code(wanted),
      );
      const account = await scene.account();
      await assert.rejects(
        async () => scene.enrolment.accounts.update(account.id, { contacts: [contact] }),
        code(wanted),
      );
    });

  test('needs binding and terms where the yard says so', async (t) => {
    const scene = await Scene.open({ config: { bindingRequired: true, termsRequired: true } });
    t.after(() => scene.close());
    await assert.rejects(
      scene.enrolment.accounts.create(request(newAccountKey())),
      code('SY-ENROL-BINDING-REQUIRED'),
    );
    await assert.rejects(
      scene.enrolment.accounts.create({ ...request(newAccountKey()), termsAgreed: false }),
      code('SY-ENROL-TERMS'),
    );
    assert.equal((await scene.boundAccount()).binding?.identity, 'payments');
  });

  test('from an address that makes too many is refused with the seconds to wait', async (t) => {
    const limits = { ...ENROL_DEFAULTS.limits, accountsByAddress: { burst: 2, perSecond: 0.1 } };
    const scene = await Scene.open({ config: { limits } });
    t.after(() => scene.close());
    const from = (address: string) => scene.account({ together: { address } });
    await from('192.0.2.1');
    await from('192.0.2.1');
    const refusal = await from('192.0.2.1').catch((error: unknown) => error);
    assert.ok(refusal instanceof EnrolError && refusal.code === 'SY-ENROL-RATE-LIMITED');
    assert.equal(refusal.retryAfterSeconds, 10);
    await from('192.0.2.2');
    scene.clock.advance(10);
    await from('192.0.2.1');
  });
});

describe('an account', () => {
  test('keeps what is changed, and what was agreed to stays agreed to', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    await scene.enrolment.accounts.update(account.id, { contacts: ['mailto:ops@example.com'] });
    await scene.enrolment.accounts.update(account.id, { termsAgreed: false });
    await scene.restart();
    const found = scene.enrolment.accounts.findByKey(account.keyThumbprint);
    assert.deepEqual([found?.contacts, found?.termsAgreed], [['mailto:ops@example.com'], true]);
  });

  test('changes its key: the new one finds it, the old one no longer does, and orders go on', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.boundAccount();
    const order = await scene.order(account, 'db.payments.svc');
    const { jwk, thumbprint, privateKey } = newAccountKey();
    const key = { jwk, thumbprint, oldThumbprint: account.keyThumbprint };
    const changed = await scene.enrolment.accounts.changeKey(account.id, key);
    assert.equal(scene.enrolment.accounts.findByKey(thumbprint)?.id, account.id);
    assert.equal(scene.enrolment.accounts.findByKey(account.keyThumbprint), undefined);
    await assert.rejects(
      scene.enrolment.accounts.changeKey(account.id, {
        ...newAccountKey(),
        oldThumbprint: account.keyThumbprint,
      }),
      code('SY-ENROL-KEY-CHANGED'),
    );
    await assert.rejects(
      scene.enrolment.orders.finalize(changed, order.id, await newCsr(['db.payments.svc'], privateKey)),
      code('SY-ENROL-ACCOUNT-KEY'),
    );
    assert.equal(
      (await scene.enrolment.orders.finalize(changed, order.id, await newCsr(['db.payments.svc']))).status,
      'valid',
    );
  });

  test('RFC 8555 §7.3.5: cannot take a key that another has, and is told whose it is; not even when both ask at once', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const [a, b] = [await scene.account(), await scene.account()];
    const taken = { jwk: b.jwk, thumbprint: b.keyThumbprint, oldThumbprint: a.keyThumbprint };
    await assert.rejects(
      scene.enrolment.accounts.changeKey(a.id, taken),
      (error) =>
        error instanceof EnrolError && error.code === 'SY-ENROL-KEY-IN-USE' && error.accountId === b.id,
    );
    const { jwk, thumbprint } = newAccountKey();
    const results = await Promise.allSettled([
      scene.enrolment.accounts.changeKey(a.id, { jwk, thumbprint, oldThumbprint: a.keyThumbprint }),
      scene.second.accounts.changeKey(b.id, { jwk, thumbprint, oldThumbprint: b.keyThumbprint }),
    ]);
    const [refused] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    assert.ok(refused instanceof EnrolError && refused.code === 'SY-ENROL-KEY-IN-USE');
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test('that is deactivated orders nothing, finalizes nothing, and its key makes no new one', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const key = newAccountKey();
    const { binding } = await scene.enrolment.bindings.create({ identity: 'payments', actor: OPERATOR });
    const account = await scene.account({ key, binding: binding.keyId });
    const order = await scene.order(account, 'db.payments.svc');
    assert.equal((await scene.enrolment.accounts.deactivate(account.id)).status, 'deactivated');
    const csr = await newCsr(['db.payments.svc']);
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, csr),
      code('SY-ENROL-DEACTIVATED'),
    );
    await assert.rejects(scene.order(account, 'db.payments.svc'), code('SY-ENROL-DEACTIVATED'));
    await assert.rejects(scene.enrolment.accounts.update(account.id, {}), code('SY-ENROL-DEACTIVATED'));
    const again = await scene.enrolment.accounts.create(request(key));
    assert.deepEqual([again.created, again.account.status], [false, 'deactivated']);
  });

  test('are listed in pages', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const made = await Promise.all(Array.from({ length: 7 }, () => scene.account()));
    const first = scene.enrolment.accounts.list({ limit: 4 });
    const second = scene.enrolment.accounts.list({
      limit: 4,
      ...(first.next === undefined ? {} : { after: first.next }),
    });
    assert.deepEqual([first.items.length, second.items.length, second.next], [4, 3, undefined]);
    assert.equal(new Set([...first.items, ...second.items].map(({ id }) => id)).size, made.length);
  });
});

describe('an external account binding', () => {
  test('gives its key once, keeps it sealed, and makes as many accounts as it says', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { binding, hmacKey } = await scene.enrolment.bindings.create({
      identity: 'payments',
      uses: 3,
      note: 'for the runners',
      actor: OPERATOR,
    });
    assert.equal(hmacKey.length, 32);
    assert.deepEqual(scene.enrolment.bindings.key(binding.keyId), hmacKey);
    const written = JSON.stringify(
      scene.changes.flatMap(({ puts }) =>
        puts.map(({ row }) =>
          Object.values(row).map((cell) =>
            cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : cell,
          ),
        ),
      ),
    );
    assert.ok(!written.includes(Buffer.from(hmacKey).toString('hex')), 'no row holds the key itself');
    const made = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? scene.enrolment : scene.second).accounts.create({
          ...request(newAccountKey()),
          binding,
        }),
      ),
    );
    assert.equal(made.filter(({ status }) => status === 'fulfilled').length, 3);
    for (const result of made)
      if (result.status === 'rejected') assert.ok(code('SY-ENROL-BINDING-UNUSABLE')(result.reason));
    assert.deepEqual(
      scene.enrolment.bindings
        .list({ limit: 10 })
        .items.map(({ state, used, note, createdBy }) => [state, used, note, createdBy]),
      [['used-up', 3, 'for the runners', 'olga']],
    );
    assert.equal(scene.enrolment.bindings.key(binding.keyId), undefined);
  });

  test('of the same key used twice counts once', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { binding } = await scene.enrolment.bindings.create({
      identity: 'payments',
      uses: 1,
      actor: OPERATOR,
    });
    const key = newAccountKey();
    const made = await Promise.all(
      Array.from({ length: 20 }, () => scene.account({ key, binding: binding.keyId })),
    );
    assert.equal(new Set(made.map(({ id }) => id)).size, 1);
  });

  test('ends with its time and with its revocation, and says no more than that it cannot be used', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const expiresAt = new Date(scene.clock.ms + 1000);
    const { binding: timed } = await scene.enrolment.bindings.create({
      identity: 'payments',
      expiresAt,
      actor: OPERATOR,
    });
    const { binding: revoked } = await scene.enrolment.bindings.create({
      identity: 'payments',
      actor: OPERATOR,
    });
    await scene.enrolment.bindings.revoke(revoked.keyId, OPERATOR);
    assert.equal((await scene.enrolment.bindings.revoke(revoked.keyId, OPERATOR)).state, 'revoked');
    scene.clock.advance(1);
    const words = new Set<string>();
    for (const keyId of [timed.keyId, revoked.keyId, 'unknown', '', 'x'.repeat(5000), '../../']) {
      assert.equal(scene.enrolment.bindings.key(keyId), undefined);
      await scene.account({ binding: keyId }).catch((error: unknown) => words.add(String(error)));
    }
    assert.equal(words.size, 1);
    await assert.rejects(scene.enrolment.bindings.revoke('unknown', OPERATOR), code('SY-ENROL-NOT-FOUND'));
  });

  test('is for an identity and an environment of the policy, with bounds that make sense', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const past = new Date(scene.clock.ms);
    for (const wrong of [
      { identity: 'nobody' },
      { identity: '' },
      { identity: 'payments', environment: 'nowhere' },
      { identity: 'payments', uses: 0 },
      { identity: 'payments', uses: 1.5 },
      { identity: 'payments', expiresAt: past },
      { identity: 'payments', expiresAt: new Date(Number.NaN) },
      { identity: 'payments', note: 'x'.repeat(201) },
      { identity: 'payments', note: 'two\nlines' },
    ])
      await assert.rejects(
        scene.enrolment.bindings.create({ ...wrong, actor: OPERATOR }),
        code('SY-ENROL-BINDING-WRONG'),
      );
  });

  test('serves as user name and password, counted where it is limited, with one word for every failure', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { bindings } = scene.enrolment;
    const { binding, hmacKey } = await bindings.create({ identity: 'payments', uses: 1, actor: OPERATOR });
    const login = bindings.login(binding.keyId, toBase64Url(hmacKey));
    assert.equal(login.binding.identity, 'payments');
    const { puts = [], preconditions = [] } = login.use;
    await scene.store.commit({ puts, preconditions, events: [] });
    for (const [user, password] of [
      [binding.keyId, toBase64Url(hmacKey)],
      [binding.keyId, 'A'.repeat(43)],
      [binding.keyId, ''],
      ['unknown', toBase64Url(hmacKey)],
      [binding.keyId, 'x'.repeat(100_000)],
    ] as const)
      assert.throws(() => bindings.login(user, password), code('SY-ENROL-BINDING-UNUSABLE'));
  });
});
