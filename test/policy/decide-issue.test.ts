// May this caller have this certificate: what is granted, what is refused, and what the refusal says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideIssue, grantableProfiles } from '../../src/policy/decide-issue.ts';
import type { RequestedName } from '../../src/policy/issuance.ts';
import { ask, codes, granted, ISSUE, named, violations } from './issue-scene.ts';
import { identityName, load, NOW } from './scene.ts';

const policy = load(ISSUE);
const payments = ['payments'];

test('a named identity gets what its rule grants, on the policy’s word alone', () => {
  const grant = granted(policy, payments, ['db.payments.svc', '10.1.2.3', 'spiffe://acme/ns/payments/sa/db']);
  assert.equal(grant.environment, 'base');
  assert.equal(grant.identity, 'payments');
  assert.equal(grant.profile.name, 'workload-tls');
  assert.equal(grant.proof, 'policy');
  assert.deepEqual(grant.challenges, []);
  assert.equal(grant.lifetimeSeconds, 86_400);
  assert.deepEqual(grant.authorities, ['tls-1', 'tls-2']);
  assert.equal(grant.caa, false);
  assert.equal(grant.line, 25);
  assert.equal(grant.policyVersion, policy.version);
});

test('an account without identity gets names with proof of control, and the rule’s challenges', () => {
  const grant = granted(policy, [], ['www.example.com']);
  assert.equal(grant.identity, 'anyone');
  assert.equal(grant.proof, 'challenge');
  assert.deepEqual(grant.challenges, ['http-01', 'dns-01', 'tls-alpn-01']);
  assert.equal(grant.lifetimeSeconds, 90 * 86_400);
});

test('a grant without challenge is preferred to one with, wherever it stands', () => {
  const text = ISSUE.replace(
    '      - who: payments\n',
    '      - { who: anyone, profile: workload-tls, names: ["**"] }\n      - who: payments\n',
  );
  const both = load(text);
  assert.equal(granted(both, payments, ['db.payments.svc']).proof, 'policy');
  assert.equal(granted(both, [], ['db.payments.svc']).proof, 'challenge');
  assert.equal(granted(both, payments, ['db.other.svc']).proof, 'challenge');
});

test('of two grants with a challenge the first of the document counts', () => {
  const two = load(
    ISSUE.replace(
      '      - who: runner\n',
      '      - { who: anyone, profile: server-tls, names: ["www.example.com"], lifetime: 2h }\n      - who: runner\n',
    ),
  );
  assert.equal(granted(two, [], ['www.example.com']).line, 29);
});

test('a door without challenges gets nothing of a rule that wants one', () => {
  assert.deepEqual(codes(policy, [], ['www.example.com'], { canChallenge: false }), [
    'SY-POLICY-ISSUE-PROOF',
  ]);
});

test('one rule must grant all of the names', () => {
  assert.deepEqual(codes(policy, payments, ['db.payments.svc', 'www.example.com']), ['SY-POLICY-ISSUE-NAME']);
});

test('a child environment grants what both it and its parent grant', () => {
  const production = { environment: 'production' };
  const grant = granted(policy, payments, ['db.payments.svc'], production);
  assert.equal(grant.lifetimeSeconds, 3600);
  assert.deepEqual(grant.authorities, ['tls-1']);
  assert.deepEqual(codes(policy, payments, ['web.payments.svc'], production), ['SY-POLICY-ISSUE-NAME']);
  assert.deepEqual(codes(policy, [], ['www.example.com'], production), ['SY-POLICY-ISSUE-NO-GRANT']);
});

test('the profile’s own authority is the only one that may sign', () => {
  assert.deepEqual(granted(policy, ['deployer'], ['a.deploy.svc']).authorities, ['tls-2']);
});

