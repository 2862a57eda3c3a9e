// Policies, identities and image facts for the tests of this room.
import {
  asDigest,
  asEnvironmentName,
  asIdentityName,
  type Digest,
  type EnvironmentName,
  type IdentityName,
} from '../../src/ground/ids.ts';
import type { JsonObject } from '../../src/ground/json.ts';
import type { Identity, IssuerConfig } from '../../src/identity/identity.ts';
import { ISSUER_TYPES } from '../../src/identity/issuers.ts';
import { createTokenVerifier } from '../../src/identity/verifier.ts';
import type { ImageFacts } from '../../src/policy/facts.ts';
import { claimsToEmbed } from '../../src/policy/identities.ts';
import { checkPolicy, loadPolicy } from '../../src/policy/load.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Facts } from '../../src/verify/facts.ts';
import { FakeIssuer, NOW } from '../identity/issuer.ts';
import { ecKey, World } from '../verify/world.ts';

export { NOW } from '../identity/issuer.ts';

export const PUBLIC_URL = 'https://yard.example';
export const GITHUB = 'https://token.actions.githubusercontent.com';
export const SLSA = 'https://slsa.dev/provenance/v1';

export const SHOP = `apiVersion: sealyard/v1
kind: Policy
issuers:
  github: { url: ${GITHUB} }
administer:
  - { who: platform-team, role: operator }
  - { who: shop-release, role: viewer }
identities:
  shop-release:
    from: oidc
    issuer: github
    where: claims.repository == "octo-org/octo-repo" && claims.ref == "refs/heads/main"
  auditor:
    from: oidc
    issuer: github
    where: claims.actor == "auditor"
environments:
  base:
    sign:
      - who: shop-release
        counts-for: ["registry.example.com/shop/**"]
        lifetime: 20m
      - who: auditor
        counts-for: ["**"]
    run:
      - images: ["registry.example.com/shop/**"]
        require:
          - signed: { by: shop-release }
  production:
    extends: base
    run:
      - images: ["registry.example.com/shop/**"]
        require:
          - signed: { by: shop-release, at-least: 2 }
          - attested: { by: shop-release, type: ${SLSA}, where: 'predicate.buildDefinition.buildType.startsWith("https://")' }
`;

export function load(text: string, development = false): Policy {
  return loadPolicy(text, { publicUrl: PUBLIC_URL, development, file: 'policy.yaml' });
}

/** `line: message` of each finding. */
export function findings(text: string, development = false): string[] {
  const outcome = checkPolicy(text, { publicUrl: PUBLIC_URL, development });
  return 'findings' in outcome ? outcome.findings.map((one) => `${one.line}: ${one.message}`) : [];
}

export function environmentName(text: string): EnvironmentName {
  const name = asEnvironmentName(text);
  if (name === undefined) throw new TypeError(text);
  return name;
}

export function identityName(text: string): IdentityName {
  const name = asIdentityName(text);
  if (name === undefined) throw new TypeError(text);
  return name;
}

export function digest(fill: string): Digest {
  const value = asDigest(`sha256:${fill.repeat(64)}`);
  if (value === undefined) throw new TypeError(fill);
  return value;
}

/** A verified token of the policy's issuer with these claims on top of a usual GitHub job's. */
export async function identityWith(policy: Policy, claims: JsonObject = {}, url = GITHUB): Promise<Identity> {
  const config = policy.issuers.find((one) => one.url === url);
  if (config === undefined) throw new TypeError(url);
  const issuer = new FakeIssuer(url, config.type);
  const issuers = [{ ...config, audiences: [PUBLIC_URL] }];
  return createTokenVerifier({ fetchJson: issuer.fetchJson }).verify(issuer.token(claims), {
    issuers,
    now: NOW,
  });
}

const certificate = new World().leaf({ spki: ecKey().spki });
export const IMAGE = digest('a');

/** What verification says of a signature by a certificate that this policy made for that identity. */
export function signatureBy(policy: Policy, identity: Identity, change: Partial<Facts> = {}): Facts {
  return {
    kind: 'signature',
    signer: {
      kind: 'certificate',
      san: identity.san,
      issuer: identity.issuer,
      extensions: Object.fromEntries(identity.extensions),
      claims: claimsToEmbed(policy, identity),
      certificate,
      chain: [certificate],
    },
    subjects: [IMAGE],
    times: [{ source: 'timestamp', at: NOW, authority: 'tsa' }],
    entries: [],
    ...change,
  };
}

export function attestationBy(
  policy: Policy,
  identity: Identity,
  predicate: JsonObject,
  predicateType = SLSA,
): Facts {
  return signatureBy(policy, identity, { kind: 'attestation', predicateType, predicate });
}

export function image(facts: readonly Facts[], repository = 'registry.example.com/shop/app'): ImageFacts {
  return { reference: `${repository}:1.4`, repository, digest: IMAGE, facts, failures: [] };
}

export function extensionsOf(config: IssuerConfig, claims: JsonObject): Record<string, string> {
  return Object.fromEntries(ISSUER_TYPES[config.type].extensions(claims, config.url));
}
