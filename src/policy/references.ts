// Names that lines of the document refer to: identities, profiles. What was declared but could not be read has its
// finding already, and is not told a second time where it is used.
import type { IdentityName } from '../ground/ids.ts';
import type { Value } from './document.ts';
import type { IssuanceProfile } from './issuance.ts';
import { didYouMean } from './nearest.ts';
import type { IdentityRule } from './policy.ts';
import type { Reader } from './shape.ts';

/** What lines below may name. */
export interface Known {
  readonly identities: ReadonlyMap<IdentityName, IdentityRule>;
  readonly profiles: ReadonlyMap<string, IssuanceProfile>;
  /** As written, those included that could not be read. */
  readonly declared: { readonly identities: ReadonlySet<string>; readonly profiles: ReadonlySet<string> };
}

/** The keys of a map, of whatever value. */
export function declaredKeys(value: Value | undefined): ReadonlySet<string> {
  return new Set(value?.kind === 'map' ? value.entries.keys() : []);
}

export function readIdentityName(reader: Reader, value: Value, known: Known): IdentityName | undefined {
  return readIdentity(reader, value, known)?.name;
}

/** The identity that signs: somebody with a token, since that is what keyless certificates are given for. */
export function readSigner(reader: Reader, value: Value, known: Known): IdentityName | undefined {
  const rule = readIdentity(reader, value, known);
  if (rule === undefined || rule.from === 'oidc') return rule?.name;
  reader.findings.add(
    value,
    `this rule could never take effect: signing certificates are given for tokens of an issuer, and "${rule.name}" (line ${rule.line}) is "from: ${rule.from}"`,
  );
  return undefined;
}

function readIdentity(reader: Reader, value: Value, known: Known): IdentityRule | undefined {
  const text = reader.text(value);
  if (text === undefined) return undefined;
  for (const rule of known.identities.values()) if (rule.name === text.value) return rule;
  if (!known.declared.identities.has(text.value))
    reader.findings.add(
      value,
      `there is no identity "${text.value}"${didYouMean(text.value, known.identities.keys())}`,
    );
  return undefined;
}

export function readProfileName(reader: Reader, value: Value, known: Known): IssuanceProfile | undefined {
  const text = reader.text(value);
  const profile = text === undefined ? undefined : known.profiles.get(text.value);
  if (text !== undefined && profile === undefined && !known.declared.profiles.has(text.value))
    reader.findings.add(
      value,
      `there is no profile "${text.value}"${didYouMean(text.value, known.profiles.keys())}`,
    );
  return profile;
}

/** How messages name a profile: `"x" (line 12)`. */
export function profileAt(profile: IssuanceProfile): string {
  return `"${profile.name}" (${profile.line === 0 ? 'built in' : `line ${profile.line}`})`;
}
