// The rules that a TBSCertificate must pass before it is signed: named, pure, each with its clause.
import { readSpki, SIGNATURES_OF } from '../formats/algorithms.ts';
import { extensions } from '../formats/x509/build-extensions.ts';
import type { Certificate, NameConstraints } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { equalBytes, fromHex } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { PROFILES, type Profile } from './profiles.ts';
import type { CaTerms, ProfileName } from './request.ts';

/** What a rule reads. `certificate` is parsed back from the TBS that will be signed, not from what built it. */
export interface LintSubject {
  readonly certificate: Certificate;
  readonly profileName: ProfileName;
  readonly profile: Profile;
  /** The signing authority's certificate; `undefined` for a root. */
  readonly issuer: Certificate | undefined;
  /** For a CA, what the ceremony says of it. */
  readonly terms: CaTerms | undefined;
  readonly keyId: Uint8Array;
  readonly now: Date;
}

export interface LintRule {
  readonly name: string;
  /** Where the rule is written. */
  readonly clause: string;
  readonly holds: (subject: LintSubject) => boolean;
}

const MAX_TBS_BYTES = 32 * 1024;

/** Extensions that a certificate of ours may have at all; Fulcio's arc beside them, for keyless ones. */
const KNOWN: readonly string[] = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
];
const MUST_BE_CRITICAL: readonly string[] = [OID.basicConstraints, OID.keyUsage, OID.nameConstraints];
const NEVER_CRITICAL: readonly string[] = [OID.subjectKeyIdentifier, OID.authorityKeyIdentifier];

function criticalOf(certificate: Certificate, oid: string): boolean | undefined {
  return certificate.extensions.find((extension) => extension.oid === oid)?.critical;
}

function sameSet(found: Iterable<string>, expected: readonly string[]): boolean {
  const set = new Set(found);
  return set.size === expected.length && expected.every((item) => set.has(item));
}

function expectedUsages({ profile, terms }: LintSubject): readonly string[] | undefined {
  return profile.extendedKeyUsage === 'by-terms' ? terms?.extendedKeyUsage : profile.extendedKeyUsage;
}

/** Name constraints as DER, for comparison: what was asked for is what is there. */
function constraintsDer(constraints: NameConstraints | undefined): Uint8Array {
  return constraints === undefined ? new Uint8Array(0) : extensions.nameConstraints(constraints).value;
}

function isKeylessExtension(oid: string): boolean {
  return oid.startsWith(`${OID.fulcio}.`) || oid === OID.sealyardClaims;
}

