// Patterns of names that an `issue` rule grants: exact, glob (DNS, URI, mail), network (IP).
//
// DNS:  `db.x` itself; `*.x` one label below x; `**.x` any number of labels; `web-*.x` a part of one label.
// URI:  `*` one path segment, `**` any number; scheme and host are written out. SPIFFE IDs are URIs.
// Mail: `ada@x`, or `*@x` for everybody there.
// IP:   an address, or a network such as `10.1.0.0/16` or `2001:db8::/48`.

import { formatIp, parseIp } from '../verify/ip.ts';
import { isMapped, parseCanonicalIp } from './canonical-ip.ts';
import { compileGlob, type Glob, type GlobStops, matchesGlob, overlaps } from './glob.ts';
import type { NameType, RequestedName } from './issuance.ts';
import { nameObjection } from './requested-name.ts';

/** A pattern over text: DNS names, URIs and mail addresses. */
export interface TextPattern {
  readonly type: 'dns' | 'uri' | 'email';
  readonly text: string;
  readonly glob: Glob;
}

/** One address or a network. */
export interface NetworkPattern {
  readonly type: 'ip';
  readonly text: string;
  /** 4 or 16 octets, those beyond the prefix zero. */
  readonly network: Uint8Array;
  readonly prefixBits: number;
}

export type NamePattern = TextPattern | NetworkPattern;

const STOPS: Readonly<Record<TextPattern['type'], GlobStops>> = {
  dns: { one: '.', any: '' },
  // A query is part of a name only where the pattern spells it; `:` parts the segments of URNs.
  uri: { one: '/:?', any: '?' },
  email: { one: '@', any: '@' },
};

const MAX_PATTERN = 512;

/** @returns the pattern, or why the text is none, as the end of a sentence */
export function parseNamePattern(text: string): NamePattern | { readonly problem: string } {
  if (text.length > MAX_PATTERN) return { problem: `is longer than ${MAX_PATTERN} characters` };
  if (text.includes('***')) return { problem: 'has three stars in a row' };
  const type = typeOfPattern(text);
  if (type === 'ip') return parseNetwork(text);
  const problem = starObjection(type, text) ?? nameObjection({ type, value: text.replaceAll(/\*+/g, 'x') });
  return problem === undefined ? { type, text, glob: compileGlob(text, STOPS[type]) } : { problem };
}

function typeOfPattern(text: string): NameType {
  if (/^[0-9.]+(\/[0-9]+)?$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]*(\/[0-9]+)?$/i.test(text)) return 'ip';
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) return 'uri';
  return text.includes('@') ? 'email' : 'dns';
}

// Where a star may stand, so that the part that says whose name it is stays written out.
function starObjection(type: TextPattern['type'], text: string): string | undefined {
  if (!text.includes('*')) return undefined;
  if (type === 'dns') return dnsStarObjection(text.split('.'));
  if (type === 'email')
    return /^\*@[^*]*$/.test(text) ? undefined : 'may have a star only for all that stands before the "@"';
  const plain = /^[^:]*:(\/\/[^/]*\/)?/.exec(text)?.[0] ?? '';
  return /[*]/.test(plain) || (text.includes('://') && !plain.includes('://'))
    ? 'may have stars only in its path: scheme and host are written out'
    : undefined;
}

function dnsStarObjection(labels: readonly string[]): string | undefined {
  if (labels.some((label, i) => label.includes('**') && (i > 0 || label !== '**')))
    return 'may have "**" only as its first label';
  if (labels.some((label) => label.includes('*') && label.startsWith('xn--')))
    return 'has a star in an A-label';
  return labels.length > 1 && labels.at(-1)?.includes('*') ? 'has a star in its last label' : undefined;
}

function parseNetwork(text: string): NetworkPattern | { readonly problem: string } {
  const [address = '', bits] = text.split('/');
  const octets = parseIp(address);
  if (octets === undefined || isMapped(octets)) return { problem: 'is not an IP address or network' };
  const prefixBits = bits === undefined ? 8 * octets.length : Number(bits);
  if (!(prefixBits <= 8 * octets.length)) return { problem: 'has a prefix that is longer than the address' };
  const network = octets.map((octet, i) => octet & maskOctet(prefixBits, i));
  if (network.some((octet, i) => octet !== octets[i]))
    return { problem: `has bits beyond its prefix: did you mean ${formatIp(network)}/${prefixBits}?` };
  return { type: 'ip', text, network, prefixBits };
}

function maskOctet(prefixBits: number, i: number): number {
  const ones = Math.min(8, Math.max(0, prefixBits - 8 * i));
  return (0xff << (8 - ones)) & 0xff;
}

/** A requested name made ready for many comparisons. */
export interface ComparableName {
  readonly name: RequestedName;
  readonly wildcard: boolean;
  /** What patterns are compared with. */
  readonly text: string;
  /** Of an IP address: 4 or 16 octets. */
  readonly address: Uint8Array | undefined;
}

/**
 * No pattern has this character, so that a label of it is matched only by what matches every label: `*.x` is granted
 * by `*.x` and `**.x`, not by `web-*.x`.
 */
const EVERY_LABEL = '\u0001';

/** @param name one to which `nameObjection` has none */
export function comparable(name: RequestedName): ComparableName {
  const wildcard = name.type === 'dns' && name.value.startsWith('*.');
  return {
    name,
    wildcard,
    text: wildcard ? `${EVERY_LABEL}${name.value.slice(1)}` : name.value,
    address: name.type === 'ip' ? parseCanonicalIp(name.value) : undefined,
  };
}

/** Whether the pattern covers the name; for a wildcard name, all that it stands for. */
export function matchesPattern(pattern: NamePattern, { name, text, address }: ComparableName): boolean {
  if (pattern.type !== name.type) return false;
  if (pattern.type !== 'ip') return matchesGlob(pattern.glob, text);
  return address !== undefined && isWithinNetwork(pattern, address);
}

function isWithinNetwork({ network, prefixBits }: NetworkPattern, address: Uint8Array): boolean {
  return (
    address.length === network.length &&
    address.every((octet, i) => (octet & maskOctet(prefixBits, i)) === network[i])
  );
}

/** Whether some name matches both. */
export function patternsMeet(a: NamePattern, b: NamePattern): boolean {
  if (a.type === 'ip' || b.type === 'ip')
    return (
      a.type === 'ip' && b.type === 'ip' && (isWithinNetwork(a, b.network) || isWithinNetwork(b, a.network))
    );
  return a.type === b.type && overlaps(a.glob, b.glob);
}

/** What comparing two patterns costs at worst. */
export function comparisonSteps(a: NamePattern, b: NamePattern): number {
  if (a.type === 'ip' || b.type === 'ip') return 16;
  return (a.glob.tokens.length + 1) * (b.glob.tokens.length + 1);
}
