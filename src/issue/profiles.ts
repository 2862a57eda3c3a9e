// What each kind of certificate looks like, as data: builders write it and the lint reads it back.
import type { AuthorityPurpose } from '../authority/authority.ts';
import type { KeyUsage } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import type { ProfileName } from './request.ts';

export interface Profile {
  readonly ca: boolean;
  readonly pathLength?: number;
  readonly keyUsage: readonly KeyUsage[];
  /** `undefined`: the extension must be absent; `by-purpose`: see `ISSUING_CA_USAGES`. */
  readonly extendedKeyUsage: readonly string[] | 'by-purpose' | undefined;
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

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** No extended key usage: a root that had one could not sign authorities for others (sigstore's profile too). */
  root: {
    ca: true,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: undefined,
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 10 * YEAR,
    maxLifetimeSeconds: 10 * YEAR,
  },
  'issuing-ca': {
    ca: true,
    pathLength: 0,
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: 'by-purpose',
    extendedKeyUsageCritical: false,
    names: 'none',
    subject: 'named',
    lifetimeSeconds: 5 * YEAR,
    maxLifetimeSeconds: 5 * YEAR,
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
export const ISSUING_CA_USAGES: Readonly<Record<Exclude<AuthorityPurpose, 'root'>, readonly string[]>> = {
  tls: [OID.serverAuth, OID.clientAuth],
  'code-signing': [OID.codeSigning],
  timestamping: [OID.timeStamping],
};

/** The authority that may sign each profile. */
export const SIGNED_BY: Readonly<Record<ProfileName, AuthorityPurpose>> = {
  root: 'root',
  'issuing-ca': 'root',
  listener: 'tls',
  timestamp: 'timestamping',
  keyless: 'code-signing',
};
