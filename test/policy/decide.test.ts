// Decisions: who may sign, what may run, who may administer, and what the answer says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAdmin, roleAllows } from '../../src/policy/decide-admin.ts';
import { type Decision, decideRun } from '../../src/policy/decide-run.ts';
import { decideSign } from '../../src/policy/decide-sign.ts';
import { identityNamesOfFacts } from '../../src/policy/identities.ts';
import { objectionEverywhere } from '../../src/policy/requirement-rules.ts';
import type { Facts } from '../../src/verify/facts.ts';
import {
  attestationBy,
  digest,
  environmentName,
  identityName,
  identityWith,
  image,
  load,
  NOW,
  SHOP,
  signatureBy,
} from './scene.ts';

const policy = load(SHOP);
const release = await identityWith(policy);
const second = await identityWith(policy, {
  job_workflow_ref: 'octo-org/second/.github/workflows/b.yml@refs/heads/main',
});
const stranger = await identityWith(policy, { repository: 'attacker/x' });
const auditor = await identityWith(policy, { repository: 'octo-org/audit', actor: 'auditor' });
const GOOD = {
  buildDefinition: { buildType: 'https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1' },
};

function run(environment: string, facts: readonly Facts[], repository?: string): Decision {
  return decideRun(policy, environmentName(environment), image(facts, repository), NOW);
}

test('a token that an identity matches is granted by the first environment that names it', () => {
  const decision = decideSign(policy, release, NOW);
  assert.ok(decision.granted);
  assert.equal(decision.environment, 'base');
  assert.equal(decision.identity, 'shop-release');
  assert.equal(decision.lifetimeSeconds, 1200);
  assert.equal(decision.line, 20);
  assert.deepEqual(decision.claims, {
    repository: 'octo-org/octo-repo',
    ref: 'refs/heads/main',
    actor: 'octocat',
  });
});

test('a token that no identity matches is refused, and the identities are named', () => {
  const decision = decideSign(policy, stranger, NOW);
  assert.ok(!decision.granted);
  assert.equal(decision.violations[0].code, 'SY-POLICY-NO-IDENTITY');
  assert.match(decision.violations[0].message, /shop-release \(policy\.yaml:9\)/);
});

test('an identity that no environment names is refused', async () => {
  const text = SHOP.replace('      - who: auditor\n        counts-for: ["**"]\n', '');
  const other = load(text);
  const decision = decideSign(other, await identityWith(other, { repository: 'x/y', actor: 'auditor' }), NOW);
  assert.ok(!decision.granted);
  assert.equal(decision.violations[0].code, 'SY-POLICY-NO-GRANT');
});

test('a token that expired since it was verified is granted nothing', () => {
  const decision = decideSign(policy, release, new Date(NOW.getTime() + 400_000));
  assert.ok(!decision.granted);
  assert.equal(decision.violations[0].code, 'SY-IDENTITY-EXPIRED');
});

test('an expression that fails matches nothing and is told', async () => {
  const broken = load(SHOP.replace('claims.actor == "auditor"', 'claims.nosuch.deep == "x"'));
  const decision = decideSign(broken, await identityWith(broken, { repository: 'x/y' }), NOW);
  assert.ok(!decision.granted);
  assert.ok(decision.violations.some((one) => one.code === 'SY-POLICY-EXPRESSION' && one.line === 13));
});

test('an image with the signature that is demanded may run', () => {
  const decision = run('base', [signatureBy(policy, release)]);
  assert.ok(decision.allowed, decision.message);
  assert.equal(decision.code, 'SY-OK');
  assert.equal(decision.satisfiedBy[0]?.facts.length, 1);
  assert.equal(decision.policyVersion, policy.version);
});

const signed = () => signatureBy(policy, release);
const REFUSALS: readonly [string, () => Decision, string][] = [
  ['without signature', () => run('base', []), 'SY-ADMIT-UNSIGNED'],
  ['that no rule is for', () => run('base', [signed()], 'docker.io/library/nginx'), 'SY-ADMIT-NO-RULE'],
  ['in an unknown environment', () => run('prod', [signed()]), 'SY-POLICY-ENVIRONMENT-UNKNOWN'],
  ['signed by somebody else', () => run('base', [signatureBy(policy, stranger)]), 'SY-ADMIT-SIGNER'],
  [
    'signed by another identity of the policy',
    () => run('base', [signatureBy(policy, auditor)]),
    'SY-ADMIT-SIGNER',
  ],
  [
    'signed by a bare key',
    () => run('base', [signatureBy(policy, release, { signer: { kind: 'key', spki: new Uint8Array(1) } })]),
    'SY-ADMIT-SIGNER',
  ],
  [
    'with an attestation only',
    () => run('base', [attestationBy(policy, release, GOOD)]),
    'SY-ADMIT-UNSIGNED',
  ],
  [
    'whose signature is about another image',
    () => run('base', [signatureBy(policy, release, { subjects: [digest('b')] })]),
    'SY-ADMIT-UNSIGNED',
  ],
  [
    'signed in the future',
    () =>
      run('base', [
        signatureBy(policy, release, {
          times: [{ source: 'log', at: new Date(NOW.getTime() + 120_000), authority: 'x' }],
        }),
      ]),
    'SY-ADMIT-UNSIGNED',
  ],
  [
    'signed once where two must',
    () => run('production', [signed(), attestationBy(policy, release, GOOD)]),
    'SY-ADMIT-TOO-FEW',
  ],
  [
    'signed twice by one where two must',
    () => run('production', [signed(), signed(), attestationBy(policy, release, GOOD)]),
    'SY-ADMIT-TOO-FEW',
  ],
  [
    'without the attestation',
    () => run('production', [signed(), signatureBy(policy, second)]),
    'SY-ADMIT-ATTESTATION',
  ],
  [
    'with an attestation of another type',
    () =>
      run('production', [
        signed(),
        signatureBy(policy, second),
        attestationBy(policy, release, GOOD, 'https://spdx.dev/Document'),
      ]),
    'SY-ADMIT-ATTESTATION',
  ],
  [
    'whose attestation says otherwise',
    () =>
      run('production', [
        signed(),
        signatureBy(policy, second),
        attestationBy(policy, release, { buildDefinition: { buildType: 'make' } }),
      ]),
    'SY-ADMIT-ATTESTATION',
  ],
  [
    'whose attestation cannot be judged',
    () => run('production', [signed(), signatureBy(policy, second), attestationBy(policy, release, {})]),
    'SY-POLICY-EXPRESSION',
  ],
  [
    'attested by somebody else',
    () => run('production', [signed(), signatureBy(policy, second), attestationBy(policy, auditor, GOOD)]),
    'SY-ADMIT-SIGNER',
  ],
];
for (const [what, decide, code] of REFUSALS)
  test(`an image ${what} is refused with ${code}, in one sentence that names it`, () => {
    const decision = decide();
    assert.ok(!decision.allowed);
    assert.equal(decision.code, code, decision.message);
    assert.notEqual(decision.violations.length, 0);
    assert.ok(decision.message.includes(digest('a')));
  });

