// A policy with issue rules, and questions to it, for the tests of this room.

import assert from 'node:assert/strict';
import { nameOf } from '../../src/issue/names.ts';
import { decideIssue, type IssueGrant, type IssueQuestion } from '../../src/policy/decide-issue.ts';
import type { RequestedName } from '../../src/policy/issuance.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Violation } from '../../src/policy/violation.ts';
import { identityName, NOW } from './scene.ts';

export const ISSUE = `apiVersion: sealyard/v1
kind: Policy
issuers:
  gitlab: { url: https://gitlab.example.com }
identities:
  payments: { from: binding }
  runner:
    from: oidc
    issuer: gitlab
    where: claims.project_path == "acme/shop"
  web: { from: certificate, where: '"web.example.com" in names.dns && profile == "server-tls"' }
  deployer: { from: service-token, name: deploy }
profiles:
  long-lived:
    base: server-tls
    lifetime: { most: 500d }
  signed-by-two:
    base: workload-tls
    authority: tls-2
    environments: [base]
environments:
  base:
    authorities: [tls-1, tls-2]
    issue:
      - who: payments
        profile: workload-tls
        names: ["*.payments.svc", "spiffe://acme/ns/payments/**", "10.1.0.0/16"]
        lifetime: 24h
      - who: anyone
        profile: server-tls
        names: ["**.example.com", "192.0.2.0/24"]
        wildcard: true
      - who: runner
        profile: pipeline-mtls
        names: ["*.runners.example.com"]
        lifetime: 12h
        until: 2030-01-01
      - who: deployer
        profile: signed-by-two
        names: ["*.deploy.svc"]
      - who: web
        profile: spiffe-svid
        names: ["spiffe://acme/**", "*.web.svc"]
  production:
    extends: base
    authorities: [tls-1]
    issue:
      - who: payments
        profile: workload-tls
        names: ["db.payments.svc"]
        lifetime: 1h
`;

/** Replaces `from` in the good document. */
export const changed = (from: string, to: string) => {
  assert.ok(ISSUE.includes(from), from);
  return ISSUE.replace(from, to);
};

/** The good document with a profile of these lines (flow style). */
export const withProfile = (lines: string) => changed('profiles:\n', `profiles:\n  mine: { ${lines} }\n`);
/** The good document with this rule first in `base`. */
export const withRule = (rule: string) => changed('    issue:\n', `    issue:\n      - { ${rule} }\n`);

export function named(...texts: readonly string[]): readonly RequestedName[] {
  return texts.map(nameOf);
}

type Asked = Partial<Omit<IssueQuestion, 'who' | 'names'>>;

/** Asks with a canonical name for each text. */
export function ask(policy: Policy, who: readonly string[], texts: readonly string[], o: Asked = {}) {
  return decideIssue(policy, {
    who: who.map(identityName),
    names: named(...texts),
    canChallenge: true,
    now: NOW,
    ...o,
  });
}

/** @throws Error with the violations where it is refused */
export function granted(...args: Parameters<typeof ask>): IssueGrant {
  const answer = ask(...args);
  if (!answer.granted) throw new Error(answer.violations.map((one) => one.message).join('\n'));
  return answer;
}

/** @throws Error where it is granted */
export function violations(...args: Parameters<typeof ask>): readonly Violation[] {
  const answer = ask(...args);
  if (answer.granted) throw new Error(`granted by line ${answer.line}`);
  return answer.violations;
}

/** The codes of a refusal. */
export function codes(...args: Parameters<typeof ask>): readonly string[] {
  return violations(...args).map(({ code }) => code);
}
