// `issue` and `authorities` of an environment as they are written, before inheritance. What contradicts the profile
// that a rule names could never take effect, so it is told here.
import type { IdentityName } from '../ground/ids.ts';
import type { Value } from './document.ts';
import { CHALLENGE_TYPES, type ChallengeType, type IssuanceProfile, type NameType } from './issuance.ts';
import type { NamePattern } from './name-pattern.ts';
import { type Known, profileAt, readIdentityName, readProfileName } from './references.ts';
import type { Fields, Reader } from './shape.ts';

/** A rule as written: `undefined` where it leaves something open, and so to its parent or the profile. */
export interface WrittenIssue {
  readonly who: IdentityName | 'anyone';
  readonly profile: IssuanceProfile;
  readonly names: readonly NamePattern[];
  readonly lifetimeSeconds: number | undefined;
  readonly proof: 'policy' | 'challenge' | undefined;
  readonly challenges: readonly ChallengeType[] | undefined;
  readonly wildcard: boolean | undefined;
  readonly caa: boolean | undefined;
  readonly until: Date | undefined;
  readonly at: Value;
}

export interface WrittenAuthorities {
  readonly ids: readonly string[];
  readonly at: Value;
}

const AUTHORITY_ID = /^[a-z0-9-]{1,40}$/;
const FIELDS = {
  who: true,
  profile: true,
  names: true,
  lifetime: false,
  proof: false,
  challenges: false,
  wildcard: false,
  caa: false,
  until: false,
};

export function readIssue(reader: Reader, value: Value, known: Known): WrittenIssue | undefined {
  const fields = reader.fields(value, FIELDS);
  const who = readWho(reader, fields?.get('who'), known);
  const profileValue = fields?.get('profile');
  const profile = profileValue === undefined ? undefined : readProfileName(reader, profileValue, known);
  const namesValue = fields?.get('names');
  const names = namesValue === undefined ? undefined : reader.namePatterns(namesValue);
  if (fields === undefined || who === undefined || profile === undefined || names === undefined)
    return undefined;
  const rule = { who, profile, names, at: value, ...readOptions(reader, fields, profile) };
  for (const message of objections(rule))
    reader.findings.add(value, `this rule could never take effect: ${message}`);
  return rule;
}

function readWho(reader: Reader, value: Value | undefined, known: Known): WrittenIssue['who'] | undefined {
  if (value === undefined) return undefined;
  return value.kind === 'scalar' && value.value === 'anyone'
    ? 'anyone'
    : readIdentityName(reader, value, known);
}

function readOptions(
  reader: Reader,
  fields: Fields,
  profile: IssuanceProfile,
): Omit<WrittenIssue, 'who' | 'profile' | 'names' | 'at'> {
  const optional = <T>(name: keyof typeof FIELDS, read: (value: Value) => T | undefined): T | undefined => {
    const value = fields.get(name);
    return value === undefined ? undefined : read(value);
  };
  const { leastSeconds, mostSeconds } = profile.lifetime;
  return {
    lifetimeSeconds: optional('lifetime', (value) => reader.duration(value, leastSeconds, mostSeconds)),
    proof: optional('proof', (value) => reader.oneOf(value, ['policy', 'challenge'])),
    challenges: optional('challenges', (value) => reader.words(value, CHALLENGE_TYPES)),
    wildcard: optional('wildcard', (value) => reader.boolean(value)),
    caa: optional('caa', (value) => reader.boolean(value)),
    until: optional('until', (value) => reader.instant(value)),
  };
}

function objections(rule: WrittenIssue): string[] {
  const { who, profile, names, proof, challenges, wildcard, caa } = rule;
  const foreign = names.filter((pattern) => !profile.nameTypes.includes(pattern.type));
  const found = foreign.map(
    ({ text, type }) => `"${text}" is of type ${type}, and profile ${profileAt(profile)} has no such names`,
  );
  if (who === 'anyone' && proof === 'policy') found.push('"who: anyone" must prove control of each name');
  if (
    profile.base === 'intermediate' &&
    (who === 'anyone' || proof === 'challenge' || challenges !== undefined)
  )
    found.push(`control of a name makes nobody an authority, as profile ${profileAt(profile)} does`);
  if (challenges !== undefined && who !== 'anyone' && proof === 'policy')
    found.push('"challenges" need "proof: challenge"');
  if (wildcard === true && !profile.wildcard)
    found.push(`profile ${profileAt(profile)} has no wildcard names`);
  if (caa === false && profile.caa) found.push(`profile ${profileAt(profile)} says "caa: true"`);
  return found;
}

export function readAuthorities(reader: Reader, value: Value | undefined): WrittenAuthorities | undefined {
  if (value === undefined) return undefined;
  const ids = reader.texts(value)?.filter((id) => isAuthorityId(reader, value, id));
  return ids === undefined ? undefined : { ids, at: value };
}

/** Whether text can be an authority's id; a finding where not. */
export function isAuthorityId(reader: Reader, at: Value, id: string): boolean {
  if (AUTHORITY_ID.test(id)) return true;
  reader.findings.add(at, `"${id}" is not the id of an authority, such as tls-1`);
  return false;
}

/** Whether a challenge can prove control of a name of this type (RFC 8555 §8, RFC 8738 §§4, 5; wildcards: §7.1.3). */
export function canProve(
  challenge: ChallengeType,
  name: { readonly type: NameType; readonly wildcard: boolean },
): boolean {
  if (name.type === 'ip') return challenge === 'http-01' || challenge === 'tls-alpn-01';
  if (name.type !== 'dns') return false;
  return !name.wildcard || challenge === 'dns-01' || challenge === 'dns-persist-01';
}

/** The patterns of which no name could ever be proven. */
export function unprovable(
  names: readonly NamePattern[],
  challenges: readonly ChallengeType[],
): readonly NamePattern[] {
  return names.filter(({ type }) => !challenges.some((one) => canProve(one, { type, wildcard: false })));
}
