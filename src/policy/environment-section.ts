// The `environments` section as it is written, before inheritance.
import { asEnvironmentName, type EnvironmentName, type IdentityName } from '../ground/ids.ts';
import type { ScalarValue, Value } from './document.ts';
import type { Glob } from './glob.ts';
import { readAuthorities, readIssue, type WrittenAuthorities, type WrittenIssue } from './issue-section.ts';
import { didYouMean } from './nearest.ts';
import type { Requirement } from './policy.ts';
import { type Known, readIdentityName, readSigner } from './references.ts';
import { readExpression } from './sections.ts';
import type { Reader } from './shape.ts';

/** Of a signing certificate: long enough for a build step, short enough to need no revocation. */
const LEAST_LIFETIME = 300;
const MOST_LIFETIME = 3600;
export const DEFAULT_LIFETIME = 600;
const MOST_SIGNERS = 10;
const MOST_RULES = 200;
const MOST_ENVIRONMENTS = 200;

export interface WrittenSign {
  readonly who: IdentityName;
  readonly countsFor: readonly Glob[];
  /** `undefined` where the rule leaves it open. */
  readonly lifetimeSeconds: number | undefined;
  readonly at: Value;
}

export interface WrittenRun {
  readonly images: readonly Glob[];
  readonly require: readonly Requirement[];
  readonly at: Value;
}

export interface WrittenEnvironment {
  readonly name: EnvironmentName;
  readonly key: ScalarValue;
  readonly extends: { readonly name: EnvironmentName; readonly at: Value } | undefined;
  readonly development: { readonly value: boolean; readonly at: Value } | undefined;
  readonly sign: readonly WrittenSign[] | undefined;
  readonly issue: readonly WrittenIssue[] | undefined;
  readonly authorities: WrittenAuthorities | undefined;
  readonly run: readonly WrittenRun[] | undefined;
}

const FIELDS = {
  extends: false,
  development: false,
  sign: false,
  run: false,
  issue: false,
  authorities: false,
};

export function readEnvironments(
  reader: Reader,
  value: Value | undefined,
  known: Known,
): Map<EnvironmentName, WrittenEnvironment> {
  const written = new Map<EnvironmentName, WrittenEnvironment>();
  const entries = value === undefined ? undefined : reader.map(value)?.entries;
  const names = [...(entries?.keys() ?? [])];
  if (value !== undefined && names.length > MOST_ENVIRONMENTS) {
    reader.findings.add(value, `more than ${MOST_ENVIRONMENTS} environments`);
    return written;
  }
  for (const { key, value: inner } of entries?.values() ?? []) {
    const text = reader.name(key);
    const name = text === undefined ? undefined : asEnvironmentName(text);
    const environment =
      name === undefined ? undefined : readEnvironment(reader, name, key, inner, known, names);
    if (environment !== undefined) written.set(environment.name, environment);
  }
  return written;
}

function readEnvironment(
  reader: Reader,
  name: EnvironmentName,
  key: ScalarValue,
  value: Value,
  known: Known,
  names: readonly string[],
): WrittenEnvironment | undefined {
  const fields = reader.fields(value, FIELDS);
  if (fields === undefined) return undefined;
  const development = fields.get('development');
  const marked = development === undefined ? undefined : reader.boolean(development);
  return {
    name,
    key,
    extends: readParent(reader, fields.get('extends'), names),
    development:
      development === undefined || marked === undefined ? undefined : { value: marked, at: development },
    sign: reader.rows(fields.get('sign'), MOST_RULES, (item) => readSign(reader, item, known)),
    issue: reader.rows(fields.get('issue'), MOST_RULES, (item) => readIssue(reader, item, known)),
    authorities: readAuthorities(reader, fields.get('authorities')),
    run: reader.rows(fields.get('run'), MOST_RULES, (item) => readRun(reader, item, known)),
  };
}

function readParent(
  reader: Reader,
  value: Value | undefined,
  names: readonly string[],
): WrittenEnvironment['extends'] {
  const text = value === undefined ? undefined : reader.text(value);
  if (value === undefined || text === undefined) return undefined;
  const name = asEnvironmentName(text.value);
  if (name !== undefined && names.includes(name)) return { name, at: value };
  reader.findings.add(
    value,
    `there is no environment "${text.value}" to extend${didYouMean(text.value, names)}`,
  );
  return undefined;
}

function readSign(reader: Reader, value: Value, known: Known): WrittenSign | undefined {
  const fields = reader.fields(value, { who: true, 'counts-for': true, lifetime: false });
  const [who, globs, lifetime] = [fields?.get('who'), fields?.get('counts-for'), fields?.get('lifetime')];
  if (who === undefined || globs === undefined) return undefined;
  const identity = readSigner(reader, who, known);
  const countsFor = reader.globs(globs);
  const seconds =
    lifetime === undefined ? undefined : reader.duration(lifetime, LEAST_LIFETIME, MOST_LIFETIME);
  if (identity === undefined || countsFor === undefined) return undefined;
  return { who: identity, countsFor, lifetimeSeconds: seconds, at: value };
}

function readRun(reader: Reader, value: Value, known: Known): WrittenRun | undefined {
  const fields = reader.fields(value, { images: true, require: true });
  const [images, require] = [fields?.get('images'), fields?.get('require')];
  if (images === undefined || require === undefined) return undefined;
  const globs = reader.globs(images);
  const requirements = reader.rows(require, MOST_RULES, (item) => readRequirement(reader, item, known));
  return globs === undefined || requirements === undefined
    ? undefined
    : { images: globs, require: requirements, at: value };
}

function readRequirement(reader: Reader, value: Value, known: Known): Requirement | undefined {
  const fields = reader.fields(value, { signed: false, attested: false });
  const [signed, attested] = [fields?.get('signed'), fields?.get('attested')];
  if (signed !== undefined && attested === undefined) return readSigned(reader, signed, value.line, known);
  if (attested !== undefined && signed === undefined)
    return readAttested(reader, attested, value.line, known);
  if (fields !== undefined) reader.findings.add(value, 'a requirement is one of "signed" and "attested"');
  return undefined;
}

function readSigned(reader: Reader, value: Value, line: number, known: Known): Requirement | undefined {
  const fields = reader.fields(value, { by: true, 'at-least': false });
  const by = fields?.get('by');
  const identity = by === undefined ? undefined : readIdentityName(reader, by, known);
  const count = fields?.get('at-least');
  const atLeast = count === undefined ? 1 : reader.integer(count, 1, MOST_SIGNERS);
  return identity === undefined || atLeast === undefined
    ? undefined
    : { kind: 'signed', by: identity, atLeast, line };
}

function readAttested(reader: Reader, value: Value, line: number, known: Known): Requirement | undefined {
  const fields = reader.fields(value, { by: true, type: true, where: false });
  const [by, type, where] = [fields?.get('by'), fields?.get('type'), fields?.get('where')];
  const identity = by === undefined ? undefined : readIdentityName(reader, by, known);
  const predicateType = type === undefined ? undefined : reader.text(type)?.value;
  const expression = where === undefined ? undefined : readExpression(reader, where, 'predicate');
  if (identity === undefined || predicateType === undefined) return undefined;
  if (where !== undefined && expression === undefined) return undefined;
  return { kind: 'attested', by: identity, predicateType, where: expression, line };
}
