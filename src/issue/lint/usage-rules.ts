// Rules on what a key may be used for, and that key, usage and extended usage go together.
import { readSpki } from '../../formats/algorithms.ts';
import type { KeyUsage } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { usagesNotFor } from '../form.ts';
import { criticalOf, type LintRule, sameSet } from './rule.ts';

/** RFC 5280 §4.2.1.12: the key usages of which an extended usage needs one. */
const NEEDS: Readonly<Record<string, readonly KeyUsage[]>> = {
  [OID.serverAuth]: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
  [OID.clientAuth]: ['digitalSignature', 'keyAgreement'],
  [OID.codeSigning]: ['digitalSignature'],
  [OID.emailProtection]: ['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'keyAgreement'],
  [OID.timeStamping]: ['digitalSignature', 'nonRepudiation'],
  [OID.ocspSigning]: ['digitalSignature', 'nonRepudiation'],
};

export const USAGE_RULES: readonly LintRule[] = [
  {
    name: 'key-usage-as-profile',
    clause: 'RFC 5280 §4.2.1.3',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form }) => sameSet(certificate.keyUsage ?? [], form.keyUsage),
  },
  {
    name: 'key-usage-fits-the-key',
    clause: 'RFC 4055 §1.2, RFC 5480 §3, RFC 8410 §5 with RFC 9295, RFC 9881 §3',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate: { spki, keyUsage } }) =>
      !usagesNotFor(readSpki(spki).algorithm).some((usage) => keyUsage?.has(usage) === true),
  },
  {
    name: 'signing-certificates-is-for-authorities',
    clause: 'RFC 5280 §§4.2.1.3, 4.2.1.9, 6.1.4 (n)',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate: { basicConstraints, keyUsage } }) =>
      (keyUsage?.has('keyCertSign') === true) === (basicConstraints?.ca === true),
  },
  {
    name: 'extended-key-usage-as-profile',
    clause: 'RFC 5280 §4.2.1.12, RFC 3161 §2.3',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form: { extendedKeyUsage: expected, extendedKeyUsageCritical } }) => {
      if (expected === undefined) return certificate.extendedKeyUsage === undefined;
      return (
        sameSet(certificate.extendedKeyUsage ?? [], expected) &&
        criticalOf(certificate, OID.extendedKeyUsage) === extendedKeyUsageCritical
      );
    },
  },
  {
    name: 'usage-within-the-authority-usage',
    clause:
      'chained extended key usage, as verifiers of sigstore and TLS enforce it; RFC 6960 §4.2.2.2 for responders',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, chain: [issuer] }) => {
      const allowed = issuer?.extendedKeyUsage;
      // A responder answers for the very authority that signed it, whatever that one's certificates are for.
      return (
        allowed === undefined ||
        allowed.includes(OID.anyExtendedKeyUsage) ||
        (certificate.extendedKeyUsage ?? []).every((oid) => allowed.includes(oid) || oid === OID.ocspSigning)
      );
    },
  },
  {
    name: 'extended-usage-has-its-key-usage',
    clause: 'RFC 5280 §4.2.1.12',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate: { basicConstraints, extendedKeyUsage = [], keyUsage } }) =>
      basicConstraints?.ca === true ||
      extendedKeyUsage.every((oid) => NEEDS[oid]?.some((usage) => keyUsage?.has(usage) === true) ?? true),
  },
  {
    name: 'time-stamping-alone-and-critical',
    clause: 'RFC 3161 §2.3',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate, form }) =>
      form.ca ||
      certificate.extendedKeyUsage?.includes(OID.timeStamping) !== true ||
      (certificate.extendedKeyUsage.length === 1 && criticalOf(certificate, OID.extendedKeyUsage) === true),
  },
  {
    name: 'code-signing-apart-from-tls',
    clause: 'CABF CS BR §7.1.2.3, RFC 5280 §10: one key for two protocols attacks itself',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate: { extendedKeyUsage = [] }, form }) =>
      form.ca || !extendedKeyUsage.includes(OID.codeSigning) || !extendedKeyUsage.includes(OID.serverAuth),
  },
  {
    name: 'no-any-extended-key-usage',
    clause: 'RFC 5280 §4.2.1.12, CABF BR §7.1.2.7.10',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate: { extendedKeyUsage = [] } }) =>
      !extendedKeyUsage.includes(OID.anyExtendedKeyUsage),
  },
];
