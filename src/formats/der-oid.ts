// OBJECT IDENTIFIER between dotted text and DER content (X.690 §8.19).
import { SealyardError } from '../ground/errors.ts';

const DOTTED = /^[012](\.(0|[1-9][0-9]*))+$/;
/** Longer identifiers exist in no registry; the bound keeps big-number work trivial. */
const MAX_OCTETS = 64;

// Callers encode the same few dozen identifiers for every certificate. Bounded, since a CSR may bring others.
const encoded = new Map<string, Uint8Array>();
const MAX_CACHED = 512;

/**
 * The whole TLV of an object identifier. The result is shared: do not write to it.
 * @throws TypeError where the text is no object identifier
 */
export function encodeOid(text: string): Uint8Array {
  const known = encoded.get(text);
  if (known !== undefined) return known;
  const content = contentOf(text);
  const tlv = new Uint8Array(content.length + 2);
  tlv[0] = 0x06;
  tlv[1] = content.length;
  tlv.set(content, 2);
  if (encoded.size < MAX_CACHED) encoded.set(text, tlv);
  return tlv;
}

function contentOf(text: string): Uint8Array {
  if (text.length > 200 || !DOTTED.test(text)) throw new TypeError('not an object identifier');
  const arcs = text.split('.').map(BigInt);
  const [first = 0n, second = 0n] = arcs;
  if (first < 2n && second > 39n) throw new TypeError('not an object identifier');
  const octets: number[] = [];
  for (const arc of [first * 40n + second, ...arcs.slice(2)]) octets.push(...base128(arc));
  if (octets.length > MAX_OCTETS) throw new TypeError('an object identifier of more than 64 octets');
  return Uint8Array.from(octets);
}

function base128(arc: bigint): number[] {
  const septets = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) septets.unshift(Number(rest & 0x7fn) | 0x80);
  return septets;
}

/**
 * Dotted text of an identifier's content octets.
 * @throws SealyardError `SY-DER-MALFORMED` where arcs are cut or padded (X.690 §8.19.2)
 */
export function decodeOid(content: Uint8Array): string {
  if (content.length === 0 || content.length > MAX_OCTETS)
    throw new SealyardError('SY-DER-MALFORMED', 'an object identifier of bad length');
  const arcs: (number | bigint)[] = [];
  let arc: number | bigint = 0;
  let fresh = true;
  for (const octet of content) {
    if (fresh && octet === 0x80) throw new SealyardError('SY-DER-MALFORMED', 'a padded object identifier');
    const septet = octet & 0x7f;
    // Beyond 2^46 a double would lose bits with the next septet (2.25.<uuid> is 128 bits long).
    if (typeof arc === 'number' && arc < 2 ** 46) arc = arc * 128 + septet;
    else arc = BigInt(arc) * 128n + BigInt(septet);
    fresh = (octet & 0x80) === 0;
    if (fresh) {
      arcs.push(arc);
      arc = 0;
    }
  }
  if (!fresh) throw new SealyardError('SY-DER-MALFORMED', 'an object identifier that ends early');
  const [head = 0, ...tail] = arcs;
  const first = head < 40 ? 0 : head < 80 ? 1 : 2;
  const second = typeof head === 'bigint' ? head - 80n : head - 40 * first;
  return [first, second, ...tail].join('.');
}
