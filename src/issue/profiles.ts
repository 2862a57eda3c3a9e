// The fixed profiles: certificates of the yard's own and keyless ones, as data. What subscribers get is policy's
// (`IssuanceProfile`); `form.ts` puts both into the one shape that builders write and the lint reads back.
import { AUTHORITY_PURPOSES, type AuthorityPurpose, type IssuingUsage } from '../authority/authority.ts';
import type { KeyUsage } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import type { FixedProfileName } from './request.ts';

export interface FixedProfile {
  readonly ca: boolean;
  readonly keyUsage: readonly KeyUsage[];
  /** `undefined`: the extension must be absent; `by-terms`: as the ceremony says (`CaTerms`). */
  readonly extendedKeyUsage: readonly string[] | 'by-terms' | undefined;
  readonly extendedKeyUsageCritical: boolean;
  /** `one`: exactly one name; `some`: at least one. */
  readonly names: 'none' | 'one' | 'some';
  readonly subject: 'empty' | 'named';
  readonly lifetimeSeconds: number;
  /** Longer is refused; for keyless the policy says, up to this. */
  readonly maxLifetimeSeconds: number;
}

const DAY = 86_400;
const YEAR = 365 * DAY;
/** CABF BR §6.3.2 advises 25 years at most for a root; nothing below it outlives it. */
export const MAX_CA_SECONDS = 25 * YEAR;

export const FIXED_PROFILES: Readonly<Record<FixedProfileName, FixedProfile>> = {
  /** No extended key usage: a root that had one could not sign authorities for others (sigstore's profile too). */
  root: {
    ca: true,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: undefined,
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 10 * YEAR,
    maxLifetimeSeconds: MAX_CA_SECONDS,
  },
  'intermediate-ca': {
    ca: true,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: 'by-terms',
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 7 * YEAR,
    maxLifetimeSeconds: MAX_CA_SECONDS,
  },
  'issuing-ca': {
    ca: true,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: 'by-terms',
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 5 * YEAR,
    maxLifetimeSeconds: MAX_CA_SECONDS,
  },
  listener: {
    ca: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [OID.serverAuth],
    extendedKeyUsageCritical: false,
    names: 'some',
    subject: 'empty',
    lifetimeSeconds: DAY,
    maxLifetimeSeconds: DAY,
  },
  /** RFC 3161 §2.3: timeStamping alone, critical. */
  timestamp: {
    ca: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [OID.timeStamping],
    extendedKeyUsageCritical: true,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: YEAR,
    maxLifetimeSeconds: YEAR,
  },
  /** RFC 6960 §4.2.2.2: short-lived, since nobody looks its own status up. */
  'ocsp-responder': {
    ca: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [OID.ocspSigning],
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 14 * DAY,
    maxLifetimeSeconds: 14 * DAY,
  },
  /** Sigstore's certificate specification: nothing but one critical name, ten minutes. */
  keyless: {
    ca: false,
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: [OID.codeSigning],
    extendedKeyUsageCritical: false,
    names: 'one',
    subject: 'empty',
    lifetimeSeconds: 600,
    maxLifetimeSeconds: DAY,
  },
};

/** What an issuing authority may be used for at all; verifiers carry it down the chain. */
export const ISSUING_CA_USAGES: Readonly<Record<IssuingUsage, readonly string[]>> = {
  tls: [OID.serverAuth, OID.clientAuth],
  'code-signing': [OID.codeSigning],
  timestamping: [OID.timeStamping],
};

/** The authorities that may sign each profile. */
export const SIGNED_BY: Readonly<Record<FixedProfileName, readonly AuthorityPurpose[]>> = {
  root: ['root'],
  'intermediate-ca': ['root', 'intermediate'],
  'issuing-ca': ['root', 'intermediate'],
  listener: ['tls'],
  timestamp: ['timestamping'],
  'ocsp-responder': AUTHORITY_PURPOSES,
  keyless: ['code-signing'],
};
