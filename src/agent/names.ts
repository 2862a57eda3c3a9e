// Names as people write them: what kind each is can be seen from its spelling.
import type { RequestedName } from '../policy/issuance.ts';
import { formatIp, parseIp } from '../verify/ip.ts';

/** `spiffe://…` and `https://…` are URIs, `10.0.0.1` an address, `a@b` a mail address, everything else a DNS name. */
export function readName(text: string): RequestedName {
  const ip = parseIp(text);
  if (ip !== undefined) return { type: 'ip', value: formatIp(ip) };
  if (text.includes('://')) return { type: 'uri', value: text };
  if (text.includes('@')) return { type: 'email', value: text };
  return { type: 'dns', value: text.toLowerCase() };
}
