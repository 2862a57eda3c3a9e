// The form of a certificate: what profile and request together say that it must look like. Written by the builders,
// read back by the lint.
import type { KeyUsage, NameConstraints } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import type { IssuanceProfile, NameType } from '../policy/issuance.ts';
import type { PublicKey } from '../verify/key.ts';
import { FIXED_PROFILES, ISSUING_CA_USAGES } from './profiles.ts';
import type { CertificateRequest, FixedProfileName, SubscriberRequest } from './request.ts';

export interface Form {
  readonly ca: boolean;
  /** RFC 5280 §4.2.1.9 pathLenConstraint. */
  readonly pathLength: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly keyUsage: readonly KeyUsage[];
  /** `undefined`: the extension must be absent. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly extendedKeyUsageCritical: boolean;
  /** `one`: exactly one name; `some`: at least one. */
  readonly names: 'none' | 'one' | 'some';
  /** Kinds of names; absent: any. */
  readonly nameTypes?: readonly NameType[];
  readonly wildcard: boolean;
  /** `optional`: a common name where one fits. */
  readonly subject: 'empty' | 'named' | 'optional';
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  /** May begin later than now, which no certificate of the yard's own does. */
  readonly mayBeginLater: boolean;
  /** Extensions of the profile, beyond those that every certificate has. */
  readonly moreExtensions: readonly string[];
}

const LEAST_SECONDS = 60;
const NOTHING_MORE: readonly string[] = [];

const FIXED: Readonly<Record<FixedProfileName, Form>> = {
  root: fixedForm('root'),
  'intermediate-ca': fixedForm('intermediate-ca'),
  'issuing-ca': fixedForm('issuing-ca'),
  listener: fixedForm('listener'),
  timestamp: fixedForm('timestamp'),
  'ocsp-responder': { ...fixedForm('ocsp-responder'), moreExtensions: [OID.ocspNoCheck] },
  keyless: fixedForm('keyless'),
};

function fixedForm(name: FixedProfileName): Form {
  const { extendedKeyUsage, maxLifetimeSeconds, ...rest } = FIXED_PROFILES[name];
  return {
    ...rest,
    pathLength: undefined,
    nameConstraints: undefined,
    extendedKeyUsage: extendedKeyUsage === 'by-terms' ? undefined : extendedKeyUsage,
    wildcard: false,
    leastSeconds: LEAST_SECONDS,
    mostSeconds: maxLifetimeSeconds,
    mayBeginLater: false,
    moreExtensions: NOTHING_MORE,
  };
}

/** What the certificate of this request must look like. */
export function formOf(request: CertificateRequest): Form {
  switch (request.profile) {
    case 'subscriber':
      return subscriberForm(request);
    case 'root':
    case 'intermediate-ca':
    case 'issuing-ca': {
      const { pathLength, nameConstraints, extendedKeyUsage } = request.terms;
      return { ...FIXED[request.profile], pathLength, nameConstraints, extendedKeyUsage };
    }
    default:
      return FIXED[request.profile];
  }
}

function subscriberForm({ grant, key }: SubscriberRequest): Form {
  const { profile } = grant;
  const ca = profile.base === 'intermediate';
  return {
    ca,
    pathLength: ca ? profile.pathLength : undefined,
    nameConstraints: ca ? profile.nameConstraints : undefined,
    keyUsage: usagesForKey(profile.keyUsage, key.publicKey),
    extendedKeyUsage: extendedUsages(profile, ca),
    // RFC 3161 §2.3
    extendedKeyUsageCritical: profile.extendedKeyUsage.includes(OID.timeStamping),
    names: ca ? 'none' : 'some',
    nameTypes: profile.nameTypes,
    wildcard: profile.wildcard,
    subject: ca ? 'named' : profile.subject === 'empty' ? 'empty' : 'optional',
    leastSeconds: profile.lifetime.leastSeconds,
    mostSeconds: Math.min(grant.lifetimeSeconds, profile.lifetime.mostSeconds),
    mayBeginLater: true,
    moreExtensions: profile.extensions.map(({ oid }) => oid),
  };
}

/** A subordinate authority signs what its profile is used for, and nothing else. */
function extendedUsages(profile: IssuanceProfile, ca: boolean): readonly string[] | undefined {
  if (profile.extendedKeyUsage.length > 0) return profile.extendedKeyUsage;
  return ca ? ISSUING_CA_USAGES[profile.usage] : undefined;
}

/** Usages that each kind of key has: RFC 4055 §1.2 (RSA), 5480 §3 (EC), 9295 (Ed25519), 9881 §3 (ML-DSA). */
const NOT_FOR: Readonly<Record<'rsa' | 'ec' | 'signature', readonly KeyUsage[]>> = {
  rsa: ['keyAgreement', 'encipherOnly', 'decipherOnly'],
  ec: ['keyEncipherment', 'dataEncipherment'],
  signature: ['keyEncipherment', 'dataEncipherment', 'keyAgreement', 'encipherOnly', 'decipherOnly'],
};

/** The usages that a key of this algorithm cannot have. */
export function usagesNotFor(algorithm: PublicKey['algorithm']): readonly KeyUsage[] {
  if (algorithm === 'rsa') return NOT_FOR.rsa;
  return algorithm.startsWith('ec-') ? NOT_FOR.ec : NOT_FOR.signature;
}

/** A profile is for many kinds of keys: each gets the usages that it can have. */
function usagesForKey(usages: readonly KeyUsage[], key: PublicKey): readonly KeyUsage[] {
  const not = usagesNotFor(key.algorithm);
  return usages.filter((usage) => !not.includes(usage));
}
