// Name constraints as people write them: `dns:example.com`, `ip:10.0.0.0/8`, `email:example.com`, `uri:.example.com`.
import type { GeneralName, NameConstraints } from '../../formats/x509/certificate.ts';
import { concat } from '../../ground/bytes.ts';
import { parseIp } from '../../verify/ip.ts';
import { isHostName, isMailbox } from '../../verify/names.ts';
import { terms } from './terms.ts';

const MAX_SUBTREES = 256;

/**
 * @returns `undefined` where there are none
 * @throws SealyardError `SY-AUTHORITY-TERMS`
 */
export function readNameConstraints(
  permitted: readonly string[],
  excluded: readonly string[],
): NameConstraints | undefined {
  if (permitted.length + excluded.length === 0) return undefined;
  if (permitted.length + excluded.length > MAX_SUBTREES)
    throw terms(`more than ${MAX_SUBTREES} name constraints`);
  return { permitted: permitted.map(readSubtree), excluded: excluded.map(readSubtree) };
}

function readSubtree(text: string): GeneralName {
  const [, type, value = ''] = /^(dns|ip|email|uri):(\S{1,253})$/.exec(text) ?? [];
  // RFC 5280 §4.2.1.10: a DNS base holds itself and all below; the leading dot that some write is not in the RFC.
  if (type === 'dns' && isHostName(value.replace(/^\./, '')))
    return { type: 'dns', value: value.replace(/^\./, '').toLowerCase() };
  if (type === 'email' && (isMailbox(value) || isHostName(value.replace(/^\./, ''))))
    return { type: 'email', value };
  if (type === 'uri' && isHostName(value.replace(/^\./, '')))
    return { type: 'uri', value: value.toLowerCase() };
  if (type === 'ip') return { type: 'ip', value: readNetwork(value) };
  throw terms('name constraints: dns:NAME, ip:ADDRESS/BITS, email:DOMAIN or uri:HOST');
}

/** Address and mask; bits behind the mask are zero, since a base that says more than it means misleads its reader. */
function readNetwork(text: string): Uint8Array {
  const [, base = '', bits = ''] = /^([0-9a-fA-F.:]{2,45})\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseIp(base);
  const length = Number(bits);
  if (address === undefined || bits === '' || length > address.length * 8)
    throw terms('name constraints: ip:ADDRESS/BITS');
  const mask = address.map((_octet, i) => 0xff & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))));
  if (address.some((octet, i) => (octet & ~(mask[i] ?? 0)) !== 0))
    throw terms('name constraints: the address has bits behind its mask');
  return concat(address, mask);
}
