// X.501 Names: parse, build, print and compare (RFC 5280 §§4.1.2.4, 7.1; RFC 4514 for the text).
import { equalBytes } from '../../ground/bytes.ts';
import { children, DerCursor, type DerNode, der, malformed, readDer, TAG } from '../der.ts';
import { readOid, readText } from '../der-values.ts';
import { compareBytes } from '../der-write.ts';
import { OID } from './oids.ts';

export interface NameAttribute {
  readonly oid: string;
  readonly value: string;
}

export interface Name {
  readonly der: Uint8Array;
  /** All attributes in order, the relative distinguished names flattened. */
  readonly attributes: readonly NameAttribute[];
  /** For people, in the order of RFC 4514 (most specific first), e.g. `CN=api,O=Acme`. */
  readonly text: string;
}

/** Enough for any real name; 2048 attributes are an attack on name constraints. */
const MAX_ATTRIBUTES = 64;

const SHORT: Readonly<Record<string, string>> = {
  [OID.commonName]: 'CN',
  [OID.surname]: 'SN',
  [OID.serialNumber]: 'serialNumber',
  [OID.countryName]: 'C',
  [OID.localityName]: 'L',
  [OID.stateOrProvinceName]: 'ST',
  [OID.streetAddress]: 'STREET',
  [OID.organizationName]: 'O',
  [OID.organizationalUnitName]: 'OU',
  [OID.title]: 'title',
  [OID.givenName]: 'GN',
  [OID.userId]: 'UID',
  [OID.domainComponent]: 'DC',
  [OID.emailAddress]: 'emailAddress',
};

/**
 * Reads a Name.
 * @throws SealyardError `SY-DER-MALFORMED`
 */
export function parseName(node: DerNode): Name {
  const rdns = rdnsOf(node);
  const attributes = rdns.flat();
  if (attributes.length > MAX_ATTRIBUTES) throw malformed('a name of too many attributes');
  return {
    der: node.bytes,
    attributes,
    // Printed for people and in refusals only: not worth its time on each certificate that is issued.
    get text() {
      return textOf(rdns);
    },
  };
}

/** Reads a Name from its own bytes. */
export function readName(bytes: Uint8Array): Name {
  return parseName(readDer(bytes));
}

function rdnsOf(node: DerNode): NameAttribute[][] {
  if (node.tag !== TAG.sequence) throw malformed('a Name was expected');
  return children(node, MAX_ATTRIBUTES).map(parseRdn);
}

function parseRdn(node: DerNode): NameAttribute[] {
  if (node.tag !== TAG.set) throw malformed('a relative distinguished name was expected');
  const parts = children(node, MAX_ATTRIBUTES);
  if (parts.length === 0) throw malformed('an empty relative distinguished name');
  parts.forEach((part, i) => {
    const before = parts[i - 1];
    // X.690 §11.6; equal neighbours would be the same attribute twice.
    if (before !== undefined && compareBytes(before.bytes, part.bytes) >= 0)
      throw malformed('a SET OF out of order');
  });
  return parts.map(parseAttribute);
}

function parseAttribute(node: DerNode): NameAttribute {
  const cursor = new DerCursor(node);
  const oid = readOid(cursor.next());
  const value = readText(cursor.next());
  cursor.end();
  return { oid, value };
}

/** Builds a Name, one attribute to each RDN: PrintableString or IA5String where the attribute demands it, else UTF8String. */
export function encodeName(attributes: readonly NameAttribute[]): Uint8Array {
  return der.sequence(
    ...attributes.map(({ oid, value }) => der.set(der.sequence(der.oid(oid), encodeValue(oid, value)))),
  );
}

function encodeValue(oid: string, value: string): Uint8Array {
  if (oid === OID.domainComponent || oid === OID.emailAddress) return der.ia5String(value);
  if (oid === OID.countryName || oid === OID.serialNumber) return der.printableString(value);
  return der.utf8String(value);
}

function textOf(rdns: readonly (readonly NameAttribute[])[]): string {
  return rdns
    .map((rdn) => rdn.map(({ oid, value }) => `${SHORT[oid] ?? oid}=${escaped(value)}`).join('+'))
    .reverse()
    .join(',');
}

// RFC 4514 §2.4
function escaped(value: string): string {
  return value
    .replace(/[\\",+;<>=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ');
}

/** True for the empty sequence, which only a subject beside a critical subjectAltName may be (RFC 5280 §4.1.2.6). */
export function isEmptyName(name: Name): boolean {
  return name.attributes.length === 0;
}

/**
 * RFC 5280 §7.1: equal bytes, or equal RDNs after case folding and white-space compression, whatever string type was
 * used. Needs no more than the name's own length in work.
 */
export function sameName(a: Name, b: Name): boolean {
  if (equalBytes(a.der, b.der)) return true;
  if (a.attributes.length !== b.attributes.length) return false;
  const [left, right] = [comparable(a), comparable(b)];
  return left.length === right.length && left.every((rdn, i) => rdn === right[i]);
}

/** True where `name` begins with all RDNs of `base` (RFC 5280 §4.2.1.10, directoryName). */
export function isWithin(name: Name, base: Name): boolean {
  const [inner, outer] = [comparable(name), comparable(base)];
  return outer.length <= inner.length && outer.every((rdn, i) => rdn === inner[i]);
}

// Names are immutable, and path building compares the same few again and again.
const comparables = new WeakMap<Name, readonly string[]>();

function comparable(name: Name): readonly string[] {
  let known = comparables.get(name);
  if (known === undefined) {
    known = rdnsOf(readDer(name.der)).map((rdn) =>
      rdn
        .map(({ oid, value }) => JSON.stringify([oid, fold(value)]))
        .sort()
        .join(),
    );
    comparables.set(name, known);
  }
  return known;
}

function fold(value: string): string {
  return value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
}
