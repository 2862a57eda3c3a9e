// Strict DER reading (X.690 §10): one spelling for each value, no trailing bytes, work linear in the input.
import { SealyardError } from '../ground/errors.ts';

export { der } from './der-write.ts';

/** One TLV. The views share memory with what was parsed; treat them as read-only. */
export interface DerNode {
  /** Identifier octet; only the low-tag form (tag numbers 0–30) exists in the formats that we read. */
  readonly tag: number;
  /** The whole TLV. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
}

/** Identifier octets of the universal types that our formats use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of context tag [n], n ≤ 30. */
export function contextTag(n: number, constructed = true): number {
  return (constructed ? 0xa0 : 0x80) | n;
}

export function malformed(detail: string): SealyardError {
  return new SealyardError('SY-DER-MALFORMED', detail);
}

/**
 * Reads exactly one TLV.
 * @throws SealyardError `SY-DER-MALFORMED` (also for trailing bytes)
 */
export function readDer(bytes: Uint8Array): DerNode {
  const node = readTlv(bytes, 0);
  if (node.bytes.length !== bytes.length) throw malformed('trailing bytes');
  return node;
}

/**
 * The elements of a constructed value.
 * @param limit refuses more elements than this, before a hostile list costs memory
 * @throws SealyardError `SY-DER-MALFORMED`
 */
export function children(node: DerNode, limit = 10_000): DerNode[] {
  if ((node.tag & 0x20) === 0) throw malformed('a constructed value was expected');
  const found: DerNode[] = [];
  for (let offset = 0; offset < node.content.length; ) {
    if (found.length === limit) throw malformed(`more than ${limit} elements`);
    const child = readTlv(node.content, offset);
    found.push(child);
    offset += child.bytes.length;
  }
  return found;
}

/** Reads the elements of one SEQUENCE or SET in order, as ASN.1 modules write them. */
export class DerCursor {
  readonly #content: Uint8Array;
  #offset = 0;

  /** @throws SealyardError `SY-DER-MALFORMED` where `node` does not carry `tag` */
  constructor(node: DerNode, tag: number = TAG.sequence) {
    if (node.tag !== tag) throw malformed(`tag ${hex(node.tag)} where ${hex(tag)} was expected`);
    if ((tag & 0x20) === 0) throw malformed('a constructed value was expected');
    this.#content = node.content;
  }

  get done(): boolean {
    return this.#offset >= this.#content.length;
  }

  /** The identifier octet of the next element, or `undefined` at the end. */
  get tag(): number | undefined {
    return this.#content[this.#offset];
  }

  /** The next element, which must exist and carry `tag` where one is given. */
  next(tag?: number): DerNode {
    if (this.done) throw malformed('an element is missing');
    const node = readTlv(this.#content, this.#offset);
    if (tag !== undefined && node.tag !== tag)
      throw malformed(`tag ${hex(node.tag)} where ${hex(tag)} was expected`);
    this.#offset += node.bytes.length;
    return node;
  }

  /** The next element if it carries `tag`. */
  optional(tag: number): DerNode | undefined {
    return this.tag === tag ? this.next(tag) : undefined;
  }

  /** Opens the next element as a SEQUENCE (or `tag`). */
  open(tag: number = TAG.sequence): DerCursor {
    return new DerCursor(this.next(tag), tag);
  }

  /** Refuses elements that the type does not have. */
  end(): void {
    if (!this.done) throw malformed('an element too many');
  }
}

/** The single element inside an EXPLICIT tag. */
export function explicit(node: DerNode): DerNode {
  const inner = children(node, 2);
  const [only] = inner;
  if (only === undefined || inner.length !== 1) throw malformed('an explicit tag holds one value');
  return only;
}

function readTlv(bytes: Uint8Array, offset: number): DerNode {
  const tag = bytes[offset];
  if (tag === undefined) throw malformed('the input ends early');
  // High tag numbers occur in none of our formats; universal 0 is BER's end-of-contents.
  if ((tag & 0x1f) === 0x1f) throw malformed('a high tag number');
  if (tag === 0) throw malformed('an end-of-contents octet');
  const first = bytes[offset + 1];
  if (first === undefined) throw malformed('the input ends early');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first & 0x7f;
    // X.690 §10.1: definite and minimal. Four octets are 4 GiB, more than any input here.
    if (octets === 0 || octets > 4) throw malformed('an indefinite or oversized length');
    length = 0;
    for (let i = 0; i < octets; i++) {
      const octet = bytes[start + i];
      if (octet === undefined) throw malformed('the input ends early');
      length = length * 256 + octet;
    }
    if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw malformed('a length that is not minimal');
    start += octets;
  }
  const end = start + length;
  if (end > bytes.length) throw malformed('the input ends early');
  return { tag, bytes: bytes.subarray(offset, end), content: bytes.subarray(start, end) };
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}
