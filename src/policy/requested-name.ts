// Names before they are judged: only the canonical spelling counts, so that no rule is asked about one name and
// another one is certified. A star stands for nothing but the first label of a DNS name, wherever it came from.
import { domainToASCII, domainToUnicode } from 'node:url';
import { parseCanonicalIp } from './canonical-ip.ts';
import type { RequestedName } from './issuance.ts';

const MAX_DNS = 253;
const TOO_LONG = `is not a DNS name of 1 to ${MAX_DNS} characters`;
const MAX_URI = 2048;
// Underscores stand in names inside of companies; the lint says what it thinks of them.
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** What readers of URLs take for an IPv4 address (WHATWG URL §3.5, "ends in a number"). */
const NUMBER = /^([0-9]+|0x[0-9a-f]*)$/;
// RFC 5321 §4.1.2 dot-string: quoted local parts are misread too often.
const LOCAL = /^[a-zA-Z0-9!#$%&'+/=?^_`{|}~-]+(\.[a-zA-Z0-9!#$%&'+/=?^_`{|}~-]+)*$/;
const URI = /^([a-z][a-z0-9+.-]{0,31}):([A-Za-z0-9._~%!$&'()+,;=:@/?-]+)$/;
const HOST_AND_PORT = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$/;
// RFC 3986 §6.2.2: what needs no escape, and a slash that hides, would be a second spelling.
const NEEDLESS_ESCAPE = /%(2D|2E|5F|7E|2F|2A|5C|00|3[0-9]|[46][1-9A-F]|[57][0-9A])/;
// SPIFFE-ID §2: the trust domain, and path segments of these characters that are not dots alone.
const SPIFFE = /^spiffe:\/\/[a-z0-9._-]{1,255}((\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)+)?$/;

/** Why a certificate cannot have this name at all, as the end of a sentence; `undefined` where it can. */
export function nameObjection(name: RequestedName): string | undefined {
  switch (name.type) {
    case 'dns':
      return name.value.length > MAX_DNS
        ? TOO_LONG
        : dnsObjection(name.value.startsWith('*.') ? name.value.slice(2) : name.value);
    case 'ip':
      return parseCanonicalIp(name.value) === undefined
        ? 'is not an IP address in its canonical form'
        : undefined;
    case 'uri':
      return uriObjection(name.value);
    case 'email':
      return emailObjection(name.value);
  }
}

function dnsObjection(host: string): string | undefined {
  if (host.length === 0 || host.length > MAX_DNS) return TOO_LONG;
  const labels = host.split('.');
  if (!labels.every((label) => LABEL.test(label)))
    return 'is not a DNS name of lower-case letters, digits, dashes, underscores and dots';
  if (NUMBER.test(labels.at(-1) ?? '')) return 'ends like an IP address';
  // RFC 5890 §2.3.1: two dashes there are for A-labels.
  return labels.every((label) => label.slice(2, 4) !== '--' || isALabel(label))
    ? undefined
    : 'has a label that is no A-label (RFC 5890)';
}

// One that only looks like an A-label would be shown as different names.
function isALabel(label: string): boolean {
  const unicode = label.startsWith('xn--') ? domainToUnicode(label) : '';
  return /[^\0-\x7f]/.test(unicode) && domainToASCII(unicode) === label;
}

function uriObjection(value: string): string | undefined {
  if (value.length > MAX_URI) return `is longer than ${MAX_URI} characters`;
  const [, scheme, rest] = URI.exec(value) ?? [];
  if (scheme === undefined || rest === undefined)
    return 'is not a URI of a lower-case scheme and plain characters';
  if (scheme === 'spiffe') return SPIFFE.test(value) ? undefined : 'is not a SPIFFE ID';
  if (/%(?![0-9A-F]{2})/.test(rest) || NEEDLESS_ESCAPE.test(rest))
    return 'has an escape that has no place there';
  const [, authority, path = rest] = /^\/\/([^/?]*)(.*)$/.exec(rest) ?? [];
  if (authority !== undefined && !HOST_AND_PORT.test(authority))
    return 'has no plain lower-case host, or names a user';
  return /(^|\/)\.\.?([/?]|$)/.test(path) ? 'has a path segment of dots' : undefined;
}

function emailObjection(value: string): string | undefined {
  const at = value.indexOf('@');
  if (at < 1 || at > 64 || !LOCAL.test(value.slice(0, at)))
    return 'is not a mail address of plain characters';
  const host = dnsObjection(value.slice(at + 1));
  return host === undefined ? undefined : 'has a host that is not a DNS name in lower case';
}

/** For messages: a name that came from outside, quoted where it is harmless to show. */
export function quoteName(name: RequestedName): string {
  return /^[!-~]{1,200}$/.test(name.value) ? `"${name.value}"` : `a name of type ${name.type}`;
}
