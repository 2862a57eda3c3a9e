// A child environment's `issue` rules and authorities narrow its parent's, and a line that cannot is an error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IssueRule } from '../../src/policy/issuance.ts';
import { ISSUE } from './issue-scene.ts';
import { environmentName, findings, load } from './scene.ts';

/** The document with a child of `base` (line 54 on), of these lines. */
const child = (...lines: readonly string[]) =>
  `${ISSUE}  child:\n    extends: base\n${lines.map((line) => `    ${line}\n`).join('')}`;

function rulesOf(text: string, name = 'child'): readonly IssueRule[] {
  return load(text).environments.get(environmentName(name))?.issue ?? [];
}

test('what a child says nothing of, it inherits', () => {
  const environments = load(child('development: false')).environments;
  assert.deepEqual(
    environments.get(environmentName('child'))?.issue,
    environments.get(environmentName('base'))?.issue,
  );
  assert.deepEqual(environments.get(environmentName('child'))?.authorities, ['tls-1', 'tls-2']);
});

test('a child with an empty list grants nothing', () => {
  assert.deepEqual(rulesOf(child('issue: []')), []);
});

test('a child’s rule has the names of both, the shorter life and the stricter proof', () => {
  const [rule, ...rest] = rulesOf(
    child(
      'issue:',
      '  - { who: payments, profile: workload-tls, names: ["db.payments.svc"], lifetime: 2h, challenges: [dns-01], caa: true, until: 2031-01-01 }',
    ),
  );
  assert.deepEqual(rest, []);
  assert.deepEqual(
    rule?.names.map((list) => list.map(({ text }) => text)),
    [['*.payments.svc', 'spiffe://acme/ns/payments/**', '10.1.0.0/16'], ['db.payments.svc']],
  );
  assert.equal(rule?.lifetimeSeconds, 7200);
  assert.equal(rule?.proof, 'challenge');
  assert.deepEqual(rule?.challenges, ['dns-01']);
  assert.equal(rule?.caa, true);
  assert.equal(rule?.until?.toISOString(), '2031-01-01T00:00:00.000Z');
  assert.deepEqual(rule?.narrows, [25]);
});

test('proof stays a challenge, and the end stays the parent’s, where the child is silent', () => {
  const [open, ended] = rulesOf(
    child(
      'issue:',
      '  - { who: anyone, profile: server-tls, names: ["www.example.com"] }',
      '  - { who: runner, profile: pipeline-mtls, names: ["a.runners.example.com"] }',
    ),
  );
  assert.equal(open?.proof, 'challenge');
  assert.equal(open?.wildcard, true);
  assert.equal(ended?.until?.getUTCFullYear(), 2030);
  assert.equal(ended?.lifetimeSeconds, 43_200);
});

test('the earlier end counts, and CAA stays heeded where the child is silent', () => {
  const [rule] = rulesOf(
    child(
      'issue:',
      '  - { who: runner, profile: pipeline-mtls, names: ["a.runners.example.com"], until: 2029-01-01 }',
    ),
  );
  assert.equal(rule?.until?.getUTCFullYear(), 2029);
  const careful = child('issue:', '  - { who: anyone, profile: server-tls, names: ["a.example.com"] }');
  const [open] = rulesOf(careful.replace('        wildcard: true\n', '        caa: true\n'));
  assert.equal(open?.caa, true);
});

test('a child may name who of anyone, who still has to prove', () => {
  const [rule] = rulesOf(
    child(
      'issue:',
      '  - { who: payments, profile: server-tls, names: ["pay.example.com"], wildcard: false }',
    ),
  );
  assert.equal(rule?.who, 'payments');
  assert.equal(rule?.proof, 'challenge');
  assert.equal(rule?.wildcard, false);
});

test('a grandchild narrows what its parent narrowed', () => {
  const text = `${child('issue:', '  - { who: payments, profile: workload-tls, names: ["**.svc"], lifetime: 2h }')}  low:\n    extends: child\n    issue:\n      - { who: payments, profile: workload-tls, names: ["*.payments.svc"], lifetime: 1h }\n`;
  const [rule] = rulesOf(text, 'low');
  assert.equal(rule?.names.length, 3);
  assert.equal(rule?.lifetimeSeconds, 3600);
  assert.deepEqual(rule?.narrows, [25, 55]);
});

