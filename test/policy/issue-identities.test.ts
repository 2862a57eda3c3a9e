// Identities from certificates, bindings and service tokens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideAdmin } from '../../src/policy/decide-admin.ts';
import {
  identityNamesOfBinding,
  identityNamesOfCertificate,
  identityNamesOfServiceToken,
} from '../../src/policy/identities.ts';
import type { CertificateSubject } from '../../src/policy/policy.ts';
import { ISSUE, named } from './issue-scene.ts';
import { load } from './scene.ts';

const policy = load(ISSUE);
const certificate = {
  names: named('web.example.com', '10.0.0.1'),
  profile: 'server-tls',
  authority: 'tls-1',
};

test('a certificate of ours is the identity whose expression says yes to it', () => {
  assert.deepEqual(identityNamesOfCertificate(policy, certificate), ['web']);
});

test('a certificate with other names, or of another profile, is nobody', () => {
  assert.deepEqual(identityNamesOfCertificate(policy, { ...certificate, names: named('x.example.com') }), []);
  assert.deepEqual(identityNamesOfCertificate(policy, { ...certificate, profile: 'client-tls' }), []);
  assert.deepEqual(identityNamesOfCertificate(policy, { ...certificate, names: [] }), []);
});

test('an expression sees names by type, the authority and the identity that was granted', () => {
  const where = (expression: string) =>
    load(ISSUE.replace(`'"web.example.com" in names.dns && profile == "server-tls"'`, `'${expression}'`));
  const matches = (expression: string, subject: Partial<CertificateSubject> = {}) =>
    identityNamesOfCertificate(where(expression), { ...certificate, ...subject }).some(
      (name) => name === 'web',
    );
  assert.ok(matches('names.ip == ["10.0.0.1"] && size(names.uri) == 0'));
  assert.ok(matches('names.dns.exists(name, name.endsWith(".example.com"))'));
  assert.ok(matches('authority == "tls-1" && identity == ""'));
  assert.ok(matches('identity == "payments"', { identity: 'payments' }));
  assert.ok(!matches('names.nosuch.exists(name, true)'));
});

test('a binding is the identity that it was made for, as long as the policy says so', () => {
  assert.deepEqual(identityNamesOfBinding(policy, 'payments'), ['payments']);
  assert.deepEqual(identityNamesOfBinding(policy, 'runner'), []);
  assert.deepEqual(identityNamesOfBinding(policy, 'nobody'), []);
});

test('a service token is the identity that names it', () => {
  assert.deepEqual(identityNamesOfServiceToken(policy, 'deploy'), ['deployer']);
  assert.deepEqual(identityNamesOfServiceToken(policy, 'deployer'), []);
});

test('an administrator may be an identity from a service token, and no token that bears its name', () => {
  const admin = load(
    ISSUE.replace('profiles:\n', 'administer:\n  - { who: deployer, role: operator }\nprofiles:\n'),
  );
  assert.equal(decideAdmin(admin, { kind: 'token', name: 'deploy' }), 'operator');
  assert.equal(decideAdmin(admin, { kind: 'token', name: 'deployer' }), undefined);
});