test('a rule ends where it says', () => {
  const asked = (now: string) =>
    ask(policy, ['runner'], ['a.runners.example.com'], { now: new Date(now), canChallenge: false });
  assert.equal(asked('2029-12-31T23:59:59Z').granted, true);
  const late = asked('2030-01-01T00:00:00Z');
  assert.ok(!late.granted);
  assert.equal(late.violations[0].code, 'SY-POLICY-ISSUE-EXPIRED');
  assert.equal(asked('never').granted, false);
});

const LIFETIMES: readonly [number, boolean][] = [
  [86_400, true],
  [300, true],
  [299, false],
  [86_401, false],
  [0, false],
  [-1, false],
  [Number.NaN, false],
  [Number.POSITIVE_INFINITY, false],
];
for (const [lifetimeSeconds, expected] of LIFETIMES)
  test(`a lifetime of ${lifetimeSeconds} seconds is ${expected ? 'what the certificate gets' : 'refused'}`, () => {
    const answer = ask(policy, payments, ['db.payments.svc'], { lifetimeSeconds });
    assert.equal(answer.granted, expected);
    if (answer.granted) assert.equal(answer.lifetimeSeconds, lifetimeSeconds);
    else assert.equal(answer.violations[0].code, 'SY-POLICY-ISSUE-LIFETIME');
  });

test('a wildcard name needs the word of the profile and of the rule', () => {
  assert.equal(granted(policy, [], ['*.example.com', 'www.example.com']).proof, 'challenge');
  // The pattern covers it; neither rule nor profile says wildcard.
  assert.deepEqual(codes(policy, payments, ['*.payments.svc']), ['SY-POLICY-ISSUE-WILDCARD']);
  const silent = load(ISSUE.replace('        wildcard: true\n', ''));
  assert.deepEqual(codes(silent, [], ['*.example.com']), ['SY-POLICY-ISSUE-WILDCARD']);
});

test('a wildcard name is proven by DNS alone, an address by no DNS (RFC 8555 §7.1.3, RFC 8738)', () => {
  const rule = (challenges: string) =>
    load(
      ISSUE.replace(
        '        wildcard: true\n',
        `        wildcard: true\n        challenges: [${challenges}]\n`,
      ),
    );
  assert.deepEqual(granted(rule('http-01, dns-01'), [], ['*.example.com', '192.0.2.1']).challenges, [
    'http-01',
    'dns-01',
  ]);
  assert.deepEqual(granted(rule('tls-alpn-01, dns-persist-01'), [], ['*.example.com']).proof, 'challenge');
});

test('addresses outside of the network are refused (OpenBao GHSA-g892)', () => {
  assert.equal(granted(policy, payments, ['10.1.255.255']).proof, 'policy');
  assert.deepEqual(codes(policy, payments, ['10.2.0.1']), ['SY-POLICY-ISSUE-NAME']);
  assert.deepEqual(codes(policy, payments, ['2001:db8::1']), ['SY-POLICY-ISSUE-NAME']);
});

// GHSA-59w7: what an identity's name or a template puts into a request is a name, never a pattern.
for (const value of [
  '*.*.payments.svc',
  'a*.payments.svc',
  '**.payments.svc',
  '*',
  '*.',
  'db.*.payments.svc',
])
  test(`a star that came in with a name widens nothing: ${value} (OpenBao GHSA-59w7)`, () => {
    const answer = decideIssue(policy, {
      who: [identityName('payments')],
      names: [{ type: 'dns', value }],
      canChallenge: true,
      now: NOW,
    });
    assert.ok(!answer.granted);
    assert.equal(answer.violations[0].code, 'SY-POLICY-ISSUE-NAME-FORM');
  });

