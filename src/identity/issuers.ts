// What each kind of issuer says about a job: its name in the certificate, the extensions, and the way back.
// Mirrors Fulcio's certificate specification and oid-info.md (1.3.6.1.4.1.57264.1.n), so that cosign's flags match.
import type { JsonObject } from '../ground/json.ts';
import { acceptUri, claimText, requiredClaimText } from './claims.ts';
import type { IssuerType, SubjectAltName } from './identity.ts';

/** The row of one kind of issuer. */
export interface IssuerRules {
  /** Shown to people. */
  readonly title: string;
  /** Issuer URLs that need no `type` in the policy. */
  readonly wellKnown: (url: string) => boolean;
  /** @throws SealyardError `SY-IDENTITY-CLAIMS` */
  readonly san: (claims: JsonObject, issuer: string) => SubjectAltName;
  /** What the proof of possession signs; a CI issuer's `sub` (email issuers will say `email`). */
  readonly challenge: (claims: JsonObject) => string;
  readonly extensions: (claims: JsonObject, issuer: string) => ReadonlyMap<number, string>;
  /** Claims that every certificate states when the token had them: where the extension is absent, so was the claim. */
  readonly mappedClaims: ReadonlySet<string>;
  /** The claims that the extensions of a certificate state, for `where` expressions at verification. */
  readonly claimsFromExtensions: (extensions: ReadonlyMap<number, string>, issuer: string) => JsonObject;
}

/** How one extension is made from claims, and read back. */
interface Mapping {
  readonly number: number;
  /** The claim that it carries whole, after `prefix`. Without one it is written only. */
  readonly claim?: string;
  readonly prefix?: (base: string) => string;
  /** Where the text is not prefix + claim. */
  readonly text?: (claims: JsonObject, base: string) => string | undefined;
  readonly uri?: true;
}

const slash = (base: string) => `${base}/`;
const https = () => 'https://';

const GITHUB: readonly Mapping[] = [
  // 2 to 6 are deprecated, and what older verifiers read.
  { number: 2, claim: 'event_name' },
  { number: 3, claim: 'sha' },
  { number: 4, claim: 'workflow' },
  { number: 5, claim: 'repository' },
  { number: 6, claim: 'ref' },
  { number: 9, claim: 'job_workflow_ref', prefix: slash, uri: true },
  { number: 10, claim: 'job_workflow_sha' },
  { number: 11, claim: 'runner_environment' },
  { number: 12, claim: 'repository', prefix: slash, uri: true },
  { number: 13, claim: 'sha' },
  { number: 14, claim: 'ref' },
  { number: 15, claim: 'repository_id' },
  { number: 16, claim: 'repository_owner', prefix: slash, uri: true },
  { number: 17, claim: 'repository_owner_id' },
  { number: 18, claim: 'workflow_ref', prefix: slash, uri: true },
  { number: 19, claim: 'workflow_sha' },
  { number: 20, claim: 'event_name' },
  { number: 21, text: githubRun, uri: true },
  { number: 22, claim: 'repository_visibility' },
  { number: 23, claim: 'environment' },
  { number: 24, claim: 'sub' },
];

const GITLAB: readonly Mapping[] = [
  { number: 9, claim: 'ci_config_ref_uri', prefix: https, uri: true },
  { number: 10, claim: 'ci_config_sha' },
  { number: 11, claim: 'runner_environment' },
  { number: 12, claim: 'project_path', prefix: slash, uri: true },
  { number: 13, claim: 'sha' },
  { number: 14, text: gitlabRef },
  { number: 15, claim: 'project_id' },
  { number: 16, claim: 'namespace_path', prefix: slash, uri: true },
  { number: 17, claim: 'namespace_id' },
  { number: 18, claim: 'ci_config_ref_uri', prefix: https, uri: true },
  { number: 19, claim: 'ci_config_sha' },
  { number: 20, claim: 'pipeline_source' },
  { number: 21, text: gitlabJob, uri: true },
  { number: 22, claim: 'project_visibility' },
  { number: 23, claim: 'environment' },
  { number: 24, claim: 'sub' },
];

const DEVELOPMENT: readonly Mapping[] = [{ number: 24, claim: 'sub' }];

const challengeSubject = (claims: JsonObject) => requiredClaimText(claims, 'sub');

