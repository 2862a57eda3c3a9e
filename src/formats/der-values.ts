// DER primitives as values: each reader accepts the one canonical spelling and refuses every other (X.690 §§8, 11).
import { fromUtf8, toHex } from '../ground/bytes.ts';
import { asSerial, type Serial } from '../ground/ids.ts';
import type { DerNode } from './der.ts';
import { malformed, TAG } from './der.ts';
import { decodeOid } from './der-oid.ts';

/** Integers beyond this many octets occur nowhere but in RSA moduli, which are read as bytes. */
const MAX_BIGINT_OCTETS = 64;

function expect(node: DerNode, tag: number, what: string): Uint8Array {
  if (node.tag !== tag) throw malformed(`${what} was expected`);
  return node.content;
}

/** Content octets of an INTEGER, checked to be minimal (X.690 §8.3.2). `tag` for IMPLICIT ones. */
export function integerContent(node: DerNode, tag: number = TAG.integer): Uint8Array {
  const content = expect(node, tag, 'an INTEGER');
  const [first, second] = content;
  if (first === undefined) throw malformed('an empty INTEGER');
  if (second !== undefined) {
    const padded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
    if (padded) throw malformed('an INTEGER that is not minimal');
  }
  return content;
}

export function readInteger(node: DerNode, tag: number = TAG.integer): bigint {
  const content = integerContent(node, tag);
  if (content.length > MAX_BIGINT_OCTETS) throw malformed('an INTEGER that is too long');
  return BigInt.asIntN(8 * content.length, BigInt(`0x${toHex(content)}`));
}

/** An INTEGER that must lie in 0…`max` (at most 2^53-1). */
export function readSmallInteger(node: DerNode, max: number, tag: number = TAG.integer): number {
  const content = integerContent(node, tag);
  if (content.length > 8) throw malformed('an INTEGER out of range');
  const value = readInteger(node, tag);
  if (value < 0n || value > BigInt(max)) throw malformed('an INTEGER out of range');
  return Number(value);
}

/** A positive INTEGER's magnitude without its sign octet. */
export function readUnsigned(node: DerNode): Uint8Array {
  const content = integerContent(node);
  const first = content[0] ?? 0;
  if (first >= 0x80) throw malformed('a negative INTEGER');
  return first === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, counted with the sign octet. */
export function readSerial(node: DerNode): Serial {
  const magnitude = readUnsigned(node);
  if (node.content.length > 20) throw malformed('a serial number of more than 20 octets');
  const serial = asSerial(toHex(magnitude));
  if (serial === undefined || serial === '00') throw malformed('a serial number that is not positive');
  return serial;
}

/** X.690 §11.1: FALSE is 00 and TRUE is FF. */
export function readBoolean(node: DerNode): boolean {
  const content = expect(node, TAG.boolean, 'a BOOLEAN');
  const [octet] = content;
  if (content.length !== 1 || (octet !== 0 && octet !== 0xff))
    throw malformed('a BOOLEAN that is not canonical');
  return octet === 0xff;
}

export function readOid(node: DerNode): string {
  return decodeOid(expect(node, TAG.oid, 'an OBJECT IDENTIFIER'));
}

export function readOctetString(node: DerNode): Uint8Array {
  return expect(node, TAG.octetString, 'an OCTET STRING');
}

/** A BIT STRING of whole octets, such as a key or a signature. `tag` for IMPLICIT ones. */
export function readBitString(node: DerNode, tag: number = TAG.bitString): Uint8Array {
  const content = expect(node, tag, 'a BIT STRING');
  if (content[0] !== 0) throw malformed('a BIT STRING of whole octets was expected');
  return content.subarray(1);
}

/** The numbers of the bits that are set in a named bit list; trailing zero bits are refused (X.690 §11.2.2). */
export function readNamedBits(node: DerNode, tag: number = TAG.bitString): number[] {
  const content = expect(node, tag, 'a BIT STRING');
  const unused = content[0];
  if (unused === undefined || unused > 7 || content.length > 9) throw malformed('a bad BIT STRING');
  const octets = content.subarray(1);
  const last = octets.at(-1);
  if (last === undefined) {
    if (unused !== 0) throw malformed('a bad BIT STRING');
    return [];
  }
  // The last used bit must be 1 and the unused ones 0.
  if ((last & ((1 << unused) - 1)) !== 0 || (last & (1 << unused)) === 0)
    throw malformed('a named bit list with trailing zeros');
  const bits: number[] = [];
  for (let bit = 0; bit < octets.length * 8; bit++)
    if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.push(bit);
  return bits;
}

const UTC = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d{1,9}))?Z$/;

