// A small DNS server on loopback, over UDP and TCP, which tells the truth of its zone or misbehaves as a test wishes.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv4, type Server, type Socket } from 'node:net';

const TYPES = { A: 1, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, CAA: 257 } as const;
export type ZoneType = 'A' | 'AAAA' | 'CNAME' | 'TXT' | 'CAA';

export type ZoneRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'CNAME'; readonly target: string }
  | { readonly type: 'TXT'; readonly strings: readonly string[] }
  | { readonly type: 'CAA'; readonly flags: number; readonly tag: string; readonly value: string };

export interface DnsQuestion {
  readonly id: number;
  /** Lower case. */
  readonly name: string;
  /** As it was asked, with the sender's case. */
  readonly written: string;
  readonly type: number;
  readonly edns: boolean;
  readonly transport: 'udp' | 'tcp';
  /** Name, type and class as they came, to be sent back. */
  readonly question: Buffer;
}

/** What a test makes of a question: whole messages, in order; none is silence; `undefined` leaves it to the zone. */
export type Misbehaviour = (question: DnsQuestion) => readonly Buffer[] | undefined;

export interface Reply {
  readonly id?: number;
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly question?: Buffer;
  readonly answers?: readonly Buffer[];
  readonly authority?: readonly Buffer[];
}

/** A server without recursion whose zone is the whole world. */
export class DnsServer {
  readonly asked: DnsQuestion[] = [];
  /** Answers end at an alias, as those of a server that knows one zone alone. */
  stopAtAlias = false;
  /** The A record of every name that the zone does not know. */
  wildcardAddress: string | undefined;
  misbehave: Misbehaviour = () => undefined;
  readonly #zone = new Map<string, ZoneRecord[]>();
  readonly #tcp: Server;
  readonly #udp: UdpSocket;
  readonly #sockets = new Set<Socket>();

  private constructor(tcp: Server, udp: UdpSocket) {
    this.#tcp = tcp;
    this.#udp = udp;
    udp.on('message', (datagram, from) => {
      for (const message of this.#answer(datagram, 'udp')) udp.send(message, from.port, from.address);
    });
    tcp.on('connection', (socket) => this.#serveTcp(socket));
  }

  static async start(host = '127.0.0.1'): Promise<DnsServer> {
    for (let attempt = 0; ; attempt++) {
      const tcp = createServer();
      tcp.listen(0, host);
      await once(tcp, 'listening');
      const udp = createSocket(isIPv4(host) ? 'udp4' : 'udp6');
      try {
        udp.bind((tcp.address() as AddressInfo).port, host);
        await once(udp, 'listening');
        return new DnsServer(tcp, udp);
      } catch (error) {
        // The port is free for TCP and taken for UDP: another one.
        tcp.close();
        if (attempt === 10) throw error;
      }
    }
  }

  /** `127.0.0.1:port`, as a resolver is written in the configuration. */
  get address(): string {
    const { address, port } = this.#udp.address();
    return `${address}:${port}`;
  }

  add(name: string, ...records: readonly ZoneRecord[]): void {
    this.#zone.set(name.toLowerCase(), [...(this.#zone.get(name.toLowerCase()) ?? []), ...records]);
  }

  a(name: string, ...addresses: readonly string[]): void {
    for (const address of addresses) this.add(name, { type: isIPv4(address) ? 'A' : 'AAAA', address });
  }

  txt(name: string, ...strings: readonly string[]): void {
    this.add(name, { type: 'TXT', strings });
  }

  cname(name: string, target: string): void {
    this.add(name, { type: 'CNAME', target });
  }

  caa(name: string, flags: number, tag: string, value: string): void {
    this.add(name, { type: 'CAA', flags, tag, value });
  }

  remove(name: string): void {
    this.#zone.delete(name.toLowerCase());
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serveTcp(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      for (const message of this.#answer(received.subarray(2), 'tcp')) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(message.length);
        socket.write(Buffer.concat([length, message]));
      }
    });
  }

  #lookUp(name: string): readonly ZoneRecord[] {
    const known = this.#zone.get(name);
    if (known !== undefined || this.wildcardAddress === undefined) return known ?? [];
    return [{ type: 'A', address: this.wildcardAddress }];
  }

