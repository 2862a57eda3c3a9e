// The flat sections of the document: issuers, identities, administer, clusters.
import { asEnvironmentName, asIdentityName, type IdentityName } from '../ground/ids.ts';
import type { IssuerConfig, IssuerType } from '../identity/identity.ts';
import { ISSUER_TYPES, inferIssuerType } from '../identity/issuers.ts';
import type { ScalarValue, Value } from './document.ts';
import { compileExpression, type Expression, type ExpressionKind, ExpressionRefused } from './expression.ts';
import { didYouMean } from './nearest.ts';
import type { AdministerRule, ClusterRule, IdentityRule, Role } from './policy.ts';
import type { Reader } from './shape.ts';

const ROLES: readonly Role[] = ['viewer', 'auditor', 'operator', 'administrator'];
const TYPES = Object.keys(ISSUER_TYPES) as readonly IssuerType[];
/** What the document may say one day; saying so now must not look as if it had an effect. */
const LATER_SOURCES = ['kubernetes', 'spiffe', 'token', 'certificate', 'cluster'];

/** The built-in issuer's URL for a yard. */
export function developmentIssuerUrl(publicUrl: string): string {
  return `${publicUrl.replace(/\/$/, '')}/oidc`;
}

interface Named {
  readonly key: ScalarValue;
  readonly name: string;
  readonly value: Value;
}

function named(reader: Reader, value: Value | undefined): Named[] {
  if (value === undefined) return [];
  const rows: Named[] = [];
  for (const { key, value: inner } of reader.map(value)?.entries.values() ?? []) {
    const name = reader.name(key);
    if (name !== undefined) rows.push({ key, name, value: inner });
  }
  return rows;
}

export interface ReadIssuer extends IssuerConfig {
  readonly line: number;
}

export function readIssuers(
  reader: Reader,
  value: Value | undefined,
  publicUrl: string,
): Map<string, ReadIssuer> {
  const issuers = new Map<string, ReadIssuer>();
  for (const row of named(reader, value)) {
    const issuer = readIssuer(reader, row, publicUrl);
    const twin = [...issuers.values()].find((other) => other.url === issuer?.url);
    if (issuer === undefined) continue;
    if (twin !== undefined)
      reader.findings.add(row.key, `"${row.name}" has the URL of "${twin.name}" at line ${twin.line}`);
    issuers.set(row.name, issuer);
  }
  return issuers;
}

function readIssuer(reader: Reader, row: Named, publicUrl: string): ReadIssuer | undefined {
  const fields = reader.fields(row.value, { url: true, type: false, audiences: false });
  const urlValue = fields?.get('url');
  if (fields === undefined || urlValue === undefined) return undefined;
  const url = readUrl(reader, urlValue);
  const type = url === undefined ? undefined : readType(reader, fields.get('type'), urlValue, url, publicUrl);
  const audiences = readAudiences(reader, fields.get('audiences'), publicUrl);
  if (url === undefined || type === undefined || audiences === undefined) return undefined;
  return { name: row.name, url, type, audiences, line: row.key.line };
}

function readUrl(reader: Reader, value: Value): string | undefined {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  const url = URL.canParse(text.value) ? new URL(text.value) : undefined;
  const loopback = url !== undefined && /^(localhost|127\.[0-9.]+|\[::1\])$/.test(url.hostname);
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback);
  const plain = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (secure && plain && text.value.length <= 512 && /^[!-~]+$/.test(text.value)) return text.value;
  reader.findings.add(
    value,
    `"${text.value}" is not an https URL without query (http only for this machine)`,
  );
  return undefined;
}

function readType(
  reader: Reader,
  value: Value | undefined,
  urlValue: Value,
  url: string,
  publicUrl: string,
): IssuerType | undefined {
  const builtIn = developmentIssuerUrl(publicUrl);
  const inferred = url === builtIn ? 'development' : inferIssuerType(url);
  const type = value === undefined ? inferred : reader.oneOf(value, TYPES);
  if (type === undefined) {
    if (value === undefined)
      reader.findings.add(urlValue, `the URL does not give the type away: add "type: ${TYPES.join('|')}"`);
    return undefined;
  }
  if ((type === 'development') === (url === builtIn)) return type;
  reader.findings.add(
    urlValue,
    `${builtIn} is this yard's built-in issuer, and nothing else is of type development`,
  );
  return undefined;
}

