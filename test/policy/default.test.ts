// What a first start writes, and where the built-in issuer counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAdmin } from '../../src/policy/decide-admin.ts';
import { decideRun } from '../../src/policy/decide-run.ts';
import { decideSign } from '../../src/policy/decide-sign.ts';
import { defaultPolicy } from '../../src/policy/default.ts';
import { identityNamesOfFacts } from '../../src/policy/identities.ts';
import { describePolicy } from '../../src/policy/show.ts';
import {
  environmentName,
  findings,
  identityWith,
  image,
  load,
  NOW,
  PUBLIC_URL,
  SHOP,
  signatureBy,
} from './scene.ts';

const text = defaultPolicy({ publicUrl: PUBLIC_URL });
const builtIn = `${PUBLIC_URL}/oidc`;

test('it is valid with and without --development', () => {
  assert.deepEqual(findings(text, true), []);
  assert.deepEqual(findings(text, false), []);
});

test('it makes the first administrator one, and nobody else', () => {
  const policy = load(text);
  assert.equal(decideAdmin(policy, { kind: 'token', name: 'administrator' }), 'administrator');
  assert.equal(decideAdmin(policy, { kind: 'token', name: 'other' }), undefined);
});

test('it trusts no foreign issuer', () => {
  assert.deepEqual(
    load(text, true).issuers.map((one) => one.url),
    [builtIn],
  );
});

test('with --development a minted job may sign and what it signed runs in dev', async () => {
  const policy = load(text, true);
  const identity = await identityWith(policy, { sub: 'ci/job' }, builtIn);
  const decision = decideSign(policy, identity, NOW);
  assert.ok(decision.granted);
  assert.equal(decision.environment, 'dev');
  const run = decideRun(
    policy,
    environmentName('dev'),
    image([signatureBy(policy, identity)], 'localhost:5000/app'),
    NOW,
  );
  assert.ok(run.allowed, run.message);
  const unsigned = decideRun(policy, environmentName('dev'), image([], 'localhost:5000/app'), NOW);
  assert.equal(unsigned.code, 'SY-ADMIT-UNSIGNED');
});

test('without --development the built-in issuer is inert, and the policy says so', async () => {
  const on = load(text, true);
  const identity = await identityWith(on, { sub: 'ci/job' }, builtIn);
  const off = load(text, false);
  assert.deepEqual(off.issuers, []);
  assert.match(off.notices[0]?.message ?? '', /switched off/);
  assert.ok(!decideSign(off, identity, NOW).granted);
  assert.deepEqual(identityNamesOfFacts(off, signatureBy(on, identity)), []);
});

const DEVELOPER = `issuers:
  github: { url: https://token.actions.githubusercontent.com }
  development: { url: ${builtIn}, type: development }
`;

test('an identity of the built-in issuer is refused in an environment that is not marked', () => {
  const unmarked = text.replace(
    '    development: true # the only kind of environment in which the built-in issuer counts\n',
    '',
  );
  assert.notEqual(unmarked, text);
  const found = findings(unmarked, true);
  assert.ok(
    found.some((one) => /"developer" is vouched for by the built-in issuer/.test(one)),
    found.join('\n'),
  );
});

test('a rule for it that is inherited by an unmarked environment is without effect there', async () => {
  const policy = load(`${text}  stage:\n    extends: dev\n`, true);
  const identity = await identityWith(policy, { sub: 'ci/job' }, builtIn);
  const run = decideRun(
    policy,
    environmentName('stage'),
    image([signatureBy(policy, identity)], 'localhost:5000/app'),
    NOW,
  );
  assert.equal(run.code, 'SY-ADMIT-COUNTS-FOR', run.message);
});

test('an unmarked environment that inherits from it grants its identities no certificate either', async () => {
  const policy = load(text.replace('environments:\n', 'environments:\n  stage:\n    extends: dev\n'), true);
  const decision = decideSign(policy, await identityWith(policy, { sub: 'ci/job' }, builtIn), NOW);
  assert.ok(decision.granted);
  assert.equal(decision.environment, 'dev');
});

test('the alias of the built-in issuer cannot be pointed elsewhere', () => {
  const elsewhere = SHOP.replace(
    /issuers:\n.*\n/,
    DEVELOPER.replace(builtIn, 'https://attacker.example/oidc'),
  );
  assert.ok(findings(elsewhere, true).some((one) => /built-in issuer/.test(one)));
});

test('show tells the effective environments as data and in words', () => {
  const { data, words } = describePolicy(load(SHOP), 'production');
  assert.ok(Array.isArray(data['environments']) && data['environments'].length === 1);
  const told = words.join('\n');
  assert.match(told, /Environment production \(extends base\)/);
  assert.match(
    told,
    /shop-release may sign; it counts for registry\.example\.com\/shop\/\*\*; certificates live 20m \[policy\.yaml:20\]/,
  );
  assert.match(told, /signatures by 2 distinct signers of shop-release/);
});
