// `issue`, `authorities`, `profiles` and the new identities in the document: what is accepted, how mistakes are told.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BUILT_IN_PROFILE_NAMES } from '../../src/policy/issuance.ts';
import { checkPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { describePolicy } from '../../src/policy/show.ts';
import { changed, ISSUE, withProfile, withRule } from './issue-scene.ts';
import { findings, load } from './scene.ts';

test('a good document loads with its rules, profiles, authorities and identities', () => {
  const policy = load(ISSUE);
  assert.deepEqual(
    [...policy.environments.values()].map(({ name, issue, authorities }) => [
      name,
      issue.length,
      authorities,
    ]),
    [
      ['base', 5, ['tls-1', 'tls-2']],
      ['production', 1, ['tls-1']],
    ],
  );
  assert.deepEqual(
    [...policy.identities.values()].map(({ from }) => from),
    ['binding', 'oidc', 'certificate', 'service-token'],
  );
  assert.deepEqual([...policy.profiles.keys()], [...BUILT_IN_PROFILE_NAMES, 'long-lived', 'signed-by-two']);
});

test('the document of the manual loads, but for the Kubernetes lines that this version cannot honour', () => {
  const text = `apiVersion: sealyard/v1
kind: Policy
clusters:
  prod-eu: { issuer: https://oidc.prod-eu.example, environment: production }
identities:
  payments:
    from: kubernetes
    cluster: prod-eu
    where: namespace == "payments"
environments:
  base:
    authorities: [tls-1]
    issue:
      - who: payments
        profile: workload-tls
        names: ["*.payments.svc", "spiffe://acme/ns/payments/**"]
        lifetime: 24h
  production:
    extends: base
`;
  assert.deepEqual(findings(text), [
    '4: "issuer" of a cluster is not supported by this version',
    '7: identities "from: kubernetes" are not supported by this version',
  ]);
});

test('the example of the documentation loads', () => {
  const text = readFileSync(new URL('../../docs/examples/policy.yaml', import.meta.url), 'utf8');
  const outcome = checkPolicy(text, { publicUrl: 'https://127.0.0.1:8443', development: true });
  assert.ok('policy' in outcome, JSON.stringify(outcome));
  assert.ok([...outcome.policy.environments.values()].some(({ issue }) => issue.length > 0));
});

const MISTAKES: readonly [string, string, RegExp][] = [
  [
    'an unknown profile',
    changed('profile: pipeline-mtls', 'profile: pipline-mtls'),
    /^34: there is no profile "pipline-mtls" \(did you mean "pipeline-mtls"\?\)/,
  ],
  [
    'an unknown caller',
    changed('who: runner', 'who: runer'),
    /there is no identity "runer" \(did you mean "runner"\?\)/,
  ],
  ['a rule without names', changed('        names: ["*.deploy.svc"]\n', ''), /"names" is missing/],
  ['no pattern in a list', changed('["*.deploy.svc"]', '[]'), /matches nothing/],
  ['a pattern that is none', changed('"10.1.0.0/16"', '"10.1.0.1/16"'), /did you mean 10\.1\.0\.0\/16\?/],
  [
    'a lifetime beyond the profile',
    changed('lifetime: 24h', 'lifetime: 31d'),
    /"lifetime" must be a duration from 5m to 30d/,
  ],
  ['a day that is none', changed('2030-01-01', '2030-02-30'), /must be a day or time in UTC/],
  [
    'an unknown challenge',
    withRule('who: anyone, profile: server-tls, names: [a.b], challenges: [http-02]'),
    /did you mean "http-01"/,
  ],
  [
    'proof by policy for anyone',
    withRule('who: anyone, profile: server-tls, names: [a.b], proof: policy'),
    /^25: .*never take effect: "who: anyone" must prove/,
  ],
  [
    'challenges without proof',
    withRule('who: payments, profile: server-tls, names: [a.b], proof: policy, challenges: [http-01]'),
    /"challenges" need "proof: challenge"/,
  ],
  [
    'names that the profile has not',
    withRule('who: payments, profile: server-tls, names: ["spiffe://a/b"]'),
    /"spiffe:\/\/a\/b" is of type uri, and profile "server-tls" \(built in\) has no such names/,
  ],
  [
    'names that no challenge proves',
    withRule('who: anyone, profile: workload-tls, names: ["spiffe://a/**"]'),
    /of type uri, which none of http-01, dns-01, tls-alpn-01 can prove/,
  ],
  [
    'addresses to be proven by DNS',
    withRule('who: anyone, profile: server-tls, names: [192.0.2.1], challenges: [dns-01]'),
    /of type ip, which none of dns-01 can prove/,
  ],
  [
    'wildcards to be proven by HTTP',
    withRule('who: anyone, profile: server-tls, names: ["**.b"], wildcard: true, challenges: [http-01]'),
    /wildcard names are proven by dns-01 and dns-persist-01, not by http-01/,
  ],
  [
    'wildcards of a profile without',
    withRule('who: payments, profile: workload-tls, names: ["**.b"], wildcard: true'),
    /profile "workload-tls" \(built in\) has no wildcard names/,
  ],
  [
    'an authority for anyone',
    withRule('who: anyone, profile: intermediate, names: [a.b]'),
    /control of a name makes nobody an authority/,
  ],
  [
    'an authority for a challenge',
    withRule('who: payments, profile: intermediate, names: [a.b], challenges: [dns-01]'),
    /control of a name makes nobody an authority/,
  ],
  [
    'a profile of other environments',
    changed('    environments: [base]\n', '    environments: [production]\n'),
    /profile "signed-by-two" \(line 17\) is for production only/,
  ],
  [
    'a profile that no authority signs',
    changed('authorities: [tls-1, tls-2]', 'authorities: [tls-1]'),
    /profile "signed-by-two" \(line 17\) is signed by "tls-2", and the "authorities" of "base" \(line 23\)/,
  ],
  [
    'an authority that is no id',
    changed('[tls-1, tls-2]', '["tls/1"]'),
    /"tls\/1" is not the id of an authority/,
  ],
  ['no authorities', changed('[tls-1, tls-2]', '[]'), /matches nothing/],
  [
    'an identity that is anyone',
    changed('  payments: {', '  anyone: {'),
    /cannot be the name of an identity/,
  ],
  ['an identity of an unknown source', changed('from: binding', 'from: bindng'), /did you mean "binding"/],
  [
    'a binding with an expression',
    changed('{ from: binding }', '{ from: binding, where: "true" }'),
    /unknown key "where"/,
  ],
  [
    'a service token without name',
    changed('from: service-token, name: deploy', 'from: service-token'),
    /"name" is missing/,
  ],
  [
    'a certificate identity over claims',
    changed(`'"web.example.com" in names.dns && profile == "server-tls"'`, 'claims.sub == "x"'),
    /Unknown variable: claims/,
  ],
  [
    'a signer without token',
    `${ISSUE}    sign:\n      - { who: payments, counts-for: ["**"] }\n`,
    /^53: this rule could never take effect: .*"payments" \(line 6\) is "from: binding"/,
  ],
  [
    'an administrator by binding',
    changed('profiles:\n', 'administer:\n  - { who: payments, role: viewer }\nprofiles:\n'),
    /the admin API knows no bindings/,
  ],
];
for (const [what, text, expected] of MISTAKES)
  test(`a document with ${what} is refused with its line`, () => {
    const found = findings(text);
    assert.ok(
      found.some((one) => expected.test(one)),
      found.join('\n') || 'no finding',
    );
  });

test('a rule of the built-in issuer’s identity stands in development environments only', () => {
  const text = (mark: string) => `apiVersion: sealyard/v1
kind: Policy
issuers: { built-in: { url: https://yard.example/oidc } }
identities: { job: { from: oidc, issuer: built-in, where: "true" } }
environments:
  dev:
    ${mark}
    issue:
      - { who: job, profile: workload-tls, names: ["*.dev"] }
`;
  assert.deepEqual(findings(text('development: true')), []);
  assert.match(
    findings(text('development: false'))[0] ?? '',
    /^9: "job" is vouched for by the built-in issuer/,
  );
});

test('what is declared but cannot be read is told once, not again where it is used', () => {
  assert.equal(findings(changed('{ from: binding }', '{ from: nobody }')).length, 1);
  assert.equal(findings(changed('    base: workload-tls\n', '    base: none\n')).length, 1);
});

test('a policy is shown in words that a newcomer can read', () => {
  const text = describePolicy(load(ISSUE)).words.join('\n');
  assert.match(
    text,
    /payments may have workload-tls certificates for \*\.payments\.svc or spiffe:.*; they live 24h at most; no challenge is asked \[policy\.yaml:25\]/,
  );
  assert.match(
    text,
    /any ACME account may have server-tls certificates for .*; wildcards included; they live 90d, or as asked up to 397d; control is proven by http-01 or dns-01 or tls-alpn-01/,
  );
  assert.match(text, /and at once db\.payments\.svc; they live 1h at most/);
  assert.match(text, /Signed by tls-1 or tls-2 alone\./);
  assert.match(
    text,
    /Profile long-lived \(server-tls\): .*up to|Profile long-lived \(server-tls\): .*to 500d/,
  );
  assert.match(text, /until 2030-01-01/);
});

test('a policy without issue rules says that nobody may have a certificate', () => {
  const text = 'apiVersion: sealyard/v1\nkind: Policy\nenvironments: { a: {} }\n';
  assert.ok(describePolicy(load(text)).words.includes('  Nobody may have a certificate.'));
});

test('a policy is shown as data that JSON can carry', () => {
  const policy: Policy = load(
    withProfile('base: intermediate, name-constraints: { excluded: { ip: [10.0.0.0/8] } }'),
  );
  const data = describePolicy(policy).data;
  assert.deepEqual(JSON.parse(JSON.stringify(data)), data);
  assert.match(JSON.stringify(data), /ip:10\.0\.0\.0\/255\.0\.0\.0/);
});
