// What a CA certificate will say: names, lifetime, limits and uses, from what was asked and what the authority above allows.
import type { AuthorityPurpose, KnownAuthority } from '../../authority/authority.ts';
import { roomBelow, usagesBelow } from '../../authority/paths.ts';
import type { KeyAlgorithm } from '../../formats/algorithms.ts';
import { readSpki } from '../../formats/algorithms.ts';
import { encodeName } from '../../formats/x509/build.ts';
import type { NameConstraints } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { toHex } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import type { KeyKind } from '../../policy/issuance.ts';
import { keyIdOf } from '../caller-key.ts';
import { FIXED_PROFILES, ISSUING_CA_USAGES, MAX_CA_SECONDS } from '../profiles.ts';
import type { CaTerms } from '../request.ts';

/** What whoever asks for an authority may choose; each has a default. */
export interface CaWishes {
  readonly organization?: string;
  readonly commonName?: string;
  readonly lifetimeSeconds?: number;
  readonly pathLength?: number;
  readonly nameConstraints?: NameConstraints;
}

const TITLES: Readonly<Record<AuthorityPurpose, string>> = {
  root: 'Root CA',
  intermediate: 'Intermediate CA',
  tls: 'TLS CA',
  'code-signing': 'Code Signing CA',
  timestamping: 'Timestamping CA',
};

/** A CA for less than an hour is a mistake of units. */
const LEAST_SECONDS = 3600;
const MOST_PATH_LENGTH = 8;
/** Between these terms and the certificate a key is made, which takes its time (RSA 4096: seconds). */
const MAKING_SECONDS = 60;
/** RFC 5280 appendix A.1: ub-organization-name and ub-common-name. */
const MOST_NAME_LENGTH = 64;

/**
 * @param parent the authority that will sign; `undefined` for a root, and where the signer is not known yet
 * @param now the certificate begins here
 * @throws SealyardError `SY-AUTHORITY-TERMS`
 */
export function termsOf(o: {
  readonly purpose: AuthorityPurpose;
  readonly spki: Uint8Array;
  readonly wishes: CaWishes;
  /** Where nobody names one. */
  readonly organization: string;
  readonly parent: KnownAuthority | undefined;
  readonly now: Date;
}): CaTerms {
  const keyId = keyIdOf(o.spki);
  return {
    subject: subjectOf(o.purpose, keyId, o.wishes, o.organization),
    keyId,
    lifetimeSeconds: lifetimeOf(o.wishes.lifetimeSeconds, profileOf(o.purpose), o.parent, o.now),
    pathLength: pathLengthOf(o.purpose, o.wishes.pathLength, o.parent),
    nameConstraints: o.wishes.nameConstraints,
    extendedKeyUsage: usagesOf(o.purpose, o.parent),
  };
}

/** The profile that a CA of this purpose is issued with. */
export function profileOf(purpose: AuthorityPurpose): 'root' | 'intermediate-ca' | 'issuing-ca' {
  if (purpose === 'root') return 'root';
  return purpose === 'intermediate' ? 'intermediate-ca' : 'issuing-ca';
}

/** The first octets of the key id are in the default name: two authorities of an organization never share a subject. */
function subjectOf(
  purpose: AuthorityPurpose,
  keyId: Uint8Array,
  wishes: CaWishes,
  organization: string,
): Uint8Array {
  const commonName = wishes.commonName ?? `Sealyard ${TITLES[purpose]} ${toHex(keyId.subarray(0, 4))}`;
  return encodeName([
    {
      oid: OID.organizationName,
      value: nameText('organization', wishes.organization ?? organization.slice(0, MOST_NAME_LENGTH)),
    },
    { oid: OID.commonName, value: nameText('common name', commonName) },
  ]);
}

function nameText(what: string, text: string): string {
  // Control and format characters make a name that people cannot tell from another.
  if (text.trim() !== text || text === '' || text.length > MOST_NAME_LENGTH || /\p{C}/u.test(text))
    throw terms(`${what}: 1 to ${MOST_NAME_LENGTH} printable characters`);
  return text;
}