function readAudiences(
  reader: Reader,
  value: Value | undefined,
  publicUrl: string,
): readonly string[] | undefined {
  if (value === undefined) return [publicUrl];
  const list = reader.list(value);
  const texts = list?.items.map((item) => reader.text(item)?.value).filter((one) => one !== undefined);
  if (list === undefined || texts === undefined || texts.length !== list.items.length) return undefined;
  if (texts.length > 0 && texts.length <= 16) return texts;
  reader.findings.add(list, '"audiences" must name 1 to 16 audiences');
  return undefined;
}

export function readIdentities(
  reader: Reader,
  value: Value | undefined,
  issuers: ReadonlyMap<string, ReadIssuer>,
): Map<IdentityName, IdentityRule> {
  const identities = new Map<IdentityName, IdentityRule>();
  for (const row of named(reader, value)) {
    const name = asIdentityName(row.name);
    const rule = name === undefined ? undefined : readIdentity(reader, row, name, issuers);
    if (rule !== undefined) identities.set(rule.name, rule);
  }
  return identities;
}

function readIdentity(
  reader: Reader,
  row: Named,
  name: IdentityName,
  issuers: ReadonlyMap<string, ReadIssuer>,
): IdentityRule | undefined {
  const from = row.value.kind === 'map' ? row.value.entries.get('from')?.value : undefined;
  if (from?.kind === 'scalar' && LATER_SOURCES.includes(String(from.value))) {
    reader.findings.add(from, `identities "from: ${String(from.value)}" are not supported by this version`);
    return undefined;
  }
  const fields = reader.fields(row.value, { from: true, issuer: true, where: true });
  const [source, issuerValue, where] = [fields?.get('from'), fields?.get('issuer'), fields?.get('where')];
  if (source === undefined || issuerValue === undefined || where === undefined) return undefined;
  reader.oneOf(source, ['oidc']);
  const issuer = reader.text(issuerValue)?.value;
  const expression = readExpression(reader, where, 'identity');
  if (issuer === undefined || expression === undefined) return undefined;
  if (!issuers.has(issuer)) {
    reader.findings.add(issuerValue, `there is no issuer "${issuer}"${didYouMean(issuer, issuers.keys())}`);
    return undefined;
  }
  return { from: 'oidc', name, issuer, where: expression, line: row.key.line };
}

export function readExpression(reader: Reader, value: Value, kind: ExpressionKind): Expression | undefined {
  // `where: true` is a boolean to YAML and an expression to people.
  const literal =
    value.kind === 'scalar' && typeof value.value === 'boolean' ? String(value.value) : undefined;
  const source = literal ?? reader.text(value)?.value;
  if (source === undefined) return undefined;
  try {
    return compileExpression(source, kind);
  } catch (error) {
    if (!(error instanceof ExpressionRefused)) throw error;
    reader.findings.add(value, `the expression cannot be used: ${error.message}`);
    return undefined;
  }
}

export function readAdminister(
  reader: Reader,
  value: Value | undefined,
  identities: ReadonlyMap<IdentityName, IdentityRule>,
): AdministerRule[] {
  const rules: AdministerRule[] = [];
  const items = value === undefined ? [] : (reader.list(value)?.items ?? []);
  for (const item of items) {
    const fields = reader.fields(item, { who: true, role: true });
    const [whoValue, roleValue] = [fields?.get('who'), fields?.get('role')];
    if (whoValue === undefined || roleValue === undefined) continue;
    const text = reader.text(whoValue);
    const who = text === undefined ? undefined : reader.name(text);
    const role = reader.oneOf(roleValue, ROLES);
    if (who === undefined || role === undefined) continue;
    const kind = [...identities.keys()].some((name) => name === who) ? 'identity' : 'token';
    rules.push({ who, kind, role, line: item.line });
  }
  return rules;
}

export function readClusters(
  reader: Reader,
  value: Value | undefined,
  environments: readonly string[],
): Map<string, ClusterRule> {
  const clusters = new Map<string, ClusterRule>();
  for (const row of named(reader, value)) {
    const fields = reader.fields(row.value, { environment: true, issuer: false });
    const issuer = fields?.get('issuer');
    if (issuer !== undefined)
      reader.findings.add(issuer, '"issuer" of a cluster is not supported by this version');
    const at = fields?.get('environment');
    const text = at === undefined ? undefined : reader.text(at);
    const environment = text === undefined ? undefined : asEnvironmentName(text.value);
    if (text === undefined || at === undefined) continue;
    if (environment === undefined || !environments.includes(environment))
      reader.findings.add(
        at,
        `there is no environment "${text.value}"${didYouMean(text.value, environments)}`,
      );
    else clusters.set(row.name, { name: row.name, environment, line: row.key.line });
  }
  return clusters;
}
