// Answers to challenges: durable before they are answered, tried again with pauses, taken up after a kill.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Account, Order } from '../../src/enrol/enrolment.ts';
import { EnrolError } from '../../src/enrol/problem.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { nameOf } from '../../src/issue/names.ts';
import { FAILS, newCsr, OPERATOR, Scene, until } from './scene.ts';

const code = (wanted: string) => (error: unknown) => isSealyardError(error) && error.code === wanted;
const VALID = { valid: true, evidence: {} } as const;

function firstOf(order: Order): string {
  return order.authorizations[0]?.id ?? '';
}

async function pending(scene: Scene): Promise<{ account: Account; order: Order; id: string }> {
  const account = await scene.account();
  const order = await scene.order(account, 'www.example.com');
  return { account, order, id: firstOf(order) };
}

describe('an answer to a challenge', () => {
  test('is on record as processing when it is acknowledged, and proves what RFC 8555 §8.1 says', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    const { challenge } = await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal(challenge.status, 'processing');
    assert.equal(challenge.retryAfterSeconds, 1);
    await scene.settled(account, order.id);
    const [target] = scene.validator.targets;
    assert.equal(target?.keyAuthorization, `${challenge.token}.${account.keyThumbprint}`);
    assert.equal(target?.accountUri, `https://yard.example/acme/account/${account.id}`);
    assert.match(challenge.token, /^[A-Za-z0-9_-]{22,}$/);
  });

  test('given twice, or fifty times at once, is validated once', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    await Promise.all(
      Array.from({ length: 50 }, () => scene.enrolment.challenges.respond(account, id, 'http-01')),
    );
    await scene.settled(account, order.id);
    const { challenge } = await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal(challenge.status, 'valid');
    assert.equal(scene.validator.targets.length, 1);
  });

  test('to a challenge that the authorization has not is not found', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { account, id, order } = await pending(scene);
    for (const [authorization, challenge] of [
      [id, 'http-02'],
      [id, ''],
      [`${order.id}.1`, 'http-01'],
      [`${order.id}.-1`, 'http-01'],
      [order.id, 'http-01'],
      ['x'.repeat(10_000), 'http-01'],
    ] as const)
      await assert.rejects(
        scene.enrolment.challenges.respond(account, authorization, challenge),
        code('SY-ENROL-NOT-FOUND'),
      );
  });

  test('survives a kill between the answer and the validation', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    scene.validator.answer = (_target, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const { account, order, id } = await pending(scene);
    const advance = await scene.enrolment.authorizations.preauthorize(account, nameOf('mail.example.com'));
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    await scene.enrolment.challenges.respond(account, advance.id, 'dns-01');
    scene.validator.answer = () => VALID;
    assert.equal(await scene.restart(), 2);
    assert.equal((await scene.settled(account, order.id)).status, 'ready');
    await until(() =>
      scene.enrolment.authorizations.get(account, advance.id).status === 'valid' ? true : undefined,
    );
    assert.equal(await scene.restart(), 0, 'nothing is left to take up');
  });

  test('that the store did not take is not acknowledged and not validated', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { account, id } = await pending(scene);
    scene.fault = () => 'lost';
    await assert.rejects(
      scene.enrolment.challenges.respond(account, id, 'http-01'),
      code('SY-STORE-UNAVAILABLE'),
    );
    scene.fault = () => 'none';
    assert.equal(scene.enrolment.challenges.get(account, id, 'http-01').status, 'pending');
    assert.equal(scene.validator.targets.length, 0);
  });

  for (const fault of ['lost', 'persisted'] as const)
    test(`has its result recorded although the store failed once (${fault})`, async (t) => {
      const scene = await Scene.open();
      t.after(() => scene.close());
      const { account, order, id } = await pending(scene);
      scene.validator.answer = () => {
        let left = 1;
        scene.fault = () => (left-- > 0 ? fault : 'none');
        return VALID;
      };
      await scene.enrolment.challenges.respond(account, id, 'http-01');
      assert.equal((await scene.settled(account, order.id)).status, 'ready');
      assert.equal(scene.validator.targets.length, 1);
      assert.equal(scene.errors.length, 1, 'the operator is told');
    });
});

