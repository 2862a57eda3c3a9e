// From claims to a certificate's extensions and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../src/ground/json.ts';
import { claimsOfCertificate } from '../../src/identity/certificate-claims.ts';
import type { IssuerType } from '../../src/identity/identity.ts';
import { ISSUER_TYPES, inferIssuerType } from '../../src/identity/issuers.ts';
import { GITHUB_CLAIMS, GITLAB_CLAIMS, refusesWith } from './issuer.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const GITLAB = 'https://gitlab.example.com';

function extensionsOf(type: IssuerType, claims: JsonObject, issuer: string): Record<string, string> {
  return Object.fromEntries(ISSUER_TYPES[type].extensions(claims, issuer));
}

test('a GitHub job gets the extensions of Fulcio’s specification, deprecated ones included', () => {
  assert.deepEqual(extensionsOf('github', GITHUB_CLAIMS, GITHUB), {
    1: GITHUB,
    2: 'workflow_dispatch',
    3: 'c0ffee0000000000000000000000000000000000',
    4: 'example-workflow',
    5: 'octo-org/octo-repo',
    6: 'refs/heads/main',
    8: GITHUB,
    9: 'https://github.com/octo-org/octo-automation/.github/workflows/oidc.yml@refs/heads/main',
    10: 'beef000000000000000000000000000000000000',
    11: 'github-hosted',
    12: 'https://github.com/octo-org/octo-repo',
    13: 'c0ffee0000000000000000000000000000000000',
    14: 'refs/heads/main',
    15: '74',
    16: 'https://github.com/octo-org',
    17: '65',
    18: 'https://github.com/octo-org/octo-repo/.github/workflows/example.yml@refs/heads/main',
    19: 'c0ffee0000000000000000000000000000000000',
    20: 'workflow_dispatch',
    21: 'https://github.com/octo-org/octo-repo/actions/runs/30433642/attempts/2',
    22: 'private',
    23: 'prod',
    24: 'repo:octo-org/octo-repo:environment:prod',
  });
});

test('a GitLab job gets its extensions, with the ref in full', () => {
  assert.deepEqual(extensionsOf('gitlab', GITLAB_CLAIMS, GITLAB), {
    1: GITLAB,
    8: GITLAB,
    9: 'https://gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main',
    10: '714a629c0b401fdce83e847fc9589983fc6f46bd',
    11: 'self-hosted',
    12: 'https://gitlab.example.com/my-group/my-project',
    13: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    14: 'refs/heads/feature-branch-1',
    15: '20',
    16: 'https://gitlab.example.com/my-group',
    17: '72',
    18: 'https://gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main',
    19: '714a629c0b401fdce83e847fc9589983fc6f46bd',
    20: 'push',
    21: 'https://gitlab.example.com/my-group/my-project/-/jobs/302',
    22: 'public',
    23: 'test-environment',
    24: 'project_path:my-group/my-project:ref_type:branch:ref:feature-branch-1',
  });
});

for (const [type, claims, issuer] of [
  ['github', GITHUB_CLAIMS, GITHUB],
  ['gitlab', GITLAB_CLAIMS, GITLAB],
] as const)
  test(`the claims that a ${type} certificate maps are read back as they were`, () => {
    const rules = ISSUER_TYPES[type];
    const read = rules.claimsFromExtensions(rules.extensions(claims, issuer), issuer);
    const told: JsonObject = { ...claims, iss: issuer };
    assert.ok(Object.keys(read).length > 14);
    for (const [name, value] of Object.entries(read)) assert.equal(value, told[name], name);
    for (const name of rules.mappedClaims) assert.ok(name in read, name);
  });

test('names follow the issuer: enterprise servers and tenants have their own host', () => {
  const san = (issuer: string) => ISSUER_TYPES.github.san(GITHUB_CLAIMS, issuer).value.split('/octo-org')[0];
  assert.equal(san(`${GITHUB}/octo-enterprise`), 'https://github.com');
  assert.equal(san('https://ghes.example/_services/token'), 'https://ghes.example');
  assert.equal(san('https://token.actions.acme.ghe.com'), 'https://acme.ghe.com');
  assert.equal(
    ISSUER_TYPES.gitlab.san(GITLAB_CLAIMS, GITLAB).value,
    'https://gitlab.example.com/my-group/my-project//.gitlab-ci.yml@refs/heads/main',
  );
});

test('a subject of the built-in issuer is escaped into its name', () => {
  const san = (sub: string) => ISSUER_TYPES.development.san({ sub }, 'https://yard.example/oidc').value;
  assert.equal(san('ci/shop:main'), 'https://yard.example/oidc/ci/shop:main');
  assert.equal(san('a b*?#%é'), 'https://yard.example/oidc/a%20b%2A%3F%23%25%C3%A9');
  assert.throws(() => san('../admin'), refusesWith('SY-IDENTITY-CLAIMS'));
  assert.throws(() => san('a/../b'), refusesWith('SY-IDENTITY-CLAIMS'));
});

test('the type of an issuer is known from its URL, and only from the whole of it', () => {
  assert.equal(inferIssuerType(GITHUB), 'github');
  assert.equal(inferIssuerType('https://ghes.example/_services/token'), 'github');
  assert.equal(inferIssuerType(GITLAB), 'gitlab');
  assert.equal(inferIssuerType('https://gitlab.com'), 'gitlab');
  assert.equal(inferIssuerType('https://attacker.example/?https://gitlab.com'), undefined);
  assert.equal(inferIssuerType(`${GITHUB}.attacker.example`), undefined);
});

const statements = (claims?: JsonObject) => ({
  issuer: GITHUB,
  san: ISSUER_TYPES.github.san(GITHUB_CLAIMS, GITHUB),
  extensions: ISSUER_TYPES.github.extensions(GITHUB_CLAIMS, GITHUB),
  claims,
});

test('embedded claims add what no extension says', () => {
  const claims = claimsOfCertificate('github', statements({ actor: 'octocat', ref: 'refs/heads/main' }));
  assert.equal(claims['actor'], 'octocat');
  assert.equal(claims['repository'], 'octo-org/octo-repo');
});

for (const [what, claims] of [
  ['says another repository', { repository: 'attacker/x' }],
  ['says that there was none', { repository: null }],
  ['says a list', { ref: ['refs/heads/main'] }],
  ['says another issuer', { iss: 'https://attacker.example' }],
] as const)
  test(`a certificate whose claims extension ${what} contradicts itself`, () => {
    assert.throws(
      () => claimsOfCertificate('github', statements(claims)),
      refusesWith('SY-IDENTITY-CLAIMS-CONTRADICT'),
    );
  });
