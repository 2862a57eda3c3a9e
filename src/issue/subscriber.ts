// The body of a subscriber's certificate: what its profile says, around the key and the names that policy granted.
import { encodeName, extensions } from '../formats/x509/build.ts';
import type { Extension } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { SealyardError } from '../ground/errors.ts';
import type { IssuanceProfile, RequestedName } from '../policy/issuance.ts';
import type { Form } from './form.ts';
import { keyKindOf } from './known-keys.ts';
import { distinctNames, subjectNames } from './names.ts';
import type { SubscriberRequest } from './request.ts';
import type { Body } from './template.ts';

/** RFC 5280 appendix A.1: ub-common-name. */
const MAX_COMMON_NAME = 64;
const EMPTY_NAME = encodeName([]);

/**
 * @throws SealyardError `SY-ISSUE-KEY-KIND`, `SY-ISSUE-NAME`, `SY-ISSUE-LIFETIME`
 */
export function subscriberBody(request: SubscriberRequest, form: Form): Body {
  const { grant, key } = request;
  const { profile } = grant;
  const kind = keyKindOf(key.publicKey);
  if (!profile.keys.includes(kind)) throw new SealyardError('SY-ISSUE-KEY-KIND', `${kind}, ${profile.name}`);
  const names = distinctNames(request.names);
  refuseOtherNames(names, profile);
  const subject = subjectOf(names, profile);
  return {
    subject: subject ?? EMPTY_NAME,
    spki: key.publicKey.spki,
    keyId: key.keyId,
    extensions: [
      ...sharedExtensions(profile, form, key.publicKey.algorithm),
      extensions.subjectKeyId(key.keyId),
      ...(form.names === 'none'
        ? []
        : [extensions.subjectAltName(subjectNames(names), { critical: subject === undefined })]),
    ],
    lifetimeSeconds: lifetimeOf(request),
  };
}

/** Policy decided on these names; that the profile has them at all is asked again where the certificate is made. */
function refuseOtherNames(names: readonly RequestedName[], profile: IssuanceProfile): void {
  if (names.length === 0) throw new SealyardError('SY-ISSUE-NAME', 'there is none');
  const other = names.find(({ type }) => !profile.nameTypes.includes(type));
  if (other !== undefined)
    throw new SealyardError('SY-ISSUE-NAME', `${profile.name} has no names of type ${other.type}`);
  if (!profile.wildcard && names.some(({ type, value }) => type === 'dns' && value.startsWith('*')))
    throw new SealyardError('SY-ISSUE-NAME', `${profile.name} has no wildcards`);
}

/** An authority is called by its first name; a leaf by its first DNS name that fits, where its profile names it at all. */
function subjectOf(names: readonly RequestedName[], profile: IssuanceProfile): Uint8Array | undefined {
  const value = profile.base === 'intermediate' ? names[0]?.value : leafName(names, profile);
  if (value === undefined) return undefined;
  if (value.length > MAX_COMMON_NAME) throw new SealyardError('SY-ISSUE-NAME', 'too long for a subject');
  return encodeName([{ oid: OID.commonName, value }]);
}

function leafName(names: readonly RequestedName[], profile: IssuanceProfile): string | undefined {
  if (profile.subject === 'empty') return undefined;
  return names.find(({ type, value }) => type === 'dns' && value.length <= MAX_COMMON_NAME)?.value;
}

function lifetimeOf({ grant, lifetimeSeconds = grant.lifetimeSeconds }: SubscriberRequest): number {
  const { leastSeconds, mostSeconds } = grant.profile.lifetime;
  const most = Math.min(grant.lifetimeSeconds, mostSeconds);
  if (!(lifetimeSeconds >= leastSeconds && lifetimeSeconds <= most))
    throw new SealyardError('SY-ISSUE-LIFETIME', `${leastSeconds} to ${most} seconds are granted`);
  return Math.floor(lifetimeSeconds);
}

// What every certificate of a profile and a kind of key has in common, encoded once.
const shared = new WeakMap<IssuanceProfile, Map<string, readonly Extension[]>>();

function sharedExtensions(profile: IssuanceProfile, form: Form, algorithm: string): readonly Extension[] {
  let known = shared.get(profile);
  if (known === undefined) {
    known = new Map();
    shared.set(profile, known);
  }
  let found = known.get(algorithm);
  if (found === undefined) {
    found = extensionsOf(profile, form);
    known.set(algorithm, found);
  }
  return found;
}

function extensionsOf(profile: IssuanceProfile, form: Form): readonly Extension[] {
  const { ca, pathLength, nameConstraints, keyUsage, extendedKeyUsage } = form;
  if (keyUsage.length === 0)
    throw new SealyardError('SY-ISSUE-KEY-KIND', `no usage of ${profile.name} is for such a key`);
  return [
    ...(ca ? [extensions.basicConstraints({ ca, ...(pathLength === undefined ? {} : { pathLength }) })] : []),
    extensions.keyUsage(keyUsage),
    ...(extendedKeyUsage === undefined
      ? []
      : [extensions.extendedKeyUsage(extendedKeyUsage, { critical: form.extendedKeyUsageCritical })]),
    ...(nameConstraints === undefined ? [] : [extensions.nameConstraints(nameConstraints)]),
    ...profile.extensions.map(({ oid, critical, value }) => extensions.raw(oid, critical, value)),
  ];
}
