// The `identities` section: one way of being somebody for each `from`.
import { asIdentityName, type IdentityName } from '../ground/ids.ts';
import type { Value } from './document.ts';
import { didYouMean } from './nearest.ts';
import type { IdentityRule } from './policy.ts';
import { type Named, named, type ReadIssuer, readExpression } from './sections.ts';
import type { Fields, Reader } from './shape.ts';

/** What the document may say one day; saying so now must not look as if it had an effect. */
const LATER_SOURCES = ['kubernetes', 'spiffe', 'cluster'];
const SOURCES = ['oidc', 'certificate', 'binding', 'service-token'] as const;
type Source = (typeof SOURCES)[number];

const FIELDS: Readonly<Record<Source, Readonly<Record<string, boolean>>>> = {
  oidc: { from: true, issuer: true, where: true },
  certificate: { from: true, where: true },
  binding: { from: true },
  'service-token': { from: true, name: true },
};

type Issuers = ReadonlyMap<string, ReadIssuer>;

export function readIdentities(
  reader: Reader,
  value: Value | undefined,
  issuers: Issuers,
): Map<IdentityName, IdentityRule> {
  const identities = new Map<IdentityName, IdentityRule>();
  for (const row of named(reader, value)) {
    const name = readName(reader, row);
    const rule = name === undefined ? undefined : readIdentity(reader, row, name, issuers);
    if (rule !== undefined) identities.set(rule.name, rule);
  }
  return identities;
}

function readName(reader: Reader, row: Named): IdentityName | undefined {
  if (row.name !== 'anyone') return asIdentityName(row.name);
  reader.findings.add(row.key, '"anyone" is whoever asks, and cannot be the name of an identity');
  return undefined;
}

function readIdentity(
  reader: Reader,
  row: Named,
  name: IdentityName,
  issuers: Issuers,
): IdentityRule | undefined {
  const from = readSource(reader, row);
  const fields = from === undefined ? undefined : reader.fields(row.value, FIELDS[from]);
  if (from === undefined || fields === undefined) return undefined;
  const { line } = row.key;
  if (from === 'binding') return { from, name, line };
  if (from === 'service-token') return readServiceToken(reader, fields, { from, name, line });
  const whereValue = fields.get('where');
  const kind = from === 'oidc' ? 'identity' : 'certificate';
  const where = whereValue === undefined ? undefined : readExpression(reader, whereValue, kind);
  if (from === 'certificate') return where === undefined ? undefined : { from, name, where, line };
  const issuer = readIssuerAlias(reader, fields, issuers);
  return where === undefined || issuer === undefined ? undefined : { from, name, issuer, where, line };
}

function readSource(reader: Reader, row: Named): Source | undefined {
  const from = row.value.kind === 'map' ? row.value.entries.get('from')?.value : undefined;
  if (from === undefined) {
    if (reader.map(row.value) !== undefined) reader.findings.add(row.value, '"from" is missing');
    return undefined;
  }
  if (from.kind !== 'scalar' || !LATER_SOURCES.includes(String(from.value)))
    return reader.oneOf(from, SOURCES);
  reader.findings.add(from, `identities "from: ${String(from.value)}" are not supported by this version`);
  return undefined;
}

function readServiceToken(
  reader: Reader,
  fields: Fields,
  rule: { readonly from: 'service-token'; readonly name: IdentityName; readonly line: number },
): IdentityRule | undefined {
  const value = fields.get('name');
  const text = value === undefined ? undefined : reader.text(value);
  const token = text === undefined ? undefined : reader.name(text);
  return token === undefined ? undefined : { ...rule, token };
}

function readIssuerAlias(reader: Reader, fields: Fields, issuers: Issuers): string | undefined {
  const value = fields.get('issuer');
  const issuer = value === undefined ? undefined : reader.text(value)?.value;
  if (value === undefined || issuer === undefined || issuers.has(issuer)) return issuer;
  reader.findings.add(value, `there is no issuer "${issuer}"${didYouMean(issuer, issuers.keys())}`);
  return undefined;
}