export const ISSUER_TYPES: Readonly<Record<IssuerType, IssuerRules>> = {
  github: {
    title: 'GitHub Actions',
    wellKnown: (url) =>
      /^https:\/\/token\.actions\.(githubusercontent\.com(\/[a-z0-9-]+)?|[a-z0-9-]+\.ghe\.com)$/.test(url) ||
      /^https:\/\/[^/]+\/_services\/token$/.test(url),
    san: (claims, issuer) =>
      uriName(`${githubBase(issuer)}/${requiredClaimText(claims, 'job_workflow_ref')}`, 'job_workflow_ref'),
    challenge: challengeSubject,
    extensions: (claims, issuer) => write(GITHUB, claims, issuer, githubBase(issuer)),
    mappedClaims: mappedBy(GITHUB),
    claimsFromExtensions: (extensions, issuer) => read(GITHUB, extensions, issuer, githubBase(issuer)),
  },
  gitlab: {
    title: 'GitLab CI',
    wellKnown: (url) => /^https:\/\/gitlab\.[a-z0-9.-]+$/.test(url),
    san: (claims) =>
      uriName(`https://${requiredClaimText(claims, 'ci_config_ref_uri')}`, 'ci_config_ref_uri'),
    challenge: challengeSubject,
    extensions: (claims, issuer) => write(GITLAB, claims, issuer, issuer.replace(/\/$/, '')),
    mappedClaims: mappedBy(GITLAB),
    claimsFromExtensions: (extensions, issuer) => ({
      ...read(GITLAB, extensions, issuer, issuer.replace(/\/$/, '')),
      ...gitlabRefClaims(extensions.get(14)),
    }),
  },
  development: {
    title: 'the built-in issuer',
    wellKnown: () => false,
    san: (claims, issuer) => uriName(`${issuer}/${encodeSubject(requiredClaimText(claims, 'sub'))}`, 'sub'),
    challenge: challengeSubject,
    extensions: (claims, issuer) => write(DEVELOPMENT, claims, issuer, issuer),
    mappedClaims: mappedBy(DEVELOPMENT),
    claimsFromExtensions: (extensions, issuer) => read(DEVELOPMENT, extensions, issuer, issuer),
  },
};

/** The type that the issuer's well-known URL gives away. */
export function inferIssuerType(url: string): IssuerType | undefined {
  for (const type of Object.keys(ISSUER_TYPES) as IssuerType[])
    if (ISSUER_TYPES[type].wellKnown(url)) return type;
  return undefined;
}

function mappedBy(rows: readonly Mapping[]): ReadonlySet<string> {
  return new Set(['iss', ...rows.map((row) => row.claim).filter((claim) => claim !== undefined)]);
}

function write(
  rows: readonly Mapping[],
  claims: JsonObject,
  issuer: string,
  base: string,
): Map<number, string> {
  // 1 and 8 say the issuer, raw and as UTF8String, whatever its type.
  const extensions = new Map([[1, issuer]]);
  for (const row of rows) {
    const text = row.text === undefined ? prefixed(row, claims, base) : row.text(claims, base);
    if (text !== undefined) extensions.set(row.number, row.uri ? acceptUri(text, row.claim ?? 'run') : text);
  }
  return extensions.set(8, issuer);
}

function prefixed(row: Mapping, claims: JsonObject, base: string): string | undefined {
  const value = row.claim === undefined ? undefined : claimText(claims, row.claim);
  return value === undefined ? undefined : `${row.prefix?.(base) ?? ''}${value}`;
}

function read(
  rows: readonly Mapping[],
  extensions: ReadonlyMap<number, string>,
  issuer: string,
  base: string,
): JsonObject {
  const claims: Record<string, string> = { iss: issuer };
  for (const row of rows) {
    const text = extensions.get(row.number);
    const prefix = row.prefix?.(base) ?? '';
    if (text !== undefined && row.claim !== undefined && text.startsWith(prefix))
      claims[row.claim] = text.slice(prefix.length);
  }
  return claims;
}

function uriName(value: string, claim: string): SubjectAltName {
  return { type: 'uri', value: acceptUri(value, claim) };
}

// RFC 3986 §2.3: all but unreserved characters are escaped, save the `/` and `:` that make a subject readable; `*`
// and its like among them. A dot segment is refused by `acceptUri`.
function encodeSubject(subject: string): string {
  return encodeURIComponent(subject)
    .replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':');
}

// Enterprise issuers: `https://HOST/_services/token` (server) and `https://token.actions.SUB.ghe.com`.
function githubBase(issuer: string): string {
  const server = /^(https?:\/\/[^/]+)\/_services\/token$/.exec(issuer)?.[1];
  const tenant = /^https:\/\/token\.actions\.([a-z0-9-]+\.ghe\.com)$/.exec(issuer)?.[1];
  return server ?? (tenant === undefined ? 'https://github.com' : `https://${tenant}`);
}

function githubRun(claims: JsonObject, base: string): string | undefined {
  const [repository, run, attempt] = ['repository', 'run_id', 'run_attempt'].map((name) =>
    claimText(claims, name),
  );
  if (repository === undefined || run === undefined || attempt === undefined) return undefined;
  return `${base}/${repository}/actions/runs/${run}/attempts/${attempt}`;
}

function gitlabJob(claims: JsonObject, base: string): string | undefined {
  const project = claimText(claims, 'project_path');
  const job = claimText(claims, 'job_id');
  return project === undefined || job === undefined ? undefined : `${base}/${project}/-/jobs/${job}`;
}

function gitlabRef(claims: JsonObject): string | undefined {
  const ref = claimText(claims, 'ref');
  const type = claimText(claims, 'ref_type');
  if (ref === undefined || (type !== 'branch' && type !== 'tag')) return undefined;
  return `refs/${type === 'branch' ? 'heads' : 'tags'}/${ref}`;
}

function gitlabRefClaims(text: string | undefined): JsonObject {
  const match = /^refs\/(heads|tags)\/(.+)$/s.exec(text ?? '');
  return match?.[2] === undefined ? {} : { ref: match[2], ref_type: match[1] === 'heads' ? 'branch' : 'tag' };
}
