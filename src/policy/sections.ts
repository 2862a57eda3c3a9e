// The flat sections of the document: issuers, administer, clusters.
import { asEnvironmentName, type IdentityName } from '../ground/ids.ts';
import type { IssuerConfig, IssuerType } from '../identity/identity.ts';
import { ISSUER_TYPES, inferIssuerType } from '../identity/issuers.ts';
import type { ScalarValue, Value } from './document.ts';
import { compileExpression, type Expression, type ExpressionKind, ExpressionRefused } from './expression.ts';
import { didYouMean } from './nearest.ts';
import type { AdministerRule, ClusterRule, IdentityRule, Role } from './policy.ts';
import type { Reader } from './shape.ts';

const ROLES: readonly Role[] = ['viewer', 'auditor', 'operator', 'administrator'];
const TYPES = Object.keys(ISSUER_TYPES) as readonly IssuerType[];

/** The built-in issuer's URL for a yard. */
export function developmentIssuerUrl(publicUrl: string): string {
  return `${publicUrl.replace(/\/$/, '')}/oidc`;
}

/** An entry of a map whose keys are names. */
export interface Named {
  readonly key: ScalarValue;
  readonly name: string;
  readonly value: Value;
}

export function named(reader: Reader, value: Value | undefined): Named[] {
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
    const identity = [...identities.values()].find(({ name }) => name === who);
    if (identity?.from === 'binding')
      reader.findings.add(
        item,
        `this rule could never take effect: the admin API knows no bindings, and "${who}" (line ${identity.line}) is "from: binding"`,
      );
    rules.push({ who, kind: identity === undefined ? 'token' : 'identity', role, line: item.line });
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