describe('a validation that fails', () => {
  test('for good ends the order with the reason, name by name, and is on record', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    scene.validator.answer = ({ identifier }) => (identifier.value === 'a.example.com' ? VALID : FAILS);
    const order = await scene.prove(account, await scene.order(account, 'a.example.com', 'b.example.com'));
    assert.equal(order.status, 'invalid');
    assert.equal(order.error?.code, 'SY-CHALLENGE-MISMATCH');
    assert.equal(order.error?.identifier?.value, 'b.example.com');
    assert.deepEqual(order.authorizations.map(({ status }) => status).sort(), ['invalid', 'valid']);
    assert.equal(scene.events('order.failed').length, 1);
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['a.example.com', 'b.example.com'])),
      code('SY-ENROL-ORDER-NOT-READY'),
    );
  });

  test('for now is tried again with pauses, and says meanwhile what went wrong (RFC 8555 §8.2)', async (t) => {
    const scene = await Scene.open({ config: { attemptDelaysMs: [0, 10, 10] } });
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    const seen: (string | undefined)[] = [];
    scene.validator.answer = () => {
      const { error, attempts } = scene.enrolment.challenges.get(account, id, 'http-01');
      seen.push(`${attempts} ${error?.code}`);
      return seen.length < 3 ? { ...FAILS, retry: true } : VALID;
    };
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal((await scene.settled(account, order.id)).status, 'ready');
    assert.deepEqual(seen, ['0 undefined', '1 SY-CHALLENGE-MISMATCH', '2 SY-CHALLENGE-MISMATCH']);
  });

  test('for now too often ends the order', async (t) => {
    const scene = await Scene.open({ config: { attemptDelaysMs: [0, 1] } });
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    scene.validator.answer = () => ({ ...FAILS, retry: true });
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal((await scene.settled(account, order.id)).status, 'invalid');
    assert.equal(scene.validator.targets.length, 2);
  });

  test('and waits for its next attempt is tried at once when the client asks', async (t) => {
    const scene = await Scene.open({ config: { attemptDelaysMs: [0, 60_000] } });
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    scene.validator.answer = () => ({ ...FAILS, retry: true });
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    await until(() =>
      scene.enrolment.challenges.get(account, id, 'http-01').attempts === 1 ? true : undefined,
    );
    scene.validator.answer = () => VALID;
    // The attempt is counted a moment before its timer is set.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal((await scene.settled(account, order.id)).status, 'ready');
  });

  test('because the validator itself broke is tried again, and the operator is told', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const { account, order, id } = await pending(scene);
    let broken = true;
    scene.validator.answer = () => {
      if (!broken) return VALID;
      broken = false;
      throw new TypeError('a bug');
    };
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    assert.equal((await scene.settled(account, order.id)).status, 'ready');
    assert.equal(scene.errors.length, 1);
  });

  test('too often for one name is refused for a while, and other names are not', async (t) => {
    const limits = { failuresByName: { burst: 2, perSecond: 0.01 } };
    const scene = await Scene.open();
    const tight = await Scene.open({ config: { limits: { ...(await defaults()), ...limits } } });
    t.after(() => Promise.all([scene.close(), tight.close()]));
    const account = await tight.account();
    tight.validator.answer = () => FAILS;
    for (let i = 0; i < 2; i++) await tight.prove(account, await tight.order(account, 'www.example.com'));
    const order = await tight.order(account, 'www.example.com', 'api.example.com');
    const refusal = await tight.enrolment.challenges
      .respond(account, firstOf(order), 'http-01')
      .catch((error: unknown) => error);
    assert.ok(refusal instanceof EnrolError);
    assert.equal(refusal.code, 'SY-ENROL-RATE-LIMITED');
    assert.equal(refusal.retryAfterSeconds, 100);
    await tight.enrolment.challenges.respond(account, order.authorizations[1]?.id ?? '', 'http-01');
    tight.clock.advance(101);
    await tight.enrolment.challenges.respond(
      account,
      firstOf(await tight.order(account, 'www.example.com')),
      'http-01',
    );
  });
});

