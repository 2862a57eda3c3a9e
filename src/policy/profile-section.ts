// The `profiles` section: profiles of a document's own, each made from a built-in one.

import { OID } from '../formats/x509/oids.ts';
import { asEnvironmentName, type EnvironmentName } from '../ground/ids.ts';
import { BUILT_IN_PROFILES, isBuiltInProfile, LONGEST_LIFETIME } from './built-in-profiles.ts';
import type { ScalarValue, Value } from './document.ts';
import {
  BUILT_IN_PROFILE_NAMES,
  type BuiltInProfile,
  type IssuanceProfile,
  KEY_KINDS,
  type LintSeverity,
} from './issuance.ts';
import { isAuthorityId } from './issue-section.ts';
import { didYouMean } from './nearest.ts';
import { readExtensions, readNameConstraints } from './profile-extensions.ts';
import { duration, type Fields, type Reader } from './shape.ts';

const MOST_PROFILES = 200;
const MOST_LINT_LINES = 100;
const MOST_PATH_LENGTH = 8;
const LEAST_LIFETIME = 60;
const MOST_RETENTION = 20 * 365 * 86_400;
const SEVERITIES: readonly LintSeverity[] = ['error', 'warning', 'off'];
const LINT_NAME = /^[a-z0-9][a-z0-9-]{0,79}$/;

const FIELDS = {
  base: true,
  description: false,
  lifetime: false,
  keys: false,
  names: false,
  subject: false,
  wildcard: false,
  extensions: false,
  'name-constraints': false,
  'path-length': false,
  authority: false,
  environments: false,
  caa: false,
  lint: false,
  'crl-retention': false,
};

/** The built-in profiles, and those of the document. @param environments the names that the document declares */
export function readProfiles(
  reader: Reader,
  value: Value | undefined,
  environments: ReadonlySet<string>,
): ReadonlyMap<string, IssuanceProfile> {
  const profiles = new Map<string, IssuanceProfile>(Object.entries(BUILT_IN_PROFILES));
  const entries = value === undefined ? undefined : reader.map(value)?.entries;
  if (value !== undefined && entries !== undefined && entries.size > MOST_PROFILES) {
    reader.findings.add(value, `more than ${MOST_PROFILES} profiles`);
    return profiles;
  }
  for (const { key, value: inner } of entries?.values() ?? []) {
    const name = reader.name(key);
    if (name === undefined) continue;
    if (isBuiltInProfile(name)) {
      reader.findings.add(
        key,
        `"${name}" is a built-in profile: give yours another name and say "base: ${name}"`,
      );
      continue;
    }
    const profile = readProfile(reader, { key, name, value: inner }, environments);
    if (profile !== undefined) profiles.set(name, profile);
  }
  return profiles;
}

interface Row {
  readonly key: ScalarValue;
  readonly name: string;
  readonly value: Value;
}

type Own = { -readonly [K in keyof IssuanceProfile]?: IssuanceProfile[K] | undefined };

function readProfile(
  reader: Reader,
  row: Row,
  environments: ReadonlySet<string>,
): IssuanceProfile | undefined {
  const fields = reader.fields(row.value, FIELDS);
  const baseValue = fields?.get('base');
  const base = baseValue === undefined ? undefined : reader.oneOf(baseValue, BUILT_IN_PROFILE_NAMES);
  if (fields === undefined || base === undefined) return undefined;
  const own: Own = { name: row.name, line: row.key.line };
  const from = BUILT_IN_PROFILES[base];
  const each: Readonly<Record<Exclude<keyof typeof FIELDS, 'base'>, (value: Value) => void>> = {
    description: (at) => {
      own.description = readDescription(reader, at);
    },
    lifetime: (at) => {
      own.lifetime = readLifetime(reader, at, base);
    },
    keys: (at) => {
      own.keys = narrowed(reader, at, 'keys', KEY_KINDS, from.keys, from);
    },
    names: (at) => {
      own.nameTypes = narrowed(reader, at, 'names', ['dns', 'ip', 'uri', 'email'], from.nameTypes, from);
    },
    subject: (at) => {
      own.subject = reader.oneOf(at, ['empty', 'common-name']);
    },
    wildcard: (at) => {
      own.wildcard = readWildcard(reader, at, from);
    },
    extensions: (at) => {
      own.extensions = [...from.extensions, ...(readExtensions(reader, at, from.extensions) ?? [])];
    },
    'name-constraints': (at) => {
      own.nameConstraints = ofAuthority(reader, at, from) ? readNameConstraints(reader, at) : undefined;
    },
    'path-length': (at) => {
      own.pathLength = ofAuthority(reader, at, from) ? reader.integer(at, 0, MOST_PATH_LENGTH) : undefined;
    },
    authority: (at) => {
      const id = reader.text(at)?.value;
      own.authority = id !== undefined && isAuthorityId(reader, at, id) ? id : undefined;
    },
    environments: (at) => {
      own.environments = readEnvironmentNames(reader, at, environments);
    },
    caa: (at) => {
      own.caa = reader.boolean(at);
    },
    lint: (at) => {
      own.lint = readLint(reader, at);
    },
    'crl-retention': (at) => {
      own.crlRetentionSeconds = reader.duration(at, from.crlRetentionSeconds, MOST_RETENTION);
    },
  };
  readEach(fields, each);
  return { ...from, ...withoutUndefined(own) };
}

