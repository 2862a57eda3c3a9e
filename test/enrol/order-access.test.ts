// Orders as they are found again: by their account alone, in pages, after they ended; and what a door puts beside them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as tables from '../../src/enrol/tables.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { nameOf } from '../../src/issue/names.ts';
import { newCsr, Scene, until } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;

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
