// The nine profiles that every policy has, as data; those of the document are made from them.
import { OID } from '../formats/x509/oids.ts';
import { BUILT_IN_PROFILE_NAMES, type BuiltInProfile, type IssuanceProfile, KEY_KINDS } from './issuance.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
const YEAR = 365 * DAY;

/** RFC 6960 §4.2.2.2.1: a responder's certificate that is itself not looked up; the value is NULL. */
const OCSP_NO_CHECK = '1.3.6.1.5.5.7.48.1.5';
const DER_NULL = Uint8Array.of(5, 0);

/** What OCSP and timestamp verifiers widely understand. */
const CLASSIC_KEYS = KEY_KINDS.filter((kind) => kind.startsWith('ec-') || kind.startsWith('rsa-'));

/** Where a profile says nothing else. */
const USUAL = {
  usage: 'tls',
  keys: KEY_KINDS,
  subject: 'empty',
  // RFC 8446 has no key transport, so that TLS asks for signatures alone.
  keyUsage: ['digitalSignature'],
  extensions: [],
  wildcard: false,
  lint: new Map(),
  // RFC 5280 §3.3: an entry leaves after it has been on a list issued past the certificate's end.
  crlRetentionSeconds: DAY,
  caa: false,
  line: 0,
} as const;

type Own = Pick<IssuanceProfile, 'description' | 'lifetime' | 'nameTypes' | 'extendedKeyUsage'> &
  Partial<IssuanceProfile>;

const OWN: Readonly<Record<BuiltInProfile, Own>> = {
  'workload-tls': {
    description: 'A service that others call and that calls others',
    lifetime: { leastSeconds: 5 * MINUTE, defaultSeconds: DAY, mostSeconds: 30 * DAY },
    nameTypes: ['dns', 'ip', 'uri'],
    extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
  },
  'server-tls': {
    description: 'A server that browsers and tools connect to',
    lifetime: { leastSeconds: HOUR, defaultSeconds: 90 * DAY, mostSeconds: 397 * DAY },
    nameTypes: ['dns', 'ip'],
    // Old clients look for the host there; new ones ignore it.
    subject: 'common-name',
    extendedKeyUsage: [OID.serverAuth],
    wildcard: true,
  },
  'client-tls': {
    description: 'A client that proves itself to servers',
    lifetime: { leastSeconds: 5 * MINUTE, defaultSeconds: 30 * DAY, mostSeconds: 397 * DAY },
    nameTypes: ['dns', 'uri', 'email'],
    // Databases map users by it (PostgreSQL `clientcert`).
    subject: 'common-name',
    extendedKeyUsage: [OID.clientAuth],
  },
  'code-signing': {
    description: 'A key that signs programs and images',
    usage: 'code-signing',
    lifetime: { leastSeconds: 5 * MINUTE, defaultSeconds: 90 * DAY, mostSeconds: 460 * DAY },
    nameTypes: ['uri', 'email', 'dns'],
    extendedKeyUsage: [OID.codeSigning],
    // What was signed and timestamped before the certificate ended is verified long after.
    crlRetentionSeconds: 10 * YEAR,
  },
  timestamping: {
    description: 'A timestamp authority (RFC 3161)',
    usage: 'timestamping',
    lifetime: { leastSeconds: DAY, defaultSeconds: YEAR, mostSeconds: 6 * YEAR },
    keys: CLASSIC_KEYS,
    nameTypes: ['dns', 'uri'],
    subject: 'common-name',
    extendedKeyUsage: [OID.timeStamping],
    crlRetentionSeconds: 10 * YEAR,
  },
  'ocsp-responder': {
    description: 'A responder that answers for an authority (RFC 6960 §4.2.2.2)',
    lifetime: { leastSeconds: HOUR, defaultSeconds: 7 * DAY, mostSeconds: 90 * DAY },
    keys: CLASSIC_KEYS,
    nameTypes: ['dns', 'uri'],
    subject: 'common-name',
    extendedKeyUsage: [OID.ocspSigning],
    extensions: [{ oid: OCSP_NO_CHECK, critical: false, value: DER_NULL }],
  },
  'spiffe-svid': {
    description: 'A workload with a SPIFFE ID (X.509-SVID)',
    lifetime: { leastSeconds: 5 * MINUTE, defaultSeconds: HOUR, mostSeconds: 7 * DAY },
    nameTypes: ['uri', 'dns'],
    extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
  },
  'pipeline-mtls': {
    description: 'Runners, source control, registries and deployers among themselves',
    lifetime: { leastSeconds: 5 * MINUTE, defaultSeconds: DAY, mostSeconds: 90 * DAY },
    nameTypes: ['dns', 'ip', 'uri'],
    subject: 'common-name',
    extendedKeyUsage: [OID.serverAuth, OID.clientAuth],
  },
  intermediate: {
    description: 'An authority below ours that issues leaves itself',
    lifetime: { leastSeconds: DAY, defaultSeconds: YEAR, mostSeconds: 10 * YEAR },
    nameTypes: ['dns', 'uri'],
    subject: 'common-name',
    keyUsage: ['keyCertSign', 'crlSign'],
    extendedKeyUsage: [],
    pathLength: 0,
    crlRetentionSeconds: 30 * DAY,
  },
};

function builtIn(name: BuiltInProfile): IssuanceProfile {
  return { ...USUAL, ...OWN[name], name, base: name };
}

export const BUILT_IN_PROFILES: Readonly<Record<BuiltInProfile, IssuanceProfile>> = {
  'workload-tls': builtIn('workload-tls'),
  'server-tls': builtIn('server-tls'),
  'client-tls': builtIn('client-tls'),
  'code-signing': builtIn('code-signing'),
  timestamping: builtIn('timestamping'),
  'ocsp-responder': builtIn('ocsp-responder'),
  'spiffe-svid': builtIn('spiffe-svid'),
  'pipeline-mtls': builtIn('pipeline-mtls'),
  intermediate: builtIn('intermediate'),
};

/** The longest life that a profile of the document may give, whatever it says. */
export const LONGEST_LIFETIME: Readonly<Record<BuiltInProfile, number>> = {
  // Apple's clients accept no longer life of a server, of private authorities too.
  'workload-tls': 825 * DAY,
  'server-tls': 825 * DAY,
  'client-tls': 5 * YEAR,
  'code-signing': 5 * YEAR,
  timestamping: 12 * YEAR,
  'ocsp-responder': 397 * DAY,
  'spiffe-svid': 397 * DAY,
  'pipeline-mtls': 825 * DAY,
  intermediate: 20 * YEAR,
};

export function isBuiltInProfile(name: string): name is BuiltInProfile {
  return BUILT_IN_PROFILE_NAMES.some((one) => one === name);
}