/** By default as the profile says, or as long as the authority above: nothing outlives what signed it. */
export function lifetimeOf(
  wanted: number | undefined,
  profile: 'root' | 'intermediate-ca' | 'issuing-ca',
  parent: KnownAuthority | undefined,
  now: Date,
): number {
  const begins = Math.floor(now.getTime() / 1000) + MAKING_SECONDS;
  const above =
    parent === undefined ? MAX_CA_SECONDS : Math.floor(parent.certificate.notAfter.getTime() / 1000) - begins;
  const most = Math.min(MAX_CA_SECONDS, above);
  const seconds = wanted ?? Math.min(FIXED_PROFILES[profile].lifetimeSeconds, most);
  if (!Number.isInteger(seconds) || seconds < LEAST_SECONDS || seconds > most)
    throw terms(`lifetime: ${LEAST_SECONDS} to ${most} seconds`);
  return seconds;
}

function pathLengthOf(
  purpose: AuthorityPurpose,
  wanted: number | undefined,
  parent: KnownAuthority | undefined,
): number | undefined {
  const above = parent === undefined ? undefined : roomBelow(parent.chain);
  const most = above === undefined ? MOST_PATH_LENGTH : above - 1;
  const byDefault = above === undefined ? undefined : most;
  // What signs leaves has none below it; what signs authorities needs room for one at least.
  const signsLeaves = purpose !== 'root' && purpose !== 'intermediate';
  const [least, limit] = signsLeaves ? [0, 0] : [1, most];
  const value = wanted ?? (signsLeaves ? 0 : byDefault);
  if (value !== undefined && (!Number.isInteger(value) || value < least || value > limit))
    throw terms(`path length: ${least} to ${limit}`);
  return value;
}

/** RFC 5280 §4.2.1.12: authorities for leaves say for which; those above leave it open, or carry on what is above. */
function usagesOf(
  purpose: AuthorityPurpose,
  parent: KnownAuthority | undefined,
): readonly string[] | undefined {
  const above = parent === undefined ? undefined : usagesBelow(parent.chain);
  if (purpose === 'root' || purpose === 'intermediate') return above;
  return withinAbove(ISSUING_CA_USAGES[purpose], above, purpose);
}

/** What is left of the usages under an authority that names its own. @throws SealyardError `SY-AUTHORITY-TERMS` */
export function withinAbove(
  usages: readonly string[] | undefined,
  above: readonly string[] | undefined,
  purpose: AuthorityPurpose,
): readonly string[] | undefined {
  if (above === undefined) return usages;
  if (usages === undefined) return above;
  const left = usages.filter((oid) => above.includes(oid));
  if (left.length === 0) throw terms(`the authority above excludes ${purpose}`);
  return left;
}

const KEY_OF_KIND: Readonly<
  Record<KeyKind, { readonly algorithm: KeyAlgorithm; readonly bits?: 2048 | 3072 | 4096 }>
> = {
  'ec-p256': { algorithm: 'ec-p256' },
  'ec-p384': { algorithm: 'ec-p384' },
  'ec-p521': { algorithm: 'ec-p521' },
  'rsa-2048': { algorithm: 'rsa', bits: 2048 },
  'rsa-3072': { algorithm: 'rsa', bits: 3072 },
  'rsa-4096': { algorithm: 'rsa', bits: 4096 },
  ed25519: { algorithm: 'ed25519' },
  'ml-dsa-44': { algorithm: 'ml-dsa-44' },
  'ml-dsa-65': { algorithm: 'ml-dsa-65' },
  'ml-dsa-87': { algorithm: 'ml-dsa-87' },
};

export function keyOfKind(kind: KeyKind): (typeof KEY_OF_KIND)[KeyKind] {
  return KEY_OF_KIND[kind];
}

/** The kind that a key is of; an RSA key of an odd size counts as the next larger one that we make. */
export function kindOfKey(spki: Uint8Array): KeyKind {
  const { algorithm, bits } = readSpki(spki);
  if (algorithm !== 'rsa') return algorithm;
  if (bits <= 2048) return 'rsa-2048';
  return bits <= 3072 ? 'rsa-3072' : 'rsa-4096';
}

/** A root and what is below it sign a handful of certificates in ten years; the others sign for every request. */
export const DEFAULT_KEY: Readonly<Record<AuthorityPurpose, KeyKind>> = {
  root: 'ec-p384',
  intermediate: 'ec-p384',
  tls: 'ec-p256',
  'code-signing': 'ec-p256',
  timestamping: 'ec-p256',
};

export function terms(detail: string): SealyardError {
  return new SealyardError('SY-AUTHORITY-TERMS', detail);
}
