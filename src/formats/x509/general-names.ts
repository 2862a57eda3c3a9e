// GeneralName: subjectAltName, issuer fields and the subtrees of name constraints (RFC 5280 §4.2.1.6).
import { contextTag, DerCursor, type DerNode, der, explicit, malformed } from '../der.ts';
import { ascii, readOid } from '../der-values.ts';
import { type Name, parseName } from './names.ts';

export type GeneralName =
  | { readonly type: 'dns' | 'email' | 'uri'; readonly value: string }
  /** 4 or 16 octets; in a name constraint 8 or 32: address and mask. */
  | { readonly type: 'ip'; readonly value: Uint8Array }
  | { readonly type: 'directory'; readonly value: Name }
  /** `value`: the DER inside the EXPLICIT tag. */
  | { readonly type: 'other'; readonly oid: string; readonly value: Uint8Array }
  /** x400Address, ediPartyName, registeredID: the identifier octet, and the value for re-encoding. */
  | { readonly type: 'unsupported'; readonly tag: number; readonly value: Uint8Array };

/** Text of a name: visible ASCII only, since NUL, blanks and control characters make two readers see two names. */
function visible(node: DerNode): string {
  const text = ascii(node.content);
  if (!/^[\x21-\x7e]*$/.test(text)) throw malformed('a name with blanks or control characters');
  return text;
}

/**
 * Reads one GeneralName.
 * @throws SealyardError `SY-DER-MALFORMED`
 */
export function parseGeneralName(node: DerNode): GeneralName {
  switch (node.tag) {
    case contextTag(0):
      return otherName(node);
    case contextTag(1, false):
      return { type: 'email', value: visible(node) };
    case contextTag(2, false):
      return { type: 'dns', value: visible(node) };
    case contextTag(3):
    case contextTag(5):
    case contextTag(8, false):
      return { type: 'unsupported', tag: node.tag, value: node.bytes };
    case contextTag(4):
      return { type: 'directory', value: parseName(explicit(node)) };
    case contextTag(6, false):
      return { type: 'uri', value: visible(node) };
    case contextTag(7, false):
      return { type: 'ip', value: node.content };
    default:
      throw malformed('a GeneralName was expected');
  }
}

function otherName(node: DerNode): GeneralName {
  const cursor = new DerCursor(node, contextTag(0));
  const oid = readOid(cursor.next());
  const value = explicit(cursor.next(contextTag(0))).bytes;
  cursor.end();
  return { type: 'other', oid, value };
}

/** GeneralNames: at least one (RFC 5280 §4.2.1.6), at most `limit`. */
export function parseGeneralNames(cursor: DerCursor, limit = 4096): GeneralName[] {
  const names: GeneralName[] = [];
  while (!cursor.done) {
    if (names.length === limit) throw malformed(`more than ${limit} names`);
    names.push(parseGeneralName(cursor.next()));
  }
  if (names.length === 0) throw malformed('an empty list of names');
  return names;
}

/**
 * The DER of one GeneralName.
 * @throws TypeError where the value cannot be written, e.g. a DNS name that is not ASCII
 */
export function encodeGeneralName(name: GeneralName): Uint8Array {
  switch (name.type) {
    case 'other':
      return der.context(0, joined(der.oid(name.oid), der.context(0, name.value)));
    case 'email':
      return text(1, name.value);
    case 'dns':
      return text(2, name.value);
    case 'uri':
      return text(6, name.value);
    case 'ip':
      return der.context(7, name.value, false);
    case 'directory':
      return der.context(4, name.value.der);
    case 'unsupported':
      return name.value;
  }
}

function text(n: number, value: string): Uint8Array {
  if (!/^[\x21-\x7e]*$/.test(value))
    throw new TypeError('a name with blanks, control or non-ASCII characters');
  return der.implicit(n, der.ia5String(value));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
