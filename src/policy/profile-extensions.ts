// What a profile of the document adds to its certificates byte by byte: extensions, and name constraints.
import { readDer } from '../formats/der.ts';
import { encodeOid } from '../formats/der-oid.ts';
import type { GeneralName, NameConstraints } from '../formats/x509/certificate.ts';
import { OID } from '../formats/x509/oids.ts';
import { fromBase64, fromHex, newBytes } from '../ground/bytes.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { Value } from './document.ts';
import { NAME_TYPES, type NameType, type ProfileExtension } from './issuance.ts';
import { parseNamePattern } from './name-pattern.ts';
import { nameObjection } from './requested-name.ts';
import type { Fields, Reader } from './shape.ts';

const MOST_EXTENSIONS = 16;
const MOST_VALUE = 4096;
const MOST_SUBTREES = 100;

/** Written by us for every certificate, from what was checked: a document that set them would get round the checks. */
const OURS: readonly string[] = [
  // RFC 5280's own arc: names, usages, constraints, CRL addresses.
  '2.5.29.',
  `${OID.authorityInfoAccess}.`,
  `${OID.sctList}.`,
  `${OID.ctPoison}.`,
  `${OID.fulcio}.`,
  `${OID.sealyardClaims}.`,
];

/** @param present of the base, which must not come twice */
export function readExtensions(
  reader: Reader,
  value: Value,
  present: readonly ProfileExtension[],
): readonly ProfileExtension[] | undefined {
  const seen = new Set(present.map(({ oid }) => oid));
  return reader.rows(value, MOST_EXTENSIONS, (item) => {
    const extension = readExtension(reader, item);
    if (extension === undefined) return undefined;
    // RFC 5280 §4.2: each extension at most once.
    if (seen.has(extension.oid)) reader.findings.add(item, `the extension ${extension.oid} is there twice`);
    seen.add(extension.oid);
    return extension;
  });
}

function readExtension(reader: Reader, item: Value): ProfileExtension | undefined {
  const fields = reader.fields(item, { oid: true, critical: false, hex: false, base64: false });
  const [oidValue, criticalValue] = [fields?.get('oid'), fields?.get('critical')];
  if (fields === undefined || oidValue === undefined) return undefined;
  const oid = readOid(reader, oidValue);
  const critical = criticalValue === undefined ? false : reader.boolean(criticalValue);
  const value = readValue(reader, item, fields);
  if (oid === undefined || critical === undefined || value === undefined) return undefined;
  return { oid, critical, value };
}

function readOid(reader: Reader, at: Value): string | undefined {
  const text = reader.text(at)?.value;
  if (text === undefined) return undefined;
  if (text.length > 100 || !isOid(text)) reader.findings.add(at, `"${text}" is not an object identifier`);
  else if (OURS.some((arc) => `${text}.`.startsWith(arc)))
    reader.findings.add(at, `${text} is written by Sealyard itself, from what was checked`);
  else return text;
  return undefined;
}

function isOid(text: string): boolean {
  try {
    return encodeOid(text).length > 0;
  } catch (error) {
    if (isSealyardError(error) || error instanceof TypeError || error instanceof RangeError) return false;
    throw error;
  }
}

function readValue(reader: Reader, item: Value, fields: Fields): Uint8Array | undefined {
  const [hex, base64] = [fields.get('hex'), fields.get('base64')];
  const at = hex ?? base64;
  if (at === undefined || (hex !== undefined && base64 !== undefined)) {
    reader.findings.add(item, 'an extension has its DER as one of "hex" and "base64"');
    return undefined;
  }
  const text = reader.text(at)?.value;
  if (text === undefined) return undefined;
  const bytes =
    text.length > 2 * MOST_VALUE ? undefined : hex === undefined ? fromBase64(text) : fromHex(text);
  if (bytes !== undefined && bytes.length <= MOST_VALUE && isDer(bytes)) return bytes;
  reader.findings.add(at, `the extension's value is not DER of at most ${MOST_VALUE} octets`);
  return undefined;
}

function isDer(bytes: Uint8Array): boolean {
  try {
    readDer(bytes);
    return true;
  } catch (error) {
    if (isSealyardError(error)) return false;
    throw error;
  }
}

/** RFC 5280 §4.2.1.10: subtrees for each type of name, `permitted` and `excluded`. */
export function readNameConstraints(reader: Reader, value: Value): NameConstraints | undefined {
  const fields = reader.fields(value, { permitted: false, excluded: false });
  if (fields === undefined) return undefined;
  const permitted = readSubtrees(reader, fields.get('permitted'));
  const excluded = readSubtrees(reader, fields.get('excluded'));
  if (permitted.length + excluded.length > 0) return { permitted, excluded };
  reader.findings.add(value, '"name-constraints" have no subtree');
  return undefined;
}

function readSubtrees(reader: Reader, value: Value | undefined): readonly GeneralName[] {
  if (value === undefined) return [];
  const fields = reader.fields(value, { dns: false, ip: false, uri: false, email: false });
  return NAME_TYPES.flatMap((type) => {
    const list = fields?.get(type);
    return list === undefined
      ? []
      : (reader.rows(list, MOST_SUBTREES, (item) => readSubtree(reader, item, type)) ?? []);
  });
}

function readSubtree(reader: Reader, item: Value, type: NameType): GeneralName | undefined {
  const text = reader.text(item)?.value;
  if (text === undefined) return undefined;
  const base = type === 'ip' ? networkBase(text) : hostBase(text, type);
  if (base === undefined) reader.findings.add(item, `"${text}" is not a subtree of ${type} names`);
  return base;
}

/** Address and mask, as the extension has them. */
function networkBase(text: string): GeneralName | undefined {
  const pattern = parseNamePattern(text);
  if ('problem' in pattern || pattern.type !== 'ip') return undefined;
  const size = pattern.network.length;
  const value = newBytes(2 * size);
  value.set(pattern.network);
  for (let bit = 0; bit < pattern.prefixBits; bit++) {
    const at = size + (bit >> 3);
    value[at] = (value[at] ?? 0) | (0x80 >> (bit & 7));
  }
  return { type: 'ip', value };
}

/** A host; with a leading dot (URI and mail) all below it; a mailbox for mail. */
function hostBase(text: string, type: 'dns' | 'uri' | 'email'): GeneralName | undefined {
  const mailbox = type === 'email' && text.includes('@');
  const host = type !== 'dns' && text.startsWith('.') ? text.slice(1) : text;
  const objection = mailbox
    ? nameObjection({ type: 'email', value: text })
    : nameObjection({ type: 'dns', value: host });
  return objection === undefined && !text.includes('*') ? { type, value: text } : undefined;
}