const HOSTILE: readonly RequestedName[] = [
  { type: 'uri', value: 'spiffe://acme/ns/payments/*' },
  { type: 'uri', value: 'spiffe://acme/ns/payments/../admin' },
  { type: 'dns', value: 'DB.payments.svc' },
  { type: 'dns', value: 'db.payments.svc\0.evil.example' },
  { type: 'dns', value: '' },
  { type: 'dns', value: 'a'.repeat(100_000) },
  { type: 'ip', value: '::ffff:10.1.2.3' },
  { type: 'ip', value: '10.1.2.3/16' },
];
for (const name of HOSTILE)
  test(`a name that is not canonical is refused whatever the rules say: ${name.type} ${JSON.stringify(name.value.slice(0, 40))}`, () => {
    const answer = decideIssue(policy, {
      who: [identityName('payments')],
      names: [{ type: 'dns', value: 'db.payments.svc' }, name],
      canChallenge: true,
      now: NOW,
    });
    assert.ok(!answer.granted);
    assert.deepEqual(
      answer.violations.map(({ code, identifier }) => [code, identifier]),
      [['SY-POLICY-ISSUE-NAME-FORM', name]],
    );
    assert.ok(answer.violations[0].message.length < 400);
  });

test('a request without names and one with 101 are refused', () => {
  assert.deepEqual(codes(policy, payments, []), ['SY-POLICY-ISSUE-NAME-COUNT']);
  const many = Array.from({ length: 101 }, (_, i) => `a${i}.payments.svc`);
  assert.deepEqual(codes(policy, payments, many), ['SY-POLICY-ISSUE-NAME-COUNT']);
  assert.equal(granted(policy, payments, many.slice(1)).proof, 'policy');
});

test('a SPIFFE certificate has exactly one SPIFFE ID', () => {
  const web = ['web'];
  assert.equal(granted(policy, web, ['spiffe://acme/a', 'x.web.svc']).profile.name, 'spiffe-svid');
  assert.deepEqual(codes(policy, web, ['spiffe://acme/a', 'spiffe://acme/b']), [
    'SY-POLICY-ISSUE-NAME-COUNT',
  ]);
  assert.deepEqual(codes(policy, web, ['x.web.svc']), ['SY-POLICY-ISSUE-NAME-COUNT']);
});

test('an environment that is not there is told', () => {
  assert.deepEqual(codes(policy, payments, ['db.payments.svc'], { environment: 'prod' }), [
    'SY-POLICY-ENVIRONMENT-UNKNOWN',
  ]);
});

