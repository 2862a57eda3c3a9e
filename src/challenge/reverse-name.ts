// IP addresses as octets and as the names of the reverse trees, which tls-alpn-01 sends as SNI (RFC 8738 §6).
import { isIPv4 } from 'node:net';

/** 4 or 16 octets of an address in canonical text. */
export function addressOctets(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  // The URL parser knows every spelling and leaves groups and at most one gap.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = Array<string>(8 - left.length - right.length).fill('0');
  return Uint8Array.from(
    [...left, ...gap, ...right].flatMap((group) => {
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 255];
    }),
  );
}

/** `1.2.0.192.in-addr.arpa` (RFC 1034 §5.2.1), nibbles under `ip6.arpa` for IPv6 (RFC 3596 §2.5). */
export function reverseName(address: string): string {
  const octets = [...addressOctets(address)];
  if (octets.length === 4) return `${octets.reverse().join('.')}.in-addr.arpa`;
  const nibbles = octets.flatMap((octet) => [octet >> 4, octet & 15]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}