test('two signers of an identity and its provenance satisfy production', () => {
  const decision = run('production', [
    signed(),
    signatureBy(policy, second),
    attestationBy(policy, release, GOOD),
  ]);
  assert.ok(decision.allowed, decision.message);
  assert.equal(decision.satisfiedBy.length, 3);
});

test('a refusal names rule, demand, what was found and what almost passed', () => {
  const { message, violations } = run('base', [signatureBy(policy, stranger)]);
  assert.match(
    message,
    /is refused in base: policy\.yaml:28 demands a signature by shop-release for registry\.example\.com\/shop\/\*\*; found 1 other/,
  );
  assert.match(violations[0]?.nearest ?? '', /octo-automation.* is not shop-release/);
});

test('what a signature counts for is enforced where it is used: the right signer on another’s image is refused', () => {
  const wide = load(
    SHOP.replace(
      '      - images: ["registry.example.com/shop/**"]\n        require:\n          - signed: { by: shop-release }\n  prod',
      '      - images: ["**"]\n        require:\n          - signed: { by: shop-release }\n  prod',
    ),
  );
  const decision = decideRun(
    wide,
    environmentName('base'),
    image([signatureBy(wide, release)], 'registry.example.com/bank/app'),
    NOW,
  );
  assert.equal(decision.code, 'SY-ADMIT-COUNTS-FOR', decision.message);
  assert.match(decision.message, /policy\.yaml:20/);
});

test('without an environment, a signature counts where some environment’s sign rule lets it', () => {
  const facts = signed();
  const about = (repository: string) =>
    objectionEverywhere(
      { policy, image: image([facts], repository), facts, now: NOW },
      identityName('shop-release'),
    );
  assert.equal(about('registry.example.com/shop/app'), undefined);
  assert.equal(about('registry.example.com/bank/app')?.code, 'SY-ADMIT-COUNTS-FOR');
});

test('a signature of a foreign issuer counts for nobody, whatever its claims say', () => {
  const { signer } = signed();
  assert.ok(signer.kind === 'certificate');
  const foreign = signatureBy(policy, release, { signer: { ...signer, issuer: 'https://attacker.example' } });
  assert.deepEqual(identityNamesOfFacts(policy, foreign), []);
});

test('a certificate whose claims contradict its extensions counts for nobody', () => {
  const { signer } = signed();
  assert.ok(signer.kind === 'certificate');
  const twisted = signatureBy(policy, stranger, {
    signer: {
      ...signer,
      extensions: Object.fromEntries(stranger.extensions),
      claims: { repository: 'octo-org/octo-repo' },
    },
  });
  const decision = run('base', [twisted]);
  assert.equal(decision.code, 'SY-ADMIT-SIGNER');
  assert.match(decision.message, /twice/);
});

test('a certificate that says nothing about a claim does not pass for one that lacked it', async () => {
  const later = load(
    SHOP.replace(
      'claims.actor == "auditor"',
      `'!has(claims.fork) && claims.repository == "octo-org/octo-repo"'`,
    ),
  );
  const before = signatureBy(policy, release);
  assert.deepEqual(identityNamesOfFacts(later, before), ['shop-release']);
  const after = signatureBy(later, await identityWith(later));
  assert.deepEqual(identityNamesOfFacts(later, after), ['shop-release', 'auditor']);
});

test('roles: the identity’s own rule, the token’s own rule, and neither for the other', () => {
  assert.equal(decideAdmin(policy, { kind: 'token', name: 'platform-team' }), 'operator');
  assert.equal(decideAdmin(policy, { kind: 'identity', names: [identityName('shop-release')] }), 'viewer');
  assert.equal(decideAdmin(policy, { kind: 'token', name: 'shop-release' }), undefined);
  assert.equal(decideAdmin(policy, { kind: 'identity', names: [identityName('platform-team')] }), undefined);
  assert.equal(decideAdmin(policy, { kind: 'identity', names: [] }), undefined);
});

test('a role allows what it includes', () => {
  assert.ok(
    roleAllows('administrator', 'auditor') &&
      roleAllows('operator', 'viewer') &&
      roleAllows('auditor', 'viewer'),
  );
  assert.ok(
    !roleAllows('operator', 'auditor') &&
      !roleAllows('auditor', 'operator') &&
      !roleAllows('viewer', 'auditor'),
  );
});
