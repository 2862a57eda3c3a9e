// Names in certificates: their syntax (RFC 5280 §4.2.1.6), and whether a certificate is for the name that is expected
// (RFC 9525 §6). The subject's common name is never consulted.
import type { Certificate, GeneralName } from '../formats/x509/certificate.ts';
import { equalBytes } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { parseIp } from './ip.ts';

export type ExpectedName =
  | { readonly type: 'dns' | 'email' | 'uri'; readonly value: string }
  /** Text, e.g. `192.0.2.1` or `2001:db8::1`. */
  | { readonly type: 'ip'; readonly value: string };

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Preferred name syntax (RFC 1034 §3.5, RFC 1123 §2.1): no trailing dot, no underscore, and no IP address. */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false;
  const labels = text.split('.');
  // A last label of digits makes an address or a mistaken one (RFC 3696 §2).
  return labels.every((label) => LABEL.test(label)) && !/^[0-9]+$/.test(labels.at(-1) ?? '');
}

/**
 * A host name, or a wildcard that is the whole leftmost label (RFC 9525 §6.3) above at least two more: `*.com` would
 * be a registry's worth of names.
 */
export function isDnsPattern(text: string): boolean {
  if (!text.startsWith('*.')) return isHostName(text);
  return text.slice(2).includes('.') && isHostName(text.slice(2));
}

/** Mailbox of RFC 5321 §4.1.2 as certificates use it: a dot-string and a host name. */
export function isMailbox(text: string): boolean {
  const at = text.indexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local)) return false;
  return local.length <= 64 && isHostName(text.slice(at + 1));
}

/** An absolute URI with something behind its scheme (RFC 5280 §4.2.1.6). */
export function isAbsoluteUri(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:[^\s]+$/.test(text);
}

/** Why a subjectAltName breaks RFC 5280 §4.2.1.6; `undefined` where it does not. */
export function faultOfName(name: GeneralName): string | undefined {
  switch (name.type) {
    case 'dns':
      return isDnsPattern(name.value) ? undefined : 'a dNSName that is no host name';
    case 'email':
      return isMailbox(name.value) ? undefined : 'an rfc822Name that is no mailbox';
    case 'uri':
      return isAbsoluteUri(name.value) ? undefined : 'a URI that is not absolute';
    case 'ip':
      return name.value.length === 4 || name.value.length === 16 ? undefined : 'an iPAddress of bad length';
    default:
      return undefined;
  }
}

/**
 * Refuses a certificate that is not for the expected name.
 * @throws SealyardError `SY-CHAIN-NAME-MISMATCH`
 */
export function demandName(cert: Certificate, expected: ExpectedName): void {
  const names = cert.subjectAltNames ?? [];
  if (!names.some((name) => matches(name, expected)))
    throw new SealyardError('SY-CHAIN-NAME-MISMATCH', expected.value);
}

function matches(name: GeneralName, expected: ExpectedName): boolean {
  if (name.type === 'ip') {
    const address = expected.type === 'ip' ? parseIp(expected.value) : undefined;
    return address !== undefined && equalBytes(name.value, address);
  }
  if (name.type !== expected.type) return false;
  switch (name.type) {
    case 'dns':
      return dnsMatches(name.value, expected.value);
    case 'email':
      return sameMailbox(name.value, expected.value);
    case 'uri':
      return name.value === expected.value;
    default:
      return false;
  }
}

function dnsMatches(pattern: string, host: string): boolean {
  const wanted = host.toLowerCase();
  if (!isHostName(wanted) || !isDnsPattern(pattern)) return false;
  const presented = pattern.toLowerCase();
  if (!presented.startsWith('*.')) return presented === wanted;
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot + 1) === presented.slice(2);
}

/** RFC 5280 §7.5: the local part as it is, the host without regard to case. */
export function sameMailbox(a: string, b: string): boolean {
  const [atA, atB] = [a.lastIndexOf('@'), b.lastIndexOf('@')];
  return a.slice(0, atA) === b.slice(0, atB) && a.slice(atA).toLowerCase() === b.slice(atB).toLowerCase();
}
