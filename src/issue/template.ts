// From a request to the fields of a certificate, one builder for each profile. Nothing is signed or recorded here.

import { der } from '../formats/der.ts';
import { encodeName, extensions } from '../formats/x509/build.ts';
import type { Extension } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { toHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson } from '../ground/json.ts';
import { keyIdOf } from './caller-key.ts';
import type { Form } from './form.ts';
import { identityName, listenerNames } from './names.ts';
import { FIXED_PROFILES, type FixedProfile } from './profiles.ts';
import type { CaTerms, CertificateRequest, FixedProfileName, KeylessRequest } from './request.ts';
import { subscriberBody } from './subscriber.ts';

/** What a profile decides; serial, dates and issuer are the same for all. */
export interface Body {
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly keyId: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly lifetimeSeconds: number;
}

const EMPTY_NAME = encodeName([]);
/** Extensions that say the same in each certificate of a profile, made once. */
const USAGES = usageTable();
const MAX_IDENTITY_BYTES = 16 * 1024;

function usageTable(): Readonly<Record<FixedProfileName, readonly Extension[]>> {
  return {
    root: usages(FIXED_PROFILES.root),
    'intermediate-ca': usages(FIXED_PROFILES['intermediate-ca']),
    'issuing-ca': usages(FIXED_PROFILES['issuing-ca']),
    listener: usages(FIXED_PROFILES.listener),
    timestamp: usages(FIXED_PROFILES.timestamp),
    'ocsp-responder': usages(FIXED_PROFILES['ocsp-responder']),
    keyless: usages(FIXED_PROFILES.keyless),
  };
}

function usages(profile: FixedProfile): readonly Extension[] {
  const { keyUsage, extendedKeyUsage, extendedKeyUsageCritical: critical } = profile;
  return [
    extensions.keyUsage(keyUsage),
    ...(Array.isArray(extendedKeyUsage) ? [extensions.extendedKeyUsage(extendedKeyUsage, { critical })] : []),
  ];
}

/**
 * @throws SealyardError `SY-ISSUE-NAME`, `SY-ISSUE-IDENTITY-TOO-LARGE`, for subscribers `SY-ISSUE-KEY-KIND`,
 *   `SY-ISSUE-LIFETIME`
 */
export function bodyOf(request: CertificateRequest, form: Form): Body {
  switch (request.profile) {
    case 'root':
      return caBody('root', request.signer.publicKey.spki, request.terms);
    case 'intermediate-ca':
    case 'issuing-ca':
      return caBody(request.profile, request.publicKey.spki, request.terms);
    case 'timestamp':
      return named('timestamp', request.organization, request.publicKey.spki, 'Timestamping');
    case 'ocsp-responder':
      return responderBody(request.authority.id, request.publicKey.spki);
    case 'subscriber':
      return subscriberBody(request, form);
    case 'listener':
      return unnamed('listener', request.publicKey.spki, [
        extensions.subjectAltName(listenerNames(request.names), { critical: true }),
      ]);
    case 'keyless':
      return keylessBody(request);
  }
}

function caBody(profile: FixedProfileName, spki: Uint8Array, terms: CaTerms): Body {
  const { subject, keyId, lifetimeSeconds, pathLength, nameConstraints, extendedKeyUsage } = terms;
  return {
    subject,
    spki,
    keyId,
    extensions: [
      extensions.basicConstraints({ ca: true, ...(pathLength === undefined ? {} : { pathLength }) }),
      ...USAGES[profile],
      extensions.subjectKeyId(keyId),
      ...(extendedKeyUsage === undefined ? [] : [extensions.extendedKeyUsage(extendedKeyUsage)]),
      ...(nameConstraints === undefined ? [] : [extensions.nameConstraints(nameConstraints)]),
    ],
    lifetimeSeconds,
  };
}

/** Named for the authority that it answers for. */
function responderBody(authority: string, spki: Uint8Array): Body {
  const body = common('ocsp-responder', spki, keyIdOf(spki));
  const subject = encodeName([{ oid: OID.commonName, value: `OCSP responder of ${authority}` }]);
  return { ...body, subject, extensions: [...body.extensions, extensions.ocspNoCheck()] };
}

/** The first octets of the key id are in the name: two yards of the same organization never share a subject. */
function named(profile: FixedProfileName, organization: string, spki: Uint8Array, title: string): Body {
  const keyId = keyIdOf(spki);
  const commonName = `Sealyard ${title} ${toHex(keyId.subarray(0, 4))}`;
  const subject = encodeName([
    // RFC 5280 appendix A.1: ub-organization-name is 64.
    { oid: OID.organizationName, value: organization.slice(0, 64) },
    { oid: OID.commonName, value: commonName },
  ]);
  return { ...common(profile, spki, keyId), subject };
}

function unnamed(profile: FixedProfileName, spki: Uint8Array, more: readonly Extension[]): Body {
  const body = common(profile, spki, keyIdOf(spki));
  return { ...body, subject: EMPTY_NAME, extensions: [...body.extensions, ...more] };
}

function common(profile: FixedProfileName, spki: Uint8Array, keyId: Uint8Array): Omit<Body, 'subject'> {
  return {
    spki,
    keyId,
    extensions: [...USAGES[profile], extensions.subjectKeyId(keyId)],
    lifetimeSeconds: FIXED_PROFILES[profile].lifetimeSeconds,
  };
}

// life-of-a-signature: the identity becomes a name and extensions (sigstore certificate specification, oid-info).
function keylessBody(request: KeylessRequest): Body {
  const { identity, key, grant } = request;
  const facts = [...identityExtensions(request), ...claimsExtension(grant.claims)];
  const size = facts.reduce((sum, { value }) => sum + value.length, 0);
  if (size > MAX_IDENTITY_BYTES) throw new SealyardError('SY-ISSUE-IDENTITY-TOO-LARGE', `${size} bytes`);
  return {
    subject: EMPTY_NAME,
    spki: key.publicKey.spki,
    keyId: key.keyId,
    extensions: [
      ...USAGES.keyless,
      extensions.subjectKeyId(key.keyId),
      extensions.subjectAltName([identityName(identity.san)], { critical: true }),
      ...facts,
    ],
    lifetimeSeconds: grant.lifetimeSeconds,
  };
}

function identityExtensions({ identity }: KeylessRequest): readonly Extension[] {
  // 1 and 8 are the issuer in the old and the new spelling; every certificate has both.
  const texts = new Map([
    ...identity.extensions,
    [1, identity.issuer] as const,
    [8, identity.issuer] as const,
  ]);
  return [...texts].sort(([a], [b]) => a - b).map(([n, text]) => extensions.fulcio(n, text));
}

function claimsExtension(claims: KeylessRequest['grant']['claims']): readonly Extension[] {
  if (Object.keys(claims).length === 0) return [];
  return [extensions.raw(OID.sealyardClaims, false, der.utf8String(canonicalJson(claims)))];
}
