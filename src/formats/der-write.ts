// DER writing: each function returns the bytes of one TLV. Direct, since issuing certificates is the hot path.
import { concat, newBytes, toUtf8 } from '../ground/bytes.ts';
import { encodeOid } from './der-oid.ts';

/** Joins `parts` under one identifier octet. */
function wrap(tag: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = headerSize(length);
  const out = newBytes(header + length);
  writeHeader(out, tag, length, header);
  let offset = header;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

function primitive(tag: number, content: Uint8Array): Uint8Array {
  const header = headerSize(content.length);
  const out = newBytes(header + content.length);
  writeHeader(out, tag, content.length, header);
  out.set(content, header);
  return out;
}

function headerSize(length: number): number {
  if (length < 0x80) return 2;
  if (length < 0x100) return 3;
  if (length < 0x10000) return 4;
  return length < 0x1000000 ? 5 : 6;
}

function writeHeader(out: Uint8Array, tag: number, length: number, header: number): void {
  out[0] = tag;
  if (header === 2) {
    out[1] = length;
    return;
  }
  out[1] = 0x80 | (header - 2);
  for (let i = header - 1, rest = length; i >= 2; i--, rest = Math.floor(rest / 256)) out[i] = rest & 0xff;
}

function integer(value: number | bigint | Uint8Array): Uint8Array {
  if (value instanceof Uint8Array) return unsignedInteger(value);
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new TypeError('not an integer');
    if (value >= 0 && value < 0x80) return new Uint8Array([2, 1, value]);
  }
  return primitive(0x02, twosComplement(BigInt(value)));
}

/** A magnitude, most significant octet first; the sign octet is added where needed (X.690 §8.3). */
function unsignedInteger(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  const octets = magnitude.subarray(start);
  const first = octets[0];
  if (first === undefined) return new Uint8Array([2, 1, 0]);
  return primitive(0x02, first >= 0x80 ? concat(new Uint8Array(1), octets) : octets);
}

function twosComplement(value: bigint): Uint8Array {
  let size = 1;
  while (BigInt.asIntN(8 * size, value) !== value) size++;
  const out = new Uint8Array(size);
  let rest = BigInt.asUintN(8 * size, value);
  for (let i = size - 1; i >= 0; i--, rest >>= 8n) out[i] = Number(rest & 0xffn);
  return out;
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function monthToSecond(date: Date): string {
  return (
    digits(date.getUTCMonth() + 1, 2) +
    digits(date.getUTCDate(), 2) +
    digits(date.getUTCHours(), 2) +
    digits(date.getUTCMinutes(), 2) +
    digits(date.getUTCSeconds(), 2)
  );
}

/** Text that is known to be ASCII; for strings this short a loop is twice as fast as TextEncoder. */
function ascii(tag: number, text: string): Uint8Array {
  const out = newBytes(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return primitive(tag, out);
}

function yearOf(date: Date): number {
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new TypeError('a date that DER cannot hold');
  return year;
}

/** GeneralizedTime to the second (RFC 5280 §4.1.2.5.2); with `milliseconds`, a fraction without trailing zeros (X.690 §11.7). */
function generalizedTime(date: Date, precision: 'seconds' | 'milliseconds' = 'seconds'): Uint8Array {
  const millis = precision === 'milliseconds' ? date.getUTCMilliseconds() : 0;
  const fraction = millis === 0 ? '' : `.${digits(millis, 3).replace(/0+$/, '')}`;
  return ascii(0x18, `${digits(yearOf(date), 4)}${monthToSecond(date)}${fraction}Z`);
}

/** UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5280 §4.1.2.5); fractions of a second are cut. */
function time(date: Date): Uint8Array {
  const year = yearOf(date);
  if (year < 1950 || year > 2049) return generalizedTime(date);
  return ascii(0x17, `${digits(year % 100, 2)}${monthToSecond(date)}Z`);
}

/** DER order of SET OF: by the octets of the encodings (X.690 §11.6). */
function setOf(parts: readonly Uint8Array[]): Uint8Array {
  return wrap(0x31, parts.length < 2 ? parts : [...parts].sort(compareBytes));
}

/** Octet order; a prefix comes first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: IA5String is ASCII, control characters included.
const ASCII = /^[\x00-\x7f]*$/;

/** True where PrintableString can hold the text (X.680 §41.4). */
export function isPrintable(text: string): boolean {
  return PRINTABLE.test(text);
}

/** Builders of DER values. A `TypeError` means that the caller passed what the type cannot hold. */
export const der = {
  sequence: (...parts: readonly Uint8Array[]): Uint8Array => wrap(0x30, parts),
  /** SET OF, sorted. */
  set: (...parts: readonly Uint8Array[]): Uint8Array => setOf(parts),
  /** A `Uint8Array` is an unsigned magnitude. */
  integer,
  oid: (text: string): Uint8Array => encodeOid(text),
  octetString: (bytes: Uint8Array): Uint8Array => primitive(0x04, bytes),
  /** `unused` bits at the end of the last octet, which must be zero. */
  bitString: (bytes: Uint8Array, unused = 0): Uint8Array => wrap(0x03, [new Uint8Array([unused]), bytes]),
  /** A named bit list: trailing zero bits are cut (X.690 §11.2.2). */
  namedBits: (bits: readonly number[]): Uint8Array => namedBits(bits),
  boolean: (value: boolean): Uint8Array => new Uint8Array([1, 1, value ? 0xff : 0]),
  null: (): Uint8Array => new Uint8Array([5, 0]),
  enumerated: (value: number): Uint8Array => primitive(0x0a, twosComplement(BigInt(value))),
  utf8String: (text: string): Uint8Array => primitive(0x0c, toUtf8(text)),
  printableString(text: string): Uint8Array {
    if (!isPrintable(text)) throw new TypeError('not a PrintableString');
    return ascii(0x13, text);
  },
  ia5String(text: string): Uint8Array {
    if (!ASCII.test(text)) throw new TypeError('not an IA5String');
    return ascii(0x16, text);
  },
  time,
  generalizedTime,
  /** Context tag [n] around `content`: EXPLICIT or constructed IMPLICIT by default, primitive with `false`. */
  context: (n: number, content: Uint8Array, constructed = true): Uint8Array =>
    primitive((constructed ? 0xa0 : 0x80) | n, content),
  /** IMPLICIT [n] over a complete TLV: replaces its identifier octet, keeps its form. */
  implicit(n: number, tlv: Uint8Array): Uint8Array {
    const out = tlv.slice();
    out[0] = 0x80 | ((tlv[0] ?? 0) & 0x20) | n;
    return out;
  },
} as const;

function namedBits(bits: readonly number[]): Uint8Array {
  const highest = Math.max(-1, ...bits);
  const octets = new Uint8Array(Math.floor(highest / 8) + 1);
  for (const bit of bits) octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return der.bitString(octets, highest < 0 ? 0 : 7 - (highest & 7));
}
