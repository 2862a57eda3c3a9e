// Rules on names: subject, alternative names, and what may stand in each kind of them.
import { domainToUnicode } from 'node:url';
import type { Certificate } from '../../formats/x509/certificate.ts';
import { OID } from '../../formats/x509/oids.ts';
import { isSealyardError } from '../../ground/errors.ts';
import { formatIp } from '../../verify/ip.ts';
import { checkNameConstraints } from '../../verify/name-constraints.ts';
import { isMailbox } from '../../verify/names.ts';
import { criticalOf, everyAddress, type LintRule, namesOfType } from './rule.ts';

/** RFC 5280 appendix A.1: ub-common-name. */
const MAX_COMMON_NAME = 64;
// RFC 6761, RFC 6762, RFC 8375, RFC 9476 and ICANN's reservation: names that no public registry will ever give out.
const INTERNAL = /(^|\.)(local|localhost|internal|invalid|test|example|onion|alt|home\.arpa)$/;
// RFC 6890: private, loopback, link-local, shared, unique-local.
const PRIVATE_IPV4 =
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_IPV6 = /^(::1?$|f[cd][0-9a-f]{2}:|fe[89ab][0-9a-f]:)/;

function commonNames({ subject }: Certificate): readonly string[] {
  return subject.attributes.filter(({ oid }) => oid === OID.commonName).map(({ value }) => value);
}

function alternativeTexts({ subjectAltNames = [] }: Certificate): readonly string[] {
  return subjectAltNames.flatMap((name) => {
    if (name.type === 'ip') return [formatIp(name.value)];
    return typeof name.value === 'string' ? [name.value] : [];
  });
}

function withinConstraints(path: readonly Certificate[]): boolean {
  try {
    checkNameConstraints(path);
    return true;
  } catch (error) {
    if (isSealyardError(error, 'SY-CHAIN-NAME-CONSTRAINTS', 'SY-CHAIN-TOO-COSTLY')) return false;
    throw error;
  }
}