test('a refusal names the caller, what was asked, the nearest rule by file and line, and what to do', () => {
  const [first] = violations(policy, payments, ['db.other.svc', 'web.payments.svc']);
  assert.equal(first?.line, 25);
  assert.equal(first?.nearest, 'policy.yaml:25');
  assert.deepEqual(first?.identifier, { type: 'dns', value: 'db.other.svc' });
  assert.match(
    first?.message ?? '',
    /"db\.other\.svc".*policy\.yaml:25 grants payments \(\*\.payments\.svc,.*ask for one of those, or add it/,
  );
});

test('where a child’s rule is the nearest, the line whose names refuse is named', () => {
  const production = { environment: 'production' };
  assert.match(
    violations(policy, payments, ['web.payments.svc'], production)[0]?.message ?? '',
    /policy\.yaml:48 grants/,
  );
  assert.match(
    violations(policy, payments, ['web.other.svc'], production)[0]?.message ?? '',
    /policy\.yaml:25 grants/,
  );
});

test('each reason has its violation, and each name its own', () => {
  const found = violations(policy, payments, ['a.x', 'ada@x.example', 'db.payments.svc', 'b.x'], {
    lifetimeSeconds: 1,
  });
  assert.deepEqual(
    found.map(({ code, identifier }) => [code, identifier?.value]),
    [
      ['SY-POLICY-ISSUE-NAME-TYPE', 'ada@x.example'],
      ['SY-POLICY-ISSUE-NAME', 'a.x'],
      ['SY-POLICY-ISSUE-NAME', 'b.x'],
      ['SY-POLICY-ISSUE-LIFETIME', undefined],
    ],
  );
});

test('another profile than the granted one is refused, with those that are granted', () => {
  const [first] = violations(policy, payments, ['db.payments.svc'], { profile: 'workload-tsl' });
  assert.equal(first?.code, 'SY-POLICY-ISSUE-PROFILE');
  assert.match(
    first?.message ?? '',
    /did you mean "workload-tls".*payments is granted workload-tls, server-tls/,
  );
  const [hostile] = violations(policy, payments, ['db.payments.svc'], { profile: '\u001b[31m' });
  assert.ok(!hostile?.message.includes('\u001b'));
});

test('a rule that its environment’s authorities leave without signer grants nothing', () => {
  const text = `${ISSUE}  quiet:\n    extends: base\n    authorities: [tls-1]\n`;
  const quiet = load(text.replace('    environments: [base]\n', ''));
  assert.deepEqual(codes(quiet, ['deployer'], ['a.deploy.svc'], { environment: 'quiet' }), [
    'SY-POLICY-ISSUE-AUTHORITY',
  ]);
});

test('a profile is granted in its environments only, also where a child inherits the rule', () => {
  const quiet = load(`${ISSUE}  quiet:\n    extends: base\n`);
  assert.deepEqual(codes(quiet, ['deployer'], ['a.deploy.svc'], { environment: 'quiet' }), [
    'SY-POLICY-ISSUE-PROFILE',
  ]);
});

test('nobody gets anything of a policy without issue rules', () => {
  const none = load(
    ISSUE.slice(0, ISSUE.indexOf('environments:\n')).replace('    environments: [base]\n', ''),
  );
  assert.deepEqual(codes(none, payments, ['db.payments.svc']), ['SY-POLICY-ISSUE-NO-GRANT']);
  assert.deepEqual(codes(none, [], ['db.payments.svc']), ['SY-POLICY-ISSUE-NO-GRANT']);
});

test('the profiles that a caller can ask for are those of its rules and of everybody’s', () => {
  const names = (...args: Parameters<typeof grantableProfiles>) =>
    grantableProfiles(...args).map(({ name }) => name);
  assert.deepEqual(names(policy, []), ['server-tls']);
  assert.deepEqual(names(policy, [identityName('payments')]), ['workload-tls', 'server-tls']);
  assert.deepEqual(names(policy, [identityName('payments')], 'production'), ['workload-tls']);
  assert.deepEqual(names(policy, 'everybody'), [
    'workload-tls',
    'server-tls',
    'pipeline-mtls',
    'signed-by-two',
    'spiffe-svid',
  ]);
  const quiet = load(`${ISSUE}  quiet:\n    extends: base\n`);
  assert.ok(!names(quiet, 'everybody', 'quiet').includes('signed-by-two'));
  assert.match(grantableProfiles(policy, [])[0]?.description ?? '', /server/);
});

test('a policy of 200 rules answers within 50 µs, yes or no', () => {
  const rules = Array.from(
    { length: 200 },
    (_, i) =>
      `      - { who: payments, profile: workload-tls, names: ["*.n${i}.svc", "web-*.m${i}.svc", "10.${i}.0.0/16", "spiffe://acme/ns/n${i}/**"] }\n`,
  );
  const large = load(
    `apiVersion: sealyard/v1\nkind: Policy\nidentities: { payments: { from: binding } }\nenvironments:\n  base:\n    issue:\n${rules.join('')}`,
  );
  const question = { who: [identityName('payments')], canChallenge: false, now: NOW };
  for (const [texts, expected] of [
    [['db.n199.svc', 'spiffe://acme/ns/n199/sa/db'], true],
    [['db.n199.svc', 'other.example'], false],
  ] as const) {
    const names = named(...texts);
    const run = () => decideIssue(large, { ...question, names });
    assert.equal(run().granted, expected);
    for (let i = 0; i < 2000; i++) run();
    const started = performance.now();
    for (let i = 0; i < 1000; i++) run();
    const perCall = performance.now() - started;
    // 50 µs is the aim; a machine that does other things gets five times that.
    assert.ok(perCall < 250, `${perCall} µs, ${expected}`);
    if (process.env['SEALYARD_SHOW_TIMES'] !== undefined) console.log(`${perCall.toFixed(1)} µs`);
  }
});
