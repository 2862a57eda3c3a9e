// What each certificate of a path must be by itself: RFC 5280 §4 as a list of named rules.
import { type Certificate, extension, isSelfIssued } from '../formats/x509/certificate.ts';
import { isEmptyName } from '../formats/x509/names.ts';
import { OID } from '../formats/x509/oids.ts';
import type { Code } from '../ground/errors.ts';
import { faultOfName } from './names.ts';

export interface Fault {
  readonly code: Code;
  readonly detail: string;
}

/** Pure; `undefined` where the certificate keeps the rule. */
export type CertificateRule = (cert: Certificate) => Fault | undefined;

/** Critical extensions that this room processes; any other is refused (RFC 5280 §4.2). */
const PROCESSED: ReadonlySet<string> = new Set([
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.nameConstraints,
  OID.certificatePolicies,
  OID.policyMappings,
  OID.policyConstraints,
  OID.inhibitAnyPolicy,
]);

/** RFC 5280 §§4.2.1.1, 4.2.1.2, 4.2.1.15, 4.2.2.1: conforming CAs mark these as non-critical. */
const NEVER_CRITICAL: readonly string[] = [
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.freshestCrl,
  OID.authorityInfoAccess,
];

/** RFC 5280 §§4.2.1.11, 4.2.1.14. (Name constraints should be too, but real roots differ, and we apply them anyway.) */
const ALWAYS_CRITICAL: readonly string[] = [OID.policyConstraints, OID.inhibitAnyPolicy];

function broken(detail: string): Fault {
  return { code: 'SY-CHAIN-EXTENSION', detail };
}

export const CERTIFICATE_RULES: Readonly<Record<string, CertificateRule>> = {
  criticality(cert) {
    for (const { oid, critical } of cert.extensions) {
      if (critical && NEVER_CRITICAL.includes(oid)) return broken(`${oid} is critical`);
      if (!critical && ALWAYS_CRITICAL.includes(oid)) return broken(`${oid} is not critical`);
    }
    return undefined;
  },
  knownCriticalExtensions(cert) {
    const unknown = cert.extensions.find(({ oid, critical }) => critical && !PROCESSED.has(oid));
    return unknown && { code: 'SY-CHAIN-CRITICAL-EXTENSION', detail: unknown.oid };
  },
  /** §4.2.1.9: keyCertSign and pathLenConstraint belong to CAs. */
  certificateSigningIsForAuthorities({ basicConstraints, keyUsage }) {
    const signs = keyUsage?.has('keyCertSign');
    if (signs === true && basicConstraints?.ca !== true) return broken('keyCertSign without cA');
    if (basicConstraints?.pathLength !== undefined && signs === false)
      return broken('a path length without keyCertSign');
    return undefined;
  },
  /** §4.2.1.10 */
  nameConstraintsAreForAuthorities({ basicConstraints, nameConstraints }) {
    return nameConstraints !== undefined && basicConstraints?.ca !== true
      ? broken('name constraints on a certificate that is no CA')
      : undefined;
  },
  /** §4.1.2.6, §4.2.1.6 */
  subjectOrCriticalAltName(cert) {
    if (!isEmptyName(cert.subject)) return undefined;
    if (cert.basicConstraints?.ca === true) return broken('a CA without a subject');
    if (extension(cert, OID.subjectAltName)?.critical === true) return undefined;
    return broken('neither a subject nor a critical subjectAltName');
  },
  altNameSyntax(cert) {
    for (const name of cert.subjectAltNames ?? []) {
      const fault = faultOfName(name);
      if (fault !== undefined) return broken(fault);
    }
    return undefined;
  },
};

/** What a certificate must be besides in order to issue others; the trust anchor too. */
export const ISSUER_RULES: Readonly<Record<string, CertificateRule>> = {
  /** §6.1.4 k: version 3, cA; §4.2.1.9: critical. */
  basicConstraints(cert) {
    if (cert.basicConstraints?.ca !== true) return { code: 'SY-CHAIN-NOT-A-CA', detail: cert.subject.text };
    return extension(cert, OID.basicConstraints)?.critical === true
      ? undefined
      : broken('basicConstraints of a CA that is not critical');
  },
  /** §6.1.4 n */
  keyCertSign(cert) {
    if (cert.keyUsage === undefined || cert.keyUsage.has('keyCertSign')) return undefined;
    return { code: 'SY-CHAIN-NOT-A-CA', detail: `${cert.subject.text} has no keyCertSign` };
  },
  /** §4.2.1.2 */
  subjectKeyIdentifier(cert) {
    return cert.subjectKeyId === undefined ? broken('a CA without a subject key identifier') : undefined;
  },
};

/** The first rule of the list that the certificate breaks. */
export function firstFault(
  cert: Certificate,
  ...lists: readonly Readonly<Record<string, CertificateRule>>[]
): Fault | undefined {
  for (const list of lists)
    for (const rule of Object.values(list)) {
      const fault = rule(cert);
      if (fault !== undefined) return fault;
    }
  return undefined;
}

/**
 * What every certificate below the anchor must be besides. The anchor's own issuer is no part of the path (RFC 5280
 * §6.1.1 d takes name and key alone), so a cross-signed root without the identifier is as good as its self-signed twin.
 */
export const BELOW_ANCHOR_RULES: Readonly<Record<string, CertificateRule>> = {
  /** §4.2.1.1: in all certificates but self-signed ones. */
  authorityKeyIdentifier(cert) {
    if (cert.authorityKeyId !== undefined || isSelfIssued(cert)) return undefined;
    return broken('no key identifier of its authority');
  },
};