function readEach(fields: Fields, each: Readonly<Record<string, (value: Value) => void>>): void {
  for (const [name, read] of Object.entries(each)) {
    const value = fields.get(name);
    if (value !== undefined) read(value);
  }
}

// What could not be read has a finding, which keeps the document from being used.
function withoutUndefined(own: Own): Partial<IssuanceProfile> {
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
}

function readDescription(reader: Reader, at: Value): string | undefined {
  const text = reader.text(at)?.value;
  if (text === undefined || (text.length <= 200 && /^[^\p{C}]+$/u.test(text))) return text;
  reader.findings.add(at, '"description" must be one line of at most 200 characters');
  return undefined;
}

/** `lifetime: 12h` is what a certificate gets and the most that it can get. */
function readLifetime(
  reader: Reader,
  at: Value,
  base: BuiltInProfile,
): IssuanceProfile['lifetime'] | undefined {
  const longest = LONGEST_LIFETIME[base];
  const { lifetime } = BUILT_IN_PROFILES[base];
  if (at.kind === 'scalar') {
    const seconds = reader.duration(at, LEAST_LIFETIME, longest);
    if (seconds === undefined) return undefined;
    return {
      leastSeconds: Math.min(lifetime.leastSeconds, seconds),
      defaultSeconds: seconds,
      mostSeconds: seconds,
    };
  }
  const fields = reader.fields(at, { least: false, default: false, most: false });
  if (fields === undefined) return undefined;
  const read = (name: string): number | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : reader.duration(value, LEAST_LIFETIME, longest);
  };
  const [least, usual, most] = [read('least'), read('default'), read('most')];
  const mostSeconds = most ?? Math.max(lifetime.mostSeconds, usual ?? 0);
  const leastSeconds = least ?? Math.min(lifetime.leastSeconds, usual ?? mostSeconds, mostSeconds);
  const defaultSeconds = usual ?? Math.max(leastSeconds, Math.min(lifetime.defaultSeconds, mostSeconds));
  if (leastSeconds <= defaultSeconds && defaultSeconds <= mostSeconds)
    return { leastSeconds, defaultSeconds, mostSeconds };
  reader.findings.add(
    at,
    `"lifetime" must have least (${duration(leastSeconds)}), default (${duration(defaultSeconds)}) and most (${duration(mostSeconds)}) in this order`,
  );
  return undefined;
}

function narrowed<Word extends string>(
  reader: Reader,
  at: Value,
  field: string,
  words: readonly Word[],
  allowed: readonly Word[],
  base: IssuanceProfile,
): readonly Word[] | undefined {
  const chosen = reader.words(at, words);
  const beyond = chosen?.find((word) => !allowed.includes(word));
  if (beyond === undefined) return chosen;
  reader.findings.add(
    at,
    `"${field}" of base "${base.name}" are ${allowed.join(', ')}: ${beyond} is not among them`,
  );
  return undefined;
}

function readWildcard(reader: Reader, at: Value, base: IssuanceProfile): boolean | undefined {
  const wildcard = reader.boolean(at);
  if (wildcard !== true || base.extendedKeyUsage.includes(OID.serverAuth)) return wildcard;
  reader.findings.add(at, `"wildcard: true" is for servers, and base "${base.name}" is none`);
  return undefined;
}

function ofAuthority(reader: Reader, at: Value, base: IssuanceProfile): boolean {
  if (base.base === 'intermediate') return true;
  reader.findings.add(
    at,
    `only a profile with "base: intermediate" has this: "${base.name}" makes no authority`,
  );
  return false;
}

function readEnvironmentNames(
  reader: Reader,
  at: Value,
  declared: ReadonlySet<string>,
): readonly EnvironmentName[] | undefined {
  const names: EnvironmentName[] = [];
  for (const text of reader.texts(at) ?? []) {
    const name = asEnvironmentName(text);
    if (name !== undefined && declared.has(text)) names.push(name);
    else reader.findings.add(at, `there is no environment "${text}"${didYouMean(text, declared)}`);
  }
  return names.length === 0 ? undefined : names;
}

function readLint(reader: Reader, at: Value): ReadonlyMap<string, LintSeverity> | undefined {
  const entries = reader.map(at)?.entries;
  if (entries === undefined) return undefined;
  const lint = new Map<string, LintSeverity>();
  if (entries.size > MOST_LINT_LINES) reader.findings.add(at, `more than ${MOST_LINT_LINES} lint rules`);
  for (const [name, { key, value }] of entries) {
    if (!LINT_NAME.test(name)) reader.findings.add(key, `"${name}" is not the name of a lint rule`);
    const severity = reader.oneOf(value, SEVERITIES);
    if (severity !== undefined) lint.set(name, severity);
  }
  return lint;
}
