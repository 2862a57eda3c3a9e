// The policy document, read whole: all findings at once, or a policy that every decision can rely on.
import { createHash } from 'node:crypto';
import { toHex, toUtf8 } from '../ground/bytes.ts';
import type { IdentityName } from '../ground/ids.ts';
import { Findings, readDocument, type Value } from './document.ts';
import { readEnvironments } from './environment-section.ts';
import { type Finding, PolicyError } from './findings.ts';
import { readIdentities } from './identity-section.ts';
import type { IdentityRule, Policy } from './policy.ts';
import { readProfiles } from './profile-section.ts';
import { declaredKeys } from './references.ts';
import { type ReadIssuer, readAdminister, readClusters, readIssuers } from './sections.ts';
import { type Fields, Reader } from './shape.ts';
import { tighten } from './tighten.ts';
import { OverlapBudget } from './tighten-context.ts';

export interface LoadOptions {
  /** The yard's public URL: the default audience, and where the built-in issuer lives. */
  readonly publicUrl: string;
  /** Whether the built-in issuer is switched on. */
  readonly development: boolean;
  /** How messages name the document; `policy` where it came from no file. */
  readonly file?: string;
}

/** @throws PolicyError `SY-POLICY-INVALID` with every finding and its line */
export function loadPolicy(text: string, options: LoadOptions): Policy {
  const outcome = checkPolicy(text, options);
  if ('findings' in outcome) throw new PolicyError(options.file ?? 'policy', outcome.findings);
  return outcome.policy;
}

/** What `policy check` shows. Linear in the document; never throws for what the document holds. */
export function checkPolicy(
  text: string,
  options: LoadOptions,
): { policy: Policy } | { findings: readonly Finding[] } {
  const findings = new Findings();
  const value = readDocument(text, findings);
  const policy = value === undefined ? undefined : readPolicy(text, value, options, findings);
  if (policy !== undefined && findings.list.length === 0) return { policy };
  return { findings: findings.list.toSorted((a, b) => a.line - b.line) };
}

const FIELDS = {
  apiVersion: true,
  kind: true,
  issuers: false,
  clusters: false,
  administer: false,
  identities: false,
  profiles: false,
  environments: false,
  include: false,
};

function readPolicy(
  text: string,
  value: Value,
  options: LoadOptions,
  findings: Findings,
): Policy | undefined {
  const reader = new Reader(findings);
  const fields = reader.fields(value, FIELDS);
  if (fields === undefined) return undefined;
  readHeader(reader, fields);
  const issuers = readIssuers(reader, fields.get('issuers'), options.publicUrl);
  const identities = readIdentities(reader, fields.get('identities'), issuers);
  const isDevelopment = (name: IdentityName | 'anyone') =>
    name !== 'anyone' && isBuiltIn(identities.get(name), issuers);
  const profiles = readProfiles(reader, fields.get('profiles'), declaredKeys(fields.get('environments')));
  const declared = {
    identities: declaredKeys(fields.get('identities')),
    profiles: declaredKeys(fields.get('profiles')),
  };
  const written = readEnvironments(reader, fields.get('environments'), { identities, profiles, declared });
  const administer = readAdminister(reader, fields.get('administer'), identities);
  const clusters = readClusters(reader, fields.get('clusters'), [...written.keys()]);
  // What is missing because it could not be read would only make rules look as if they could never take effect.
  if (findings.list.length > 0) return undefined;
  return {
    version: `sha256:${toHex(createHash('sha256').update(toUtf8(text)).digest())}`,
    text,
    file: options.file ?? 'policy',
    issuers: [...issuers.values()].filter((issuer) => issuer.type !== 'development' || options.development),
    administer,
    identities,
    profiles,
    environments: tighten({ written, isDevelopment, findings, overlap: new OverlapBudget() }),
    clusters,
    mentionedClaims: mentionedClaims(identities.values()),
    notices: options.development ? [] : noticesOf(issuers.values()),
  };
}

function isBuiltIn(rule: IdentityRule | undefined, issuers: ReadonlyMap<string, ReadIssuer>): boolean {
  return rule?.from === 'oidc' && issuers.get(rule.issuer)?.type === 'development';
}

function readHeader(reader: Reader, fields: Fields): void {
  const [version, kind, include] = ['apiVersion', 'kind', 'include'].map((name) => fields.get(name));
  if (version !== undefined) reader.oneOf(version, ['sealyard/v1']);
  if (kind !== undefined) reader.oneOf(kind, ['Policy']);
  if (include !== undefined) reader.findings.add(include, '"include" is not supported by this version');
}

function mentionedClaims(identities: Iterable<IdentityRule>): Map<string, ReadonlySet<string>> {
  const mentioned = new Map<string, ReadonlySet<string>>();
  for (const rule of identities)
    if (rule.from === 'oidc')
      mentioned.set(rule.issuer, new Set([...(mentioned.get(rule.issuer) ?? []), ...rule.where.claims]));
  return mentioned;
}

function noticesOf(issuers: Iterable<ReadIssuer>): Policy['notices'] {
  return [...issuers]
    .filter((issuer) => issuer.type === 'development')
    .map(({ name, line }) => ({
      line,
      message: `the built-in issuer "${name}" is switched off (start with --development): its identities match nobody`,
    }));
}
