// What kind of network an IP address lies in: the judgement that decides whether we may connect (RFC 6890).
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { SealyardError } from '../ground/errors.ts';

/**
 * - `metadata`: where clouds serve credentials to whoever asks from inside · `link-local`: RFC 3927, RFC 4291 §2.5.6
 * - `private`: RFC 1918, RFC 4193, RFC 6598 (carrier-grade NAT) · `reserved`: nothing that we could mean to reach
 */
export type NetworkKind = 'public' | 'private' | 'loopback' | 'link-local' | 'metadata' | 'reserved';

/** For what strangers may name: the open network alone. */
export const PUBLIC_ONLY: readonly NetworkKind[] = ['public'];
/** For hosts that the operator named himself; never the metadata service. */
export const LOCAL_TOO: readonly NetworkKind[] = ['public', 'private', 'loopback'];

// First match wins, so the metadata addresses come before the networks that contain them.
const TABLE: readonly { readonly kind: Exclude<NetworkKind, 'public'>; readonly nets: readonly string[] }[] =
  [
    {
      kind: 'metadata',
      nets: [
        '169.254.169.254/32', // AWS, Azure, Google Cloud, OpenStack
        '169.254.170.0/24', // AWS task and pod credentials
        '100.100.100.200/32', // Alibaba Cloud
        '192.0.0.192/32', // Oracle Cloud
        'fd00:ec2::/32', // AWS over IPv6
        'fd20:ce::254/128', // Google Cloud over IPv6
      ],
    },
    { kind: 'loopback', nets: ['127.0.0.0/8', '::1/128'] },
    { kind: 'link-local', nets: ['169.254.0.0/16', 'fe80::/10'] },
    { kind: 'private', nets: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'] },
    {
      kind: 'reserved',
      nets: [
        '0.0.0.0/8', // "this network": Linux connects 0.0.0.0 to loopback
        '192.0.0.0/24',
        '192.0.2.0/24',
        '192.88.99.0/24',
        '198.18.0.0/15',
        '198.51.100.0/24',
        '203.0.113.0/24',
        '224.0.0.0/4',
        '240.0.0.0/4',
        '::/96', // unspecified and IPv4-compatible (deprecated, RFC 4291 §2.5.5.1)
        '64:ff9b:1::/48',
        '100::/64',
        '2001::/23', // Teredo and other special purposes; embeds IPv4
        '2001:db8::/32',
        '2002::/16', // 6to4 embeds IPv4 (RFC 3056); no longer in use
        '3fff::/20',
        '5f00::/16',
        'fec0::/10',
        'ff00::/8',
      ],
    },
  ];

const LISTS = TABLE.map(({ kind, nets }) => ({ kind, list: blockList(nets) }));

/**
 * Judges an address in its canonical textual form; IPv4 inside IPv6 (mapped, NAT64) is judged as the IPv4 that it is.
 * Anything that is not an IP address is `reserved`.
 */
export function networkKind(address: string): NetworkKind {
  const inner = unwrap(address);
  const family = isIPv4(inner) ? 'ipv4' : isIPv6(inner) ? 'ipv6' : undefined;
  if (family === undefined) return 'reserved';
  return LISTS.find(({ list }) => list.check(inner, family))?.kind ?? 'public';
}

/** Networks that an operator named, in the form that addresses are judged with. */
export interface NamedNetworks {
  /** Whether one of the networks holds the address; a metadata service only where it was named alone (`/32`, `/128`). */
  has(address: string): boolean;
}

/**
 * Reads networks in CIDR form: `10.20.0.0/16`, `fd12::/48`.
 * @throws SealyardError `SY-REACH-NETWORK`
 */
export function namedNetworks(cidrs: readonly string[]): NamedNetworks {
  const list = new BlockList();
  const single = new BlockList();
  for (const cidr of cidrs) {
    const { address, prefix, family } = readCidr(cidr);
    list.addSubnet(address, prefix, family);
    if (prefix === (family === 'ipv4' ? 32 : 128)) single.addAddress(address, family);
  }
  return {
    has: (address) => {
      const inner = unwrap(address);
      const family = isIPv4(inner) ? 'ipv4' : isIPv6(inner) ? 'ipv6' : undefined;
      if (family === undefined) return false;
      return (networkKind(inner) === 'metadata' ? single : list).check(inner, family);
    },
  };
}

function readCidr(cidr: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } {
  const [, address = '', digits = ''] = /^([0-9a-f:.]+)\/(\d{1,3})$/i.exec(cidr) ?? [];
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  const prefix = Number(digits);
  if (family === undefined || prefix > (family === 'ipv4' ? 32 : 128) || unwrap(address) !== address)
    throw new SealyardError('SY-REACH-NETWORK', cidr.slice(0, 80));
  return { address, prefix, family };
}

/** `::ffff:127.0.0.1`, `::ffff:7f00:1` and `64:ff9b::7f00:1` (RFC 6052) all reach the IPv4 address inside. */
function unwrap(address: string): string {
  if (!isIPv6(address) || address.includes('%')) return address;
  const groups = expand(address);
  const mapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  const nat64 =
    groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((group) => group === 0);
  if (!mapped && !nat64) return address;
  const [high = 0, low = 0] = groups.slice(6);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** The eight groups of a valid IPv6 address; the URL parser already knows every spelling. */
function expand(address: string): number[] {
  const canonical = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = canonical.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - left.length - right.length;
  return [...left, ...Array<string>(gap).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
}

function blockList(nets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const net of nets) {
    const [address = '', prefix = ''] = net.split('/');
    list.addSubnet(address, Number(prefix), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