const NEVER: readonly [string, readonly string[], RegExp][] = [
  [
    'to whom the parent grants nothing of it',
    ['issue:', '  - { who: runner, profile: workload-tls, names: ["a.b"] }'],
    /^55: .*never take effect: "base" \(line 22\) grants "runner" no certificate of profile "workload-tls"/,
  ],
  [
    'to anyone, where the parent names who',
    ['issue:', '  - { who: anyone, profile: workload-tls, names: ["a.b"] }'],
    /^55: .*"base" \(line 22\) grants "anyone" no/,
  ],
  [
    'of other names than the parent’s',
    ['issue:', '  - { who: payments, profile: workload-tls, names: ["db.other.svc", "10.2.0.0/16"] }'],
    /^55: .*its names have nothing in common with line 25/,
  ],
  [
    'of a longer life',
    ['issue:', '  - { who: payments, profile: workload-tls, names: ["*.payments.svc"], lifetime: 48h }'],
    /^55: .*line 25 allows a lifetime of 24h at most/,
  ],
  [
    'without the challenge that the parent demands',
    ['issue:', '  - { who: payments, profile: server-tls, names: ["a.example.com"], proof: policy }'],
    /^55: .*line 29 demands "proof: challenge"/,
  ],
  [
    'for a challenge that the parent does not accept',
    [
      'issue:',
      '  - { who: anyone, profile: server-tls, names: ["a.example.com"], challenges: [dns-persist-01] }',
    ],
    /^55: .*line 29 accepts only http-01, dns-01, tls-alpn-01/,
  ],
  [
    'that ends after the parent’s',
    [
      'issue:',
      '  - { who: runner, profile: pipeline-mtls, names: ["a.runners.example.com"], until: 2031-01-01 }',
    ],
    /^55: .*line 33 ends before that/,
  ],
];
for (const [what, lines, expected] of NEVER)
  test(`a rule ${what} is an error that names both lines`, () => {
    const found = findings(child(...lines));
    assert.ok(
      found.some((one) => expected.test(one)),
      found.join('\n') || 'no finding',
    );
  });

test('wildcards and silence about CAA that the parent does not grant are errors that name both lines', () => {
  const strict = (rule: string) =>
    `apiVersion: sealyard/v1\nkind: Policy\nenvironments:\n  base:\n    issue:\n      - { who: anyone, profile: server-tls, names: ["**.a.example"], caa: true }\n  child:\n    extends: base\n    issue:\n      - { who: anyone, profile: server-tls, names: ["**.a.example"], ${rule} }\n`;
  assert.match(findings(strict('wildcard: true'))[0] ?? '', /^10: .*line 6 grants no wildcard names/);
  assert.match(findings(strict('caa: false'))[0] ?? '', /^10: .*line 6 says "caa: true"/);
  assert.deepEqual(findings(strict('caa: true')), []);
});

test('a child’s authorities are those of both, and one that the parent lacks is an error that names both lines', () => {
  const text = `${ISSUE}  low:\n    extends: production\n    authorities: [tls-2]\n`;
  assert.match(findings(text)[0] ?? '', /^54: "tls-2" could never take effect: line 46 does not list it/);
  const free =
    'apiVersion: sealyard/v1\nkind: Policy\nenvironments: { a: {}, b: { extends: a, authorities: [tls-9] } }\n';
  assert.deepEqual(load(free).environments.get(environmentName('b'))?.authorities, ['tls-9']);
});

const BOMBS: readonly [string, () => string][] = [
  [
    'environments that multiply issue rules',
    () => {
      const rule = '      - { who: anyone, profile: server-tls, names: ["**"] }\n';
      return Array.from(
        { length: 12 },
        (_, i) => `  e${i}:\n${i === 0 ? '' : `    extends: e${i - 1}\n`}    issue:\n${rule.repeat(20)}`,
      ).join('');
    },
  ],
  [
    'patterns that take long to compare',
    () => {
      const pattern = (end: string) => `"spiffe://acme/${'*a'.repeat(200)}/${end}"`;
      const rule = (end: string) =>
        `      - { who: x, profile: workload-tls, names: [${Array.from({ length: 40 }, (_, i) => pattern(`${end}${i}`)).join(', ')}] }\n`;
      return `  e0:\n    issue:\n${rule('x')}  e1:\n    extends: e0\n    issue:\n${rule('y')}`;
    },
  ],
];
for (const [what, make] of BOMBS)
  test(`a document of ${what} is refused within two seconds`, () => {
    const text = `apiVersion: sealyard/v1\nkind: Policy\nidentities: { x: { from: binding } }\nenvironments:\n${make()}`;
    const started = performance.now();
    assert.notEqual(findings(text).length, 0);
    assert.ok(performance.now() - started < 10_000, `${performance.now() - started} ms`);
  });
