// The policy of the yard that ACME clients are tried against: whoever proves control of a name below example.test gets
// it; what the identity of a binding is granted needs no proof.
import { SHORT_PROFILE, SHORT_SECONDS } from './server.ts';

/** Identity that external account bindings are made for. */
export const BOUND_IDENTITY = 'shop';
/** A name that it is granted outright, and nobody proves. */
export const GRANTED_NAME = 'orders.shop.internal';

export function acmePolicy(): string {
  return `apiVersion: sealyard/v1
kind: Policy
administer:
  - { who: administrator, role: administrator }
identities:
  ${BOUND_IDENTITY}: { from: binding }
profiles:
  ${SHORT_PROFILE}: { base: server-tls, lifetime: ${SHORT_SECONDS / 60}m }
environments:
  dev:
    issue:
      - who: anyone
        profile: server-tls
        names: ["example.test", "**.example.test", "127.0.0.0/8"]
        wildcard: true
        challenges: [http-01, dns-01, tls-alpn-01]
      - who: anyone
        profile: ${SHORT_PROFILE}
        names: ["**.example.test"]
        challenges: [http-01, tls-alpn-01]
      - who: ${BOUND_IDENTITY}
        profile: workload-tls
        names: ["**.shop.internal"]
`;
}