export const LINT_RULES: readonly LintRule[] = [
  {
    name: 'version-3',
    clause: 'RFC 5280 §4.1.2.1',
    holds: ({ certificate }) => certificate.version === 3,
  },
  {
    name: 'serial-16-to-19-octets',
    clause: 'RFC 5280 §4.1.2.2, CABF BR §7.1',
    holds: ({ certificate }) => {
      const octets = fromHex(certificate.serial) ?? new Uint8Array(0);
      return octets.length >= 16 && octets.length <= 19 && (octets[0] ?? 0) > 0;
    },
  },
  {
    name: 'issuer-is-the-subject-of-the-authority',
    clause: 'RFC 5280 §4.1.2.4',
    holds: ({ certificate, issuer }) =>
      equalBytes(certificate.issuer.der, (issuer ?? certificate).subject.der),
  },
  {
    name: 'signature-algorithm-fits-the-authority-key',
    clause: 'RFC 5280 §4.1.1.2',
    holds: ({ certificate, issuer }) => {
      const { algorithm } = readSpki((issuer ?? certificate).spki);
      return SIGNATURES_OF[algorithm][0] === certificate.signatureAlgorithm;
    },
  },
  {
    name: 'starts-now',
    clause: 'no back-dating, no post-dating; dates are cut to the second',
    holds: ({ certificate, now }) => Math.abs(now.getTime() - certificate.notBefore.getTime()) < 1000,
  },
  {
    name: 'lifetime-within-profile',
    clause: 'profiles.ts',
    holds: ({ certificate, profile }) => {
      const seconds = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / 1000;
      return seconds >= 60 && seconds <= profile.maxLifetimeSeconds;
    },
  },
  {
    name: 'within-the-authority-validity',
    clause: 'RFC 5280 §6.1.3 (a)(2): a path is valid only while each certificate of it is',
    holds: ({ certificate, issuer }) =>
      issuer === undefined ||
      (certificate.notBefore >= issuer.notBefore && certificate.notAfter <= issuer.notAfter),
  },
  {
    name: 'subject-as-profile',
    clause: 'RFC 5280 §4.1.2.6',
    holds: ({ certificate, profile }) =>
      certificate.subject.attributes.length === 0 ? profile.subject === 'empty' : profile.subject === 'named',
  },
  {
    name: 'names-critical-exactly-without-subject',
    clause: 'RFC 5280 §4.2.1.6',
    holds: ({ certificate }) => {
      const critical = criticalOf(certificate, OID.subjectAltName);
      return critical === undefined
        ? certificate.subject.attributes.length > 0
        : critical === (certificate.subject.attributes.length === 0);
    },
  },
  {
    name: 'names-as-profile',
    clause: 'profiles.ts; sigstore certificate specification: exactly one name',
    holds: ({ certificate, profile }) => {
      const count = certificate.subjectAltNames?.length ?? 0;
      if (profile.names === 'none') return count === 0;
      return profile.names === 'one' ? count === 1 : count >= 1;
    },
  },
  {
    name: 'basic-constraints-as-profile',
    clause: 'RFC 5280 §4.2.1.9',
    holds: ({ certificate, profile, terms }) =>
      profile.ca
        ? certificate.basicConstraints?.ca === true &&
          certificate.basicConstraints.pathLength === terms?.pathLength
        : certificate.basicConstraints === undefined,
  },
  {
    name: 'name-constraints-as-terms',
    clause: 'RFC 5280 §4.2.1.10',
    holds: ({ certificate, terms }) =>
      equalBytes(constraintsDer(certificate.nameConstraints), constraintsDer(terms?.nameConstraints)),
  },
  {
    name: 'key-usage-as-profile',
    clause: 'RFC 5280 §4.2.1.3',
    holds: ({ certificate, profile }) => sameSet(certificate.keyUsage ?? [], profile.keyUsage),
  },
  {
    name: 'extended-key-usage-as-profile',
    clause: 'RFC 5280 §4.2.1.12, RFC 3161 §2.3',
    holds: (subject) => {
      const { certificate, profile } = subject;
      const expected = expectedUsages(subject);
      if (expected === undefined) return certificate.extendedKeyUsage === undefined;
      return (
        sameSet(certificate.extendedKeyUsage ?? [], expected) &&
        criticalOf(certificate, OID.extendedKeyUsage) === profile.extendedKeyUsageCritical
      );
    },
  },
  {
    name: 'usage-within-the-authority-usage',
    clause: 'chained extended key usage, as verifiers of sigstore and TLS enforce it',
    holds: ({ certificate, issuer }) => {
      const allowed = issuer?.extendedKeyUsage;
      return (
        allowed === undefined || (certificate.extendedKeyUsage ?? []).every((oid) => allowed.includes(oid))
      );
    },
  },
  {
    name: 'authority-may-sign',
    clause: 'RFC 5280 §4.2.1.9: a path length of 0 is followed by end entities only',
    holds: ({ issuer, profile }) =>
      issuer === undefined ||
      (issuer.basicConstraints?.ca === true && !(profile.ca && issuer.basicConstraints.pathLength === 0)),
  },
  {
    name: 'path-length-below-the-authority',
    clause: 'RFC 5280 §6.1.4 (l)–(m): a longer one could never be used',
    holds: ({ certificate, issuer }) => {
      const above = issuer?.basicConstraints?.pathLength;
      const own = certificate.basicConstraints?.pathLength;
      return above === undefined || own === undefined || own < above;
    },
  },
  {
    name: 'subject-key-id',
    clause: 'RFC 5280 §4.2.1.2, RFC 7093 §2',
    holds: ({ certificate, keyId }) =>
      certificate.subjectKeyId !== undefined && equalBytes(certificate.subjectKeyId, keyId),
  },
  {
    name: 'authority-key-id',
    clause: 'RFC 5280 §4.2.1.1',
    holds: ({ certificate, issuer }) => {
      const found = certificate.authorityKeyId;
      const expected = issuer === undefined ? certificate.subjectKeyId : issuer.subjectKeyId;
      return found !== undefined && expected !== undefined && equalBytes(found, expected);
    },
  },
  {
    name: 'criticality',
    clause: 'RFC 5280 §§4.2.1.1–4.2.1.3, 4.2.1.9',
    holds: ({ certificate }) =>
      certificate.extensions.every(
        ({ oid, critical }) =>
          !(MUST_BE_CRITICAL.includes(oid) && !critical) &&
          !((NEVER_CRITICAL.includes(oid) || isKeylessExtension(oid)) && critical),
      ),
  },
  {
    name: 'known-extensions-only',
    clause: 'RFC 5280 §4.2',
    holds: ({ certificate, profile, profileName }) =>
      certificate.extensions.every(
        ({ oid }) =>
          KNOWN.includes(oid) ||
          (profile.ca && oid === OID.nameConstraints) ||
          (profileName === 'keyless' && isKeylessExtension(oid)),
      ),
  },
  {
    name: 'keyless-names-its-issuer',
    clause: 'sigstore oid-info: 1.3.6.1.4.1.57264.1.8 in each certificate',
    holds: ({ certificate, profileName }) =>
      profileName !== 'keyless' || certificate.extensions.some(({ oid }) => oid === `${OID.fulcio}.8`),
  },
  {
    name: 'size',
    clause: 'a certificate travels in each bundle, and in headers',
    holds: ({ certificate }) => certificate.tbs.length <= MAX_TBS_BYTES,
  },
];

/** Names of the rules that do not hold. */
export function lint(subject: Omit<LintSubject, 'profile'>): readonly string[] {
  const whole: LintSubject = { ...subject, profile: PROFILES[subject.profileName] };
  return LINT_RULES.filter((rule) => !rule.holds(whole)).map((rule) => rule.name);
}

/** @throws SealyardError `SY-ISSUE-LINT`, naming each rule that does not hold */
export function refuseUnlessClean(subject: Omit<LintSubject, 'profile'>): void {
  const broken = lint(subject);
  if (broken.length > 0) throw new SealyardError('SY-ISSUE-LINT', broken.join(', '));
}
