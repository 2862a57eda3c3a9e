// Serial numbers: random, positive, of one length.
import { toHex } from '../ground/bytes.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import type { Random } from '../ground/ports.ts';

/**
 * A new serial of 126 random bits (CABF BR §7.1 wants 64). 16 octets whose first two bits are 01: positive without a
 * sign octet and never shorter, well within the 20 of RFC 5280 §4.1.2.2. Uniqueness is the primary key's.
 */
export function newSerial(random: Random): Serial {
  const octets = random.bytes(16).slice();
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  const serial = asSerial(toHex(octets));
  if (serial === undefined) throw new TypeError('the random source returned too little');
  return serial;
}