function latin(bytes: Uint8Array): string {
  return bytes.length > 64 ? '' : String.fromCharCode(...bytes);
}

function dateOf(year: number, parts: readonly (string | undefined)[], fraction = ''): Date {
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const date = new Date(0);
  // setUTCFullYear, since Date.UTC moves years 0–99 to 1900–1999.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, millis);
  const rolled =
    date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59;
  if (rolled) throw malformed('a time that does not exist');
  return date;
}

/** UTCTime or GeneralizedTime as certificates write them (RFC 5280 §4.1.2.5): to the second, UTC, each in its years. */
export function readTime(node: DerNode): Date {
  if (node.tag === TAG.generalizedTime) {
    const date = readGeneralizedTime(node, 'seconds');
    const year = date.getUTCFullYear();
    if (year >= 1950 && year <= 2049) throw malformed('a GeneralizedTime before 2050');
    return date;
  }
  const match = UTC.exec(latin(expect(node, TAG.utcTime, 'a time')));
  if (match === null) throw malformed('a bad UTCTime');
  const short = Number(match[1]);
  return dateOf(short + (short < 50 ? 2000 : 1900), match.slice(2, 7));
}

/** GeneralizedTime in UTC; with `fraction`, as in RFC 3161 §2.4.2, no trailing zeros. Cut to milliseconds. */
export function readGeneralizedTime(node: DerNode, precision: 'seconds' | 'fraction'): Date {
  const match = GENERALIZED.exec(latin(expect(node, TAG.generalizedTime, 'a GeneralizedTime')));
  if (match === null) throw malformed('a bad GeneralizedTime');
  const fraction = match[7];
  if (fraction !== undefined && (precision === 'seconds' || fraction.endsWith('0')))
    throw malformed('a GeneralizedTime with a bad fraction');
  return dateOf(Number(match[1]), match.slice(2, 7), fraction);
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const NUMERIC = /^[0-9 ]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point.
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;

/**
 * A character string of any type that names use. Control characters, NUL above all, are refused: no name needs them
 * and every comparison in C stops there.
 */
export function readText(node: DerNode): string {
  const text = decodeText(node);
  if (CONTROL.test(text)) throw malformed('a control character in a string');
  return text;
}

function decodeText(node: DerNode): string {
  switch (node.tag) {
    case TAG.utf8String:
      return wellFormed(fromUtf8(node.content));
    case TAG.printableString:
      return matching(ascii(node.content), PRINTABLE, 'PrintableString');
    case TAG.numericString:
      return matching(ascii(node.content), NUMERIC, 'NumericString');
    case TAG.ia5String:
    case TAG.visibleString:
      return ascii(node.content);
    case TAG.teletexString:
      // In practice Latin-1; old roots use it.
      return chunked(node.content, 1);
    case TAG.bmpString:
      return chunked(node.content, 2);
    case TAG.universalString:
      return chunked(node.content, 4);
    default:
      throw malformed('a character string was expected');
  }
}

function matching(text: string, pattern: RegExp, type: string): string {
  if (!pattern.test(text)) throw malformed(`a character that ${type} does not have`);
  return text;
}

/** ASCII octets as text. */
export function ascii(bytes: Uint8Array): string {
  for (const octet of bytes) if (octet > 0x7f) throw malformed('an octet beyond ASCII');
  return wellFormed(fromUtf8(bytes));
}

function chunked(bytes: Uint8Array, width: number): string {
  if (bytes.length % width !== 0) throw malformed('a string that ends within a character');
  const out: string[] = [];
  for (let i = 0; i < bytes.length; i += width) {
    let point = 0;
    for (let k = 0; k < width; k++) point = point * 256 + (bytes[i + k] ?? 0);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) throw malformed('a bad character');
    out.push(String.fromCodePoint(point));
  }
  return out.join('');
}

function wellFormed(text: string | undefined): string {
  if (text === undefined) throw malformed('a string that is not UTF-8');
  return text;
}
