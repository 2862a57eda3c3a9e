// Rules on extensions: which, how critical, and that they say what profile and authority say.
import { extensions } from '../../formats/x509/build.ts';
import type { NameConstraints } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { equalBytes } from '../../ground/bytes.ts';
import { criticalOf, type LintRule } from './rule.ts';

/** Extensions that a certificate of ours may have at all; Fulcio's arc beside them, for keyless ones. */
const KNOWN: readonly string[] = [
  OID.basicConstraints,
  OID.keyUsage,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
];
/** Beside those, where status and issuer are found. */
const ADDRESSES: readonly string[] = [OID.crlDistributionPoints, OID.freshestCrl, OID.authorityInfoAccess];
const MUST_BE_CRITICAL: readonly string[] = [OID.basicConstraints, OID.keyUsage, OID.nameConstraints];
const NEVER_CRITICAL: readonly string[] = [
  OID.subjectKeyIdentifier,
  OID.authorityKeyIdentifier,
  ...ADDRESSES,
  OID.ocspNoCheck,
];

function isKeylessExtension(oid: string): boolean {
  return oid.startsWith(`${OID.fulcio}.`) || oid === OID.sealyardClaims;
}

/** Name constraints as DER, for comparison: what was asked for is what is there. */
function constraintsDer(constraints: NameConstraints | undefined): Uint8Array {
  return constraints === undefined ? new Uint8Array(0) : extensions.nameConstraints(constraints).value;
}

export const EXTENSION_RULES: readonly LintRule[] = [
  {
    name: 'basic-constraints-as-profile',
    clause: 'RFC 5280 §4.2.1.9',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form }) =>
      form.ca
        ? certificate.basicConstraints?.ca === true &&
          certificate.basicConstraints.pathLength === form.pathLength
        : certificate.basicConstraints === undefined,
  },
  {
    name: 'name-constraints-as-terms',
    clause: 'RFC 5280 §4.2.1.10',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form }) =>
      equalBytes(constraintsDer(certificate.nameConstraints), constraintsDer(form.nameConstraints)),
  },
  {
    name: 'authority-may-sign',
    clause: 'RFC 5280 §4.2.1.9: a path length of 0 is followed by end entities only',
    severity: 'fixed',
    scope: 'all',
    holds: ({ chain: [issuer], form }) =>
      issuer === undefined ||
      (issuer.basicConstraints?.ca === true && !(form.ca && issuer.basicConstraints.pathLength === 0)),
  },
  {
    name: 'path-length-below-the-authority',
    clause: 'RFC 5280 §6.1.4 (l)–(m): a longer one could never be used',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate, chain: [issuer] }) => {
      const above = issuer?.basicConstraints?.pathLength;
      const own = certificate.basicConstraints?.pathLength;
      return above === undefined || own === undefined || own < above;
    },
  },
  {
    name: 'subject-key-id',
    clause: 'RFC 5280 §4.2.1.2, RFC 7093 §2',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, keyId }) =>
      certificate.subjectKeyId !== undefined && equalBytes(certificate.subjectKeyId, keyId),
  },
  {
    name: 'authority-key-id',
    clause: 'RFC 5280 §4.2.1.1',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, chain: [issuer] }) => {
      const found = certificate.authorityKeyId;
      const expected = issuer === undefined ? certificate.subjectKeyId : issuer.subjectKeyId;
      return found !== undefined && expected !== undefined && equalBytes(found, expected);
    },
  },
  {
    name: 'criticality',
    clause: 'RFC 5280 §§4.2.1.1–4.2.1.3, 4.2.1.9, 4.2.1.10, 4.2.1.15, 4.2.2.1',
    severity: 'fixed',
    scope: 'all',
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
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form, profileName }) =>
      certificate.extensions.every(
        ({ oid }) =>
          KNOWN.includes(oid) ||
          (profileName === 'keyless' ? isKeylessExtension(oid) : ADDRESSES.includes(oid)) ||
          (form.ca && oid === OID.nameConstraints) ||
          form.moreExtensions.includes(oid),
      ),
  },
  {
    name: 'every-extension-of-the-profile',
    clause: 'the profile',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate, form }) =>
      form.moreExtensions.every((oid) => criticalOf(certificate, oid) !== undefined),
  },
  {
    name: 'status-addresses-are-plain-http',
    clause: 'RFC 5280 §8, CABF BR §7.1.2.11.2: https would need the status that it is asked for',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate: { crlUrls = [], deltaCrlUrls = [], ocspUrls = [], caIssuersUrls = [] } }) =>
      [...crlUrls, ...deltaCrlUrls, ...ocspUrls, ...caIssuersUrls].every((url) => url.startsWith('http://')),
  },
  {
    name: 'delta-beside-its-list',
    clause: 'RFC 5280 §4.2.1.15',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate: { crlUrls, deltaCrlUrls } }) =>
      deltaCrlUrls === undefined || crlUrls !== undefined,
  },
  {
    name: 'no-check-is-for-responders',
    clause: 'RFC 6960 §4.2.2.2.1',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate }) =>
      criticalOf(certificate, OID.ocspNoCheck) === undefined ||
      certificate.extendedKeyUsage?.includes(OID.ocspSigning) === true,
  },
  {
    name: 'must-staple-has-a-responder',
    clause: 'RFC 7633 §4.2.3.1: without an OCSP address nothing can be stapled',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ certificate: { tlsFeatures, ocspUrls } }) =>
      tlsFeatures?.includes(5) !== true || (ocspUrls?.length ?? 0) > 0,
  },
  {
    name: 'no-any-policy-for-leaves',
    clause: 'RFC 5280 §4.2.1.4, CABF BR §7.1.2.7.9',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ certificate, form }) => form.ca || certificate.policies?.includes(OID.anyPolicy) !== true,
  },
  {
    name: 'keyless-names-its-issuer',
    clause: 'sigstore oid-info: 1.3.6.1.4.1.57264.1.8 in each certificate',
    severity: 'fixed',
    scope: 'keyless',
    holds: ({ certificate }) => certificate.extensions.some(({ oid }) => oid === `${OID.fulcio}.8`),
  },
];