export const NAME_RULES: readonly LintRule[] = [
  {
    name: 'subject-as-profile',
    clause: 'RFC 5280 §4.1.2.6',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form }) =>
      form.subject === 'optional' ||
      form.subject === (certificate.subject.attributes.length === 0 ? 'empty' : 'named'),
  },
  {
    name: 'names-critical-exactly-without-subject',
    clause: 'RFC 5280 §4.2.1.6',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate }) => {
      const critical = criticalOf(certificate, OID.subjectAltName);
      return critical === undefined
        ? certificate.subject.attributes.length > 0
        : critical === (certificate.subject.attributes.length === 0);
    },
  },
  {
    name: 'names-as-profile',
    clause: 'the profile; sigstore certificate specification: exactly one name',
    severity: 'fixed',
    scope: 'all',
    holds: ({ certificate, form: { names, nameTypes } }) => {
      const found = certificate.subjectAltNames ?? [];
      if (names === 'none') return found.length === 0;
      if (names === 'one') return found.length === 1;
      return found.length > 0 && found.every(({ type }) => nameTypes?.some((one) => one === type) !== false);
    },
  },
  {
    name: 'names-within-the-authority-constraints',
    clause: 'RFC 5280 §§4.2.1.10, 6.1.3 (b)–(c)',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate, chain }) => withinConstraints([certificate, ...chain]),
  },
  {
    name: 'no-name-twice',
    clause: 'a name twice is a mistake of whoever asked',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate }) => {
      const texts = (certificate.subjectAltNames ?? []).map(({ type, value }) => `${type} ${String(value)}`);
      return new Set(texts).size === texts.length;
    },
  },
  {
    name: 'common-name-64-characters',
    clause: 'RFC 5280 appendix A.1, ub-common-name',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate }) => commonNames(certificate).every((text) => text.length <= MAX_COMMON_NAME),
  },
  {
    name: 'common-name-among-the-names',
    clause: 'CABF BR §7.1.4.3',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate, form }) =>
      form.names !== 'some' ||
      commonNames(certificate).every((text) => alternativeTexts(certificate).includes(text)),
  },
  {
    name: 'wildcard-as-profile',
    clause: 'the profile',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ dnsNames, form }) => form.wildcard || !dnsNames.some((name) => name.includes('*')),
  },
  {
    name: 'wildcard-is-the-first-label',
    clause: 'RFC 9525 §6.3, CABF BR §1.6.1',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ labels }) => labels.every((label) => !label.includes('*')),
  },
  {
    name: 'wildcard-above-two-labels',
    clause: 'CABF BR §3.2.2.6: `*.com` would be a registry',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ dnsNames }) => dnsNames.every((name) => !name.startsWith('*.') || name.slice(2).includes('.')),
  },
  {
    name: 'dns-lower-case',
    clause: 'RFC 4343: one spelling of each name, so that records and certificates compare',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ dnsNames }) => dnsNames.every((name) => name === name.toLowerCase()),
  },
  {
    name: 'dns-labels-1-to-63-octets',
    clause: 'RFC 1034 §3.1, RFC 5280 §4.2.1.6',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ dnsNames, labels }) =>
      dnsNames.every((name) => name.length <= 253) &&
      labels.every(({ length }) => length >= 1 && length <= 63),
  },
  {
    name: 'dns-a-labels',
    clause: 'RFC 5890 §2.3.2.1, RFC 9549',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ labels }) =>
      labels.every((label) => {
        if (!label.startsWith('xn--')) return true;
        const unicode = domainToUnicode(label);
        return unicode !== '' && unicode !== label;
      }),
  },
  {
    name: 'dns-without-reserved-labels',
    clause: 'RFC 5890 §2.3.1, CABF BR §7.1.4.2.1',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ labels }) => labels.every((label) => label.startsWith('xn--') || label.slice(2, 4) !== '--'),
  },
  {
    name: 'dns-without-underscore',
    clause: 'RFC 5280 §4.2.1.6 with RFC 1034 §3.5, CABF BR §7.1.4.2.1',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ labels }) => labels.every((label) => !label.includes('_')),
  },
  {
    name: 'dns-no-internal-name',
    clause: 'CABF BR §4.2.2, RFC 6761',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ dnsNames }) => dnsNames.every((name) => name.includes('.') && !INTERNAL.test(name)),
  },
  {
    name: 'ip-no-reserved-address',
    clause: 'CABF BR §4.2.2, RFC 6890',
    severity: 'warning',
    scope: 'not-keyless',
    holds: ({ certificate }) =>
      everyAddress(certificate, (octets) => {
        const text = formatIp(octets);
        return !PRIVATE_IPV4.test(text) && !PRIVATE_IPV6.test(text);
      }),
  },
  {
    name: 'email-is-a-mailbox',
    clause: 'RFC 5280 §4.2.1.6, RFC 5321 §4.1.2; ASCII alone, the rest is RFC 9598',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate }) => namesOfType(certificate, 'email').every(isMailbox),
  },
  {
    name: 'uri-is-absolute',
    clause: 'RFC 5280 §4.2.1.6, RFC 3986 §4.3',
    severity: 'error',
    scope: 'not-keyless',
    holds: ({ certificate }) =>
      namesOfType(certificate, 'uri').every((uri) => /^[a-z][a-z0-9+.-]*:(\/\/[^/]|[^/])/.test(uri)),
  },
  {
    name: 'spiffe-one-id',
    clause: 'X.509-SVID §2: exactly one URI, and it is a SPIFFE ID',
    severity: 'fixed',
    scope: 'not-keyless',
    holds: ({ certificate, base }) => {
      const uris = namesOfType(certificate, 'uri');
      if (base === 'spiffe-svid')
        return uris.length === 1 && uris.every((uri) => uri.startsWith('spiffe://'));
      // X.509-SVID §5.2: with two, validators refuse the certificate.
      return uris.length <= 1 || !uris.some((uri) => uri.startsWith('spiffe://'));
    },
  },
];
