// Names before they are written into a certificate: what may stand there, so that no two readers see two names.
import { domainToUnicode } from 'node:url';
import type { GeneralName } from '../formats/x509/certificate.ts';
import type { CertificationRequest } from '../formats/x509/csr.ts';
import { OID } from '../formats/x509/oids.ts';
import { SealyardError } from '../ground/errors.ts';
import type { RequestedName } from '../policy/issuance.ts';
import { formatIp, parseIp } from '../verify/ip.ts';
import type { ListenerName } from './request.ts';

const MAX_URI = 2048;
const MAX_EMAIL = 254;
const MAX_DNS = 253;
/** More than this in one certificate is somebody's mistake, and each name is a rule to look up. */
export const MAX_NAMES = 100;

const URI = /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/;
// RFC 5321 §4.1.2 without quoted local parts, which no token has and some readers misread.
const EMAIL = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const DNS = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
// Underscores stand in names inside of companies; the lint says what it thinks of them.
const LOOSE_LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
// RFC 3696 §2: a last label of digits makes an address of it, for some readers in hexadecimal too.
const NUMBER = /^([0-9]+|0x[0-9a-f]*)$/;
const SPIFFE = /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)*$/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s;

/**
 * A name in its canonical text: DNS names in lower case, addresses as RFC 5952 has them, the scheme of a URI and the host
 * of an address of mail in lower case.
 * @throws SealyardError `SY-ISSUE-NAME` for what is no name of that type, or could be read as two
 */
export function canonicalName(type: RequestedName['type'], text: string): RequestedName {
  const value = CANONICAL[type](text);
  // The value is somebody's input: only its type is told.
  if (value === undefined) throw new SealyardError('SY-ISSUE-NAME', `a name of type ${type}`);
  return { type, value };
}

const CANONICAL: Readonly<Record<RequestedName['type'], (text: string) => string | undefined>> = {
  dns: canonicalDns,
  ip(text) {
    const octets = parseIp(text);
    return octets === undefined ? undefined : formatIp(octets);
  },
  uri: canonicalUri,
  email(text) {
    if (text.length > MAX_EMAIL || !EMAIL.test(text)) return undefined;
    const at = text.lastIndexOf('@');
    const host = canonicalDns(text.slice(at + 1));
    return host === undefined || host.startsWith('*') ? undefined : `${text.slice(0, at)}@${host}`;
  },
};

// ASCII alone: whoever types U-labels must say which A-labels are meant (RFC 5890 §2.3.2.1), since mapping is a guess.
function canonicalDns(text: string): string | undefined {
  const name = text.toLowerCase();
  if (name.length === 0 || name.length > MAX_DNS || !/^[\x21-\x7e]+$/.test(text)) return undefined;
  const labels = name.split('.');
  // RFC 9525 §6.3: the wildcard is the whole left-most label, over at least one other.
  const rest = labels[0] === '*' && labels.length > 1 ? labels.slice(1) : labels;
  if (!rest.every(isLabel) || NUMBER.test(rest.at(-1) ?? '')) return undefined;
  return name;
}

function isLabel(label: string): boolean {
  return LOOSE_LABEL.test(label) && (!label.startsWith('xn--') || isALabel(label));
}

/** RFC 5890 §2.3.2.1: a label that only looks like one is refused, since readers would show different names. */
function isALabel(label: string): boolean {
  const unicode = domainToUnicode(label);
  return unicode !== '' && unicode !== label && !/^[\x20-\x7e]*$/.test(unicode);
}

function canonicalUri(text: string): string | undefined {
  const [, scheme, rest] = SCHEME.exec(text) ?? [];
  if (scheme === undefined || rest === undefined || text.length > MAX_URI) return undefined;
  const uri = `${scheme.toLowerCase()}:${rest}`;
  if (!URI.test(uri)) return undefined;
  return scheme.toLowerCase() === 'spiffe' ? canonicalSpiffe(uri) : uri;
}

/** SPIFFE-ID §2: no query, no fragment, no port, no empty or relative segments; the trust domain in lower case. */
function canonicalSpiffe(uri: string): string | undefined {
  const slash = uri.indexOf('/', 'spiffe://'.length);
  const end = slash === -1 ? uri.length : slash;
  const id = uri.slice(0, end).toLowerCase() + uri.slice(end);
  return SPIFFE.test(id) && !/\/\.{1,2}(\/|$)/.test(id) ? id : undefined;
}

