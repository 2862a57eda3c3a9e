// IP addresses in the one spelling that counts: dotted decimal, and IPv6 as RFC 5952 §4 writes it.
import { formatIp, parseIp } from '../verify/ip.ts';

/** 4 or 16 octets; `undefined` for any spelling but the canonical one, and for IPv4 mapped into IPv6. */
export function parseCanonicalIp(text: string): Uint8Array | undefined {
  const address = parseIp(text);
  return address !== undefined && !isMapped(address) && formatIp(address) === text ? address : undefined;
}

/** RFC 4291 §2.5.5.2. Some readers take such a name for the IPv4 address, and others do not. */
export function isMapped(address: Uint8Array): boolean {
  return address.length === 16 && address.every((octet, i) => octet === (i < 10 ? 0 : i < 12 ? 255 : octet));
}