  #answer(message: Buffer, transport: 'udp' | 'tcp'): readonly Buffer[] {
    const question = readQuestion(message, transport);
    this.asked.push(question);
    return this.misbehave(question) ?? [this.truthTo(question)];
  }

  /** What the zone says, in one message. */
  truthTo(question: DnsQuestion): Buffer {
    const answers: Buffer[] = [];
    let name = question.name;
    for (let hops = 0; hops < 20; hops++) {
      const records = this.#lookUp(name);
      answers.push(
        ...records
          .filter(({ type }) => TYPES[type] === question.type)
          .map((record) => encodeRecord(name, record)),
      );
      const alias = records.find(({ type }) => type === 'CNAME');
      if (alias?.type !== 'CNAME' || question.type === TYPES.CNAME) break;
      answers.push(encodeRecord(name, alias));
      name = alias.target.toLowerCase();
      if (this.stopAtAlias) return reply(question, { answers });
    }
    const exists =
      this.#lookUp(name).length > 0 ||
      [...this.#zone.keys()].some((known) => known === name || known.endsWith(`.${name}`));
    return reply(question, { answers, rcode: exists ? 0 : 3, authority: [encodeSoa()] });
  }
}

/** One response message. */
export function reply(question: DnsQuestion, o: Reply = {}): Buffer {
  const header = Buffer.alloc(12);
  const asked = o.question ?? question.question;
  header.writeUInt16BE(o.id ?? question.id, 0);
  header.writeUInt16BE(0x8180 | (o.truncated === true ? 0x0200 : 0) | (o.rcode ?? 0), 2);
  header.writeUInt16BE(asked.length === 0 ? 0 : 1, 4);
  header.writeUInt16BE(o.answers?.length ?? 0, 6);
  header.writeUInt16BE(o.authority?.length ?? 0, 8);
  return Buffer.concat([header, asked, ...(o.answers ?? []), ...(o.authority ?? [])]);
}

export function encodeRecord(name: string, record: ZoneRecord): Buffer {
  return resource(name, TYPES[record.type], dataOf(record));
}

/** A resource record of class IN that lives for a minute. */
export function resource(name: string, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(60, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([encodeName(name), fixed, data]);
}

export function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').split('.');
  return Buffer.concat([...labels.map(characterString), Buffer.of(0)]);
}

function encodeSoa(): Buffer {
  return resource(
    'test',
    TYPES.SOA,
    Buffer.concat([encodeName('ns.test'), encodeName('x.test'), Buffer.alloc(20)]),
  );
}

function dataOf(record: ZoneRecord): Buffer {
  switch (record.type) {
    case 'A':
      return Buffer.from(record.address.split('.').map(Number));
    case 'AAAA':
      return ipv6(record.address);
    case 'CNAME':
      return encodeName(record.target);
    case 'TXT':
      return Buffer.concat(record.strings.map(characterString));
    case 'CAA':
      return Buffer.concat([
        Buffer.of(record.flags),
        characterString(record.tag),
        Buffer.from(record.value, 'latin1'),
      ]);
  }
}

function characterString(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);
}

function ipv6(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const all = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function readQuestion(message: Buffer, transport: 'udp' | 'tcp'): DnsQuestion {
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const written = labels.join('.');
  return {
    id: message.readUInt16BE(0),
    name: written.toLowerCase(),
    written,
    type: message.readUInt16BE(at + 1),
    edns: message.readUInt16BE(10) > 0,
    transport,
    question: Buffer.from(message.subarray(12, at + 5)),
  };
}