/**
 * A name from the text that a person types: an address, a URI, mail, else a DNS name.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function nameOf(text: string): RequestedName {
  if (parseIp(text) !== undefined) return canonicalName('ip', text);
  if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) return canonicalName('uri', text);
  return canonicalName(text.includes('@') ? 'email' : 'dns', text);
}

/**
 * The names that a certification request asks for: its subjectAltName, and a commonName that is a DNS name or an address
 * and not among them; another commonName is a description and reaches no certificate. Canonical, without duplicates.
 * @throws SealyardError `SY-ISSUE-NAME` for a name that we do not write (directory names, for one), and for too many
 */
export function readRequestedNames(
  csr: Pick<CertificationRequest, 'subject' | 'requested'>,
): RequestedName[] {
  const alternative = (csr.requested.subjectAltNames ?? []).map(requestedName);
  const common = csr.subject.attributes.flatMap(({ oid, value }) =>
    oid === OID.commonName ? nameInCommonName(value) : [],
  );
  return distinctNames([...alternative, ...common]);
}

/** The first commonName of the subject, whatever it says. */
export function commonNameOf(csr: Pick<CertificationRequest, 'subject'>): string | undefined {
  return csr.subject.attributes.find(({ oid }) => oid === OID.commonName)?.value;
}

function requestedName(name: GeneralName): RequestedName {
  switch (name.type) {
    case 'dns':
    case 'uri':
    case 'email':
      return canonicalName(name.type, name.value);
    case 'ip':
      return { type: 'ip', value: formatIp(name.value) };
    default:
      throw new SealyardError('SY-ISSUE-NAME', `a name of type ${name.type}`);
  }
}

function nameInCommonName(text: string): readonly RequestedName[] {
  const address = CANONICAL.ip(text);
  if (address !== undefined) return [{ type: 'ip', value: address }];
  const host = canonicalDns(text);
  return host === undefined ? [] : [{ type: 'dns', value: host }];
}

/** @throws SealyardError `SY-ISSUE-NAME` for more than `MAX_NAMES` */
export function distinctNames(names: readonly RequestedName[]): RequestedName[] {
  const found = new Map(names.map((name) => [`${name.type} ${name.value}`, name] as const));
  if (found.size > MAX_NAMES) throw new SealyardError('SY-ISSUE-NAME', `${found.size} names`);
  return [...found.values()];
}

/**
 * The names as they are written into a certificate.
 * @throws SealyardError `SY-ISSUE-NAME` where one is not in canonical text
 */
export function subjectNames(names: readonly RequestedName[]): readonly GeneralName[] {
  return distinctNames(names).map((name) => {
    if (canonicalName(name.type, name.value).value !== name.value)
      throw new SealyardError('SY-ISSUE-NAME', `a name of type ${name.type} in another spelling`);
    return name.type === 'ip' ? { type: 'ip', value: octetsOf(name.value) } : name;
  });
}

function octetsOf(address: string): Uint8Array {
  const octets = parseIp(address);
  if (octets === undefined) throw new SealyardError('SY-ISSUE-NAME', 'a name of type ip');
  return octets;
}

/**
 * The one name of a keyless certificate. Characters are those that RFC 3986 and 5280 §4.2.1.6 have; a wildcard in a
 * URI is an ordinary character there and is never expanded by verification.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function identityName(san: { readonly type: 'uri' | 'email'; readonly value: string }): GeneralName {
  const fits =
    san.type === 'uri'
      ? san.value.length <= MAX_URI && URI.test(san.value)
      : san.value.length <= MAX_EMAIL && EMAIL.test(san.value);
  // The value came out of somebody's token: it is not quoted back.
  if (!fits) throw new SealyardError('SY-ISSUE-NAME', `a name of type ${san.type}`);
  return { type: san.type, value: san.value };
}

/**
 * The names of a listener: host names in lower case without wildcards, and addresses.
 * @throws SealyardError `SY-ISSUE-NAME`
 */
export function listenerNames(names: readonly ListenerName[]): readonly GeneralName[] {
  for (const name of names) {
    const fits =
      name.type === 'dns'
        ? name.value.length <= MAX_DNS && DNS.test(name.value)
        : name.value.length === 4 || name.value.length === 16;
    if (!fits) throw new SealyardError('SY-ISSUE-NAME', name.type === 'dns' ? name.value : 'an address');
  }
  if (names.length === 0 || names.length > MAX_NAMES)
    throw new SealyardError('SY-ISSUE-NAME', `${names.length} names`);
  return names;
}
