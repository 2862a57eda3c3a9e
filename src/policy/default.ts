// The policy that a first start writes: enough for the tour and for development, and nothing for anybody else.
import { FIRST_ADMINISTRATOR } from '../identity/administrators.ts';
import { developmentIssuerUrl } from './sections.ts';

/** Text of a policy that is valid with and without `--development`. */
export function defaultPolicy(o: { publicUrl: string }): string {
  return `# Who is who in this yard, what each may sign, and what may run.
# What nothing here allows is refused. Check with: sealyard policy check
apiVersion: sealyard/v1
kind: Policy

# Whose tokens count. Add your CI system, for example:
#   github: { url: https://token.actions.githubusercontent.com }
#   gitlab: { url: https://gitlab.com }
# A token must be meant for this yard (audience ${JSON.stringify(o.publicUrl)}), unless "audiences" lists others.
issuers:
  # The built-in issuer, for development and the tour. It works only while the yard runs with --development;
  # otherwise this entry, and every rule that rests on it, is present but inert.
  development: { url: ${JSON.stringify(developmentIssuerUrl(o.publicUrl))}, type: development }

# Who may call the admin API: the name of a service token or of an identity below.
# Roles: viewer, auditor (also reads the audit log), operator (also acts), administrator (all).
administer:
  # Whoever exchanged the one-time token that the first start left in the data directory.
  - { who: ${FIRST_ADMINISTRATOR}, role: administrator }

# Matched once, used everywhere. "where" is CEL over claims, subject and san. A real one looks like this:
#   shop-release:
#     from: oidc
#     issuer: github
#     where: claims.repository_id == "1234567" && claims.ref == "refs/heads/main"
identities:
  developer:
    from: oidc
    issuer: development
    where: subject != ""

# Which environment's rules judge what runs in a cluster; the gate of "local" is /admission/local/validate.
clusters:
  local: { environment: dev }

# Each environment may extend another and can only tighten it.
environments:
  dev:
    development: true # the only kind of environment in which the built-in issuer counts
    # Nobody has a certificate until a line says so. For any ACME account, after a challenge:
    #   issue:
    #     - { who: anyone, profile: server-tls, names: ["*.dev.example.com"] }
    # and for whoever holds a binding or token of an identity above, on the policy's word (see also "authorities"):
    #     - { who: payments, profile: workload-tls, names: ["*.payments.svc", "spiffe://acme/ns/payments/**"], lifetime: 24h }
    sign:
      - who: developer
        counts-for: ["**"]
        lifetime: 10m
    run:
      - images: ["**"]
        require:
          - signed: { by: developer }
`;
}