async function defaults() {
  return (await import('../../src/enrol/config.ts')).ENROL_DEFAULTS.limits;
}

describe('an account that only ever fails', () => {
  test('is paused, is told how to go on, and goes on when an operator says so', async (t) => {
    const scene = await Scene.open({ config: { pause: { afterFailures: 3, seconds: 1000 } } });
    t.after(() => scene.close());
    const account = await scene.account();
    scene.validator.answer = () => FAILS;
    for (let i = 0; i < 3; i++) await scene.prove(account, await scene.order(account, `w${i}.example.com`));
    await until(() => scene.enrolment.accounts.get(account.id)?.paused);
    await scene.restart();
    const refusal = await scene.order(account, 'www.example.com').catch((error: unknown) => error);
    assert.ok(refusal instanceof EnrolError);
    assert.equal(refusal.code, 'SY-ENROL-PAUSED');
    assert.equal(refusal.retryAfterSeconds, 1000);
    assert.match(refusal.message, new RegExp(`sealyard account unpause ${account.id}`));
    assert.equal(
      (await scene.order(await scene.account(), 'www.example.com')).status,
      'pending',
      'others are not held up',
    );
    await scene.enrolment.accounts.unpause(account.id, OPERATOR);
    assert.equal((await scene.order(account, 'www.example.com')).status, 'pending');
    assert.equal(scene.events('account.paused').length, 1);
    assert.equal(scene.events('account.unpaused').length, 1);
  });

  test('is not paused when something worked in between, and may try once when the pause is over', async (t) => {
    const scene = await Scene.open({ config: { pause: { afterFailures: 2, seconds: 1000 } } });
    t.after(() => scene.close());
    const account = await scene.account();
    const failing = async (name: string) => {
      scene.validator.answer = () => FAILS;
      const failures = scene.events('order.failed').length;
      await scene.prove(account, await scene.order(account, name));
      await until(() => (scene.events('order.failed').length > failures ? true : undefined));
      await new Promise((resolve) => setTimeout(resolve, 10));
    };
    await failing('a.example.com');
    scene.validator.answer = () => VALID;
    await scene.prove(account, await scene.order(account, 'b.example.com'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await failing('c.example.com');
    assert.equal(scene.enrolment.accounts.get(account.id)?.paused, undefined);
    await failing('d.example.com');
    await assert.rejects(scene.order(account, 'e.example.com'), code('SY-ENROL-PAUSED'));
    scene.clock.advance(1001);
    await failing('f.example.com');
    await assert.rejects(scene.order(account, 'g.example.com'), code('SY-ENROL-PAUSED'));
  });
});

describe('an authorization', () => {
  test('made in advance is used by the orders that come, until it is given up', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const account = await scene.account();
    const advance = await scene.enrolment.authorizations.preauthorize(account, nameOf('www.example.com'));
    assert.equal(advance.status, 'pending');
    await scene.enrolment.challenges.respond(account, advance.id, 'http-01');
    await until(() =>
      scene.enrolment.authorizations.get(account, advance.id).status === 'valid' ? true : undefined,
    );
    assert.equal(scene.events('authorization.validated').length, 1);
    const first = await scene.order(account, 'www.example.com');
    const second = await scene.order(account, 'www.example.com');
    assert.equal(first.status, 'ready');
    assert.deepEqual(
      first.authorizations.map(({ id }) => id),
      [advance.id],
    );
    const valid = await scene.enrolment.orders.finalize(account, first.id, await newCsr(['www.example.com']));
    assert.equal(valid.status, 'valid');
    assert.equal(
      (await scene.enrolment.authorizations.preauthorize(account, nameOf('www.example.com'))).id,
      advance.id,
    );
    await scene.enrolment.authorizations.deactivate(account, advance.id);
    assert.equal(scene.enrolment.orders.get(account, second.id).status, 'invalid');
    await assert.rejects(
      scene.enrolment.orders.finalize(account, second.id, await newCsr(['www.example.com'])),
      code('SY-ENROL-ORDER-NOT-READY'),
    );
    assert.equal((await scene.order(account, 'www.example.com')).status, 'pending');
    assert.equal(
      (await scene.order(await scene.account(), 'www.example.com')).status,
      'pending',
      'no other account has it',
    );
  });

  test('RFC 8555 §7.5.2: given up ends its order, whatever is found afterwards', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    let found = (_: typeof VALID) => {};
    scene.validator.answer = () => new Promise((resolve) => (found = resolve));
    const { account, order, id } = await pending(scene);
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    await until(() => (scene.validator.targets.length === 1 ? true : undefined));
    assert.equal((await scene.enrolment.authorizations.deactivate(account, id)).status, 'deactivated');
    found(VALID);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'invalid');
    assert.equal(
      (await scene.enrolment.authorizations.deactivate(account, id)).status,
      'deactivated',
      'twice is once',
    );
  });

  test('made in advance and given up while it is validated stays given up', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    let found = (_: typeof VALID) => {};
    scene.validator.answer = () =>
      new Promise((resolve) => {
        found = resolve;
      });
    const account = await scene.account();
    const { id } = await scene.enrolment.authorizations.preauthorize(account, nameOf('www.example.com'));
    await scene.enrolment.challenges.respond(account, id, 'http-01');
    await until(() => (scene.validator.targets.length === 1 ? true : undefined));
    await scene.enrolment.authorizations.deactivate(account, id);
    found(VALID);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(scene.enrolment.authorizations.get(account, id).status, 'deactivated');
    assert.equal((await scene.order(account, 'www.example.com')).status, 'pending');
  });

  test('whose proof says when it ends is good until then', async (t) => {
    const scene = await Scene.open();
    t.after(() => scene.close());
    const usableUntil = new Date(scene.clock.ms + 3_600_000);
    scene.validator.answer = () => ({ ...VALID, usableUntil });
    const { account, order } = await pending(scene);
    const ready = await scene.prove(account, order);
    assert.equal(ready.authorizations[0]?.expiresAt.getTime(), usableUntil.getTime());
    scene.clock.advance(3601);
    assert.equal(scene.enrolment.orders.get(account, order.id).status, 'invalid');
    await assert.rejects(
      scene.enrolment.orders.finalize(account, order.id, await newCsr(['www.example.com'])),
      code('SY-ENROL-ORDER-NOT-READY'),
    );
  });

  test('are kept in a bounded number', async (t) => {
    const scene = await Scene.open({ config: { mostAuthorizations: 3 } });
    t.after(() => scene.close());
    const account = await scene.account();
    const make = (name: string) => scene.enrolment.authorizations.preauthorize(account, nameOf(name));
    await Promise.all(['a', 'b', 'c'].map((name) => make(`${name}.example.com`)));
    await assert.rejects(make('d.example.com'), code('SY-ENROL-TOO-MANY-ORDERS'));
    scene.clock.advance(31 * 86_400);
    assert.equal((await make('d.example.com')).status, 'pending');
  });
});

test('one account whose validations hang does not hold up another', async (t) => {
  const scene = await Scene.open({ config: { validations: { most: 10, mostPerAccount: 5 } } });
  t.after(() => scene.close());
  scene.validator.answer = ({ identifier }, signal) =>
    identifier.value.startsWith('slow')
      ? new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      : VALID;
  const slow = await scene.account();
  for (let i = 0; i < 20; i++)
    await scene.enrolment.challenges.respond(
      slow,
      firstOf(await scene.order(slow, `slow${i}.example.com`)),
      'http-01',
    );
  const quick = await scene.account();
  assert.equal((await scene.prove(quick, await scene.order(quick, 'www.example.com'))).status, 'ready');
  assert.equal(
    scene.validator.targets.filter(({ identifier }) => identifier.value.startsWith('slow')).length,
    5,
  );
});
