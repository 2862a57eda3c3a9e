// Rules on what stands in front: version, serial, issuer, algorithm, dates, size.
import { readSpki, SIGNATURES_OF } from '../../formats/algorithms.ts';
import { OID } from '../../formats/x509/oids.ts';
import { equalBytes, fromHex } from '../../ground/bytes.ts';
import type { LintRule } from './rule.ts';

const MAX_TBS_BYTES = 32 * 1024;
const DAY_MS = 86_400_000;
/** A certificate for later is made a day ahead at most. */
export const MAX_AHEAD_MS = DAY_MS;
/** Dates are cut to the second. */
const SECOND_MS = 1000;

export const STRUCTURE_RULES: readonly LintRule[] = [
  {
    name: 'version-3',
    clause: 'RFC 5280 §4.1.2.1',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate }) => certificate.version === 3,
  },
  {
    name: 'serial-16-to-19-octets',
    clause: 'RFC 5280 §4.1.2.2, CABF BR §7.1',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate }) => {
      const octets = fromHex(certificate.serial) ?? new Uint8Array(0);
      return octets.length >= 16 && octets.length <= 19 && (octets[0] ?? 0) > 0;
    },
  },
  {
    name: 'issuer-is-the-subject-of-the-authority',
    clause: 'RFC 5280 §4.1.2.4',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, chain }) =>
      equalBytes(certificate.issuer.der, (chain[0] ?? certificate).subject.der),
  },
  {
    name: 'signature-algorithm-fits-the-authority-key',
    clause: 'RFC 5280 §4.1.1.2, RFC 9881 §2',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, chain }) => {
      const { algorithm } = readSpki((chain[0] ?? certificate).spki);
      return SIGNATURES_OF[algorithm][0] === certificate.signatureAlgorithm;
    },
  },
  {
    name: 'starts-now',
    clause: 'no back-dating; only what was asked for begins later, by a day at most',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form, now }) => {
      const aheadMs = certificate.notBefore.getTime() - now.getTime();
      return aheadMs > -SECOND_MS && aheadMs < (form.mayBeginLater ? MAX_AHEAD_MS + SECOND_MS : SECOND_MS);
    },
  },
  {
    name: 'lifetime-within-profile',
    clause: 'the profile, and what policy granted',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form }) => {
      const seconds = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / 1000;
      return seconds >= form.leastSeconds && seconds <= form.mostSeconds;
    },
  },
  {
    name: 'within-the-authority-validity',
    clause: 'RFC 5280 §6.1.3 (a)(2): a path is valid only while each certificate of it is',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, chain: [issuer] }) =>
      issuer === undefined ||
      (certificate.notBefore >= issuer.notBefore && certificate.notAfter <= issuer.notAfter),
  },
  {
    name: 'server-lives-398-days-at-most',
    clause: 'CABF BR §6.3.2',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ certificate }) =>
      certificate.extendedKeyUsage?.includes(OID.serverAuth) !== true ||
      certificate.basicConstraints?.ca === true ||
      certificate.notAfter.getTime() - certificate.notBefore.getTime() <= 398 * DAY_MS,
  },
  {
    name: 'size',
    clause: 'a certificate travels in each bundle, and in headers',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate }) => certificate.tbs.length <= MAX_TBS_BYTES,
  },
];
