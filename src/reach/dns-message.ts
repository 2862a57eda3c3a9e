// DNS messages (RFC 1035 §4, RFC 6891, RFC 8659 §4.1): one question out, an answer in that a stranger may have written.
import { SealyardError } from '../ground/errors.ts';

export const DNS_TYPE = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, CAA: 257 } as const;
export type DnsType = keyof typeof DNS_TYPE;

const OPT = 41;
const CLASS_IN = 1;
/** RFC 9715: what passes without fragments; a forged fragment is how poisoned answers get in. */
const UDP_PAYLOAD_BYTES = 1232;
const MAX_NAME_OCTETS = 255;
const MAX_LABEL_OCTETS = 63;
const MAX_POINTERS = 64;

/** Names are lower case without the final dot, other octets than `a-z 0-9 - _` as `\ddd`; the root is ''. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly name: string; readonly address: string }
  | { readonly type: 'CNAME'; readonly name: string; readonly target: string }
  /** The strings of the record joined; each character is an octet. */
  | { readonly type: 'TXT'; readonly name: string; readonly text: string }
  | {
      readonly type: 'CAA';
      readonly name: string;
      readonly flags: number;
      readonly tag: string;
      readonly value: string;
    };

export interface DnsMessage {
  readonly id: number;
  readonly truncated: boolean;
  /** RFC 1035 §4.1.1: 0 no error, 2 server failure, 3 no such name; without the extended bits. */
  readonly rcode: number;
  /** The resolver says that it validated the answer with DNSSEC (AD); worth what the path to it is worth. */
  readonly authenticated: boolean;
  /** As written by the sender, so that the case of its letters can be compared. */
  readonly question: { readonly name: string; readonly type: number } | undefined;
  readonly answers: readonly DnsRecord[];
  /** The authority section holds an SOA: the end of the chain has no such record (RFC 2308 §2.2). */
  readonly denied: boolean;
}

/**
 * A recursive query with one question.
 * @param name A-labels, as they are to be sent: upper and lower case matter to the 0x20 check
 * @throws SealyardError `SY-REACH-DNS` where the name does not fit into a message
 */
export function encodeQuery(o: { id: number; name: string; type: DnsType; edns: boolean }): Uint8Array {
  const name = encodeName(o.name);
  const bytes = new Uint8Array(12 + name.length + 4 + (o.edns ? 11 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, o.id);
  view.setUint16(2, 0x0120); // recursion desired; AD: tell us whether it was validated (RFC 6840 §5.7)
  view.setUint16(4, 1);
  view.setUint16(10, o.edns ? 1 : 0);
  bytes.set(name, 12);
  const at = 12 + name.length;
  view.setUint16(at, DNS_TYPE[o.type]);
  view.setUint16(at + 2, CLASS_IN);
  if (o.edns) {
    view.setUint16(at + 5, OPT);
    view.setUint16(at + 7, UDP_PAYLOAD_BYTES);
  }
  return bytes;
}

function encodeName(name: string): Uint8Array {
  const labels = name.split('.');
  const octets = [...labels.flatMap((label) => [label.length, ...Buffer.from(label, 'latin1')]), 0];
  const bad = labels.some((label) => label === '' || label.length > MAX_LABEL_OCTETS);
  if (bad || octets.length > MAX_NAME_OCTETS || !/^[\x21-\x5b\x5d-\x7e]+$/.test(name))
    throw new SealyardError('SY-REACH-DNS', 'the name does not fit into DNS');
  return Uint8Array.from(octets);
}

/** @throws SealyardError `SY-REACH-DNS` for anything that is not a well-formed response */
export function decodeResponse(bytes: Uint8Array): DnsMessage {
  const reader = new Reader(bytes);
  const id = reader.uint16();
  const flags = reader.uint16();
  if ((flags & 0xf800) !== 0x8000) throw malformed('not a response to a query');
  const [questions, answers, authorities] = [reader.uint16(), reader.uint16(), reader.uint16()];
  reader.uint16(); // additional records tell nothing that we asked for
  if (questions > 1) throw malformed('several questions');
  const question = questions === 1 ? readQuestion(reader) : undefined;
  const truncated = (flags & 0x0200) !== 0;
  const header = { id, truncated, rcode: flags & 15, authenticated: (flags & 0x20) !== 0, question };
  // What a truncated answer still holds is not used (RFC 2181 §9), and may end in the middle of a record.
  if (truncated) return { ...header, answers: [], denied: false };
  const records: DnsRecord[] = [];
  for (let i = 0; i < answers; i++) {
    const record = readRecord(reader);
    if (record !== undefined && record !== 'SOA') records.push(record);
  }
  let denied = false;
  for (let i = 0; i < authorities; i++) if (readRecord(reader) === 'SOA') denied = true;
  return { ...header, answers: records, denied };
}

function readQuestion(reader: Reader): { name: string; type: number } {
  const name = reader.name();
  const type = reader.uint16();
  if (reader.uint16() !== CLASS_IN) throw malformed('another class than IN');
  return { name, type };
}

/** `undefined` for records of other types and classes. */
function readRecord(reader: Reader): DnsRecord | 'SOA' | undefined {
  const name = reader.name().toLowerCase();
  const type = reader.uint16();
  const inClass = reader.uint16() === CLASS_IN;
  reader.uint16();
  reader.uint16(); // the lifetime: nothing is cached here
  const length = reader.uint16();
  const data = reader.part(length);
  return inClass ? decodeData(name, type, data, length) : undefined;
}

function decodeData(name: string, type: number, data: Reader, length: number): DnsRecord | 'SOA' | undefined {
  switch (type) {
    case DNS_TYPE.A:
      if (length !== 4) throw malformed('an A record of another length');
      return { type: 'A', name, address: data.octets(4).join('.') };
    case DNS_TYPE.AAAA:
      if (length !== 16) throw malformed('an AAAA record of another length');
      return { type: 'AAAA', name, address: ipv6Text(data.octets(16)) };
    case DNS_TYPE.CNAME: {
      const target = data.name().toLowerCase();
      data.end();
      return { type: 'CNAME', name, target };
    }
    case DNS_TYPE.TXT:
      return { type: 'TXT', name, text: data.strings() };
    case DNS_TYPE.CAA: {
      const [flags = 0, tagLength = 0] = data.octets(2);
      const tag = data.latin1(tagLength).toLowerCase();
      return { type: 'CAA', name, flags, tag, value: data.latin1(length - 2 - tagLength) };
    }
    case DNS_TYPE.SOA:
      return 'SOA';
    default:
      return undefined;
  }
}

/** RFC 5952 through the URL parser, which writes addresses canonically. */
function ipv6Text(octets: Uint8Array): string {
  const hex = Buffer.from(octets).toString('hex');
  return new URL(`http://[${hex.replace(/(.{4})(?!$)/g, '$1:')}]/`).hostname.slice(1, -1);
}

/** Reads within one part of a message; names may point back to anything before them (RFC 1035 §4.1.4). */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  octets(count: number): Uint8Array {
    if (count < 0 || this.#at + count > this.#end) throw malformed('it ends early');
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  uint16(): number {
    const [high = 0, low = 0] = this.octets(2);
    return high * 256 + low;
  }

  latin1(count: number): string {
    return Buffer.from(this.octets(count)).toString('latin1');
  }

  part(length: number): Reader {
    const start = this.#at;
    this.octets(length);
    return new Reader(this.#bytes, start, start + length);
  }

  end(): void {
    if (this.#at !== this.#end) throw malformed('a record that is too long');
  }

  /** RFC 1035 §3.3.14: one or more strings of up to 255 octets. */
  strings(): string {
    const parts: string[] = [];
    while (this.#at < this.#end) parts.push(this.latin1(this.octets(1)[0] ?? 0));
    return parts.join('');
  }

  name(): string {
    const labels: string[] = [];
    let total = 1;
    let at = this.#at;
    let end = this.#end;
    let behind: number | undefined;
    for (let pointers = 0; ; ) {
      const length = at < end ? (this.#bytes[at] ?? 0) : fail('it ends early');
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = (length - 0xc0) * 256 + (this.#bytes[at + 1] ?? fail('it ends early'));
        behind ??= at + 2;
        // Only backwards and only so often: a loop of pointers must end.
        if (target >= at || ++pointers > MAX_POINTERS) fail('a name that points in circles');
        [at, end] = [target, at];
        continue;
      }
      total += length + 1;
      if (length > MAX_LABEL_OCTETS || total > MAX_NAME_OCTETS || at + 1 + length > end)
        fail('a name that is too long');
      labels.push(escapeLabel(this.#bytes.subarray(at + 1, at + 1 + length)));
      at += length + 1;
    }
    this.#at = behind ?? at + 1;
    if (this.#at > this.#end) fail('it ends early');
    return labels.join('.');
  }
}

/** RFC 1035 §5.1: a dot within a label must not look like the dot between two. */
function escapeLabel(label: Uint8Array): string {
  const text = Buffer.from(label).toString('latin1');
  return text.replace(/[^a-z0-9_-]/gi, (c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`);
}

function fail(what: string): never {
  throw malformed(what);
}

function malformed(what: string): SealyardError {
  return new SealyardError('SY-REACH-DNS', `an answer that cannot be read: ${what}`);
}
