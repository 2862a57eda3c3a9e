// A name server of a laboratory: every name below `.test` is at 127.0.0.1, TXT records come and go, over UDP and TCP.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { freePort } from '../../driver/port.ts';

const TYPE = { a: 1, ns: 2, soa: 6, txt: 16, any: 255 } as const;
const ZONE = 'example.test';
const TTL_SECONDS = 1;

export interface NameServer extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Names in lower case without a final dot. */
  readonly txt: Map<string, Set<string>>;
}

/** Answers until it is disposed of. */
export async function startNameServer(): Promise<NameServer> {
  const txt = new Map<string, Set<string>>();
  const port = await freePort();
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const reply = answer(query, txt);
    if (reply !== undefined) udp.send(reply, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    serveTcp(socket, txt);
  }).listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  return {
    address: `127.0.0.1:${port}`,
    txt,
    [Symbol.asyncDispose]: async () => {
      udp.close();
      tcp.close();
      for (const socket of sockets) socket.destroy();
      await once(tcp, 'close');
    },
  };
}

// RFC 1035 §4.2.2: two octets of length before each message.
function serveTcp(socket: Socket, txt: ReadonlyMap<string, Set<string>>): void {
  let waiting = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk]);
    while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
      const end = 2 + waiting.readUInt16BE(0);
      const reply = answer(waiting.subarray(2, end), txt);
      waiting = waiting.subarray(end);
      if (reply !== undefined) socket.write(Buffer.concat([uint16(reply.length), reply]));
    }
  });
}

function answer(query: Buffer, txt: ReadonlyMap<string, Set<string>>): Buffer | undefined {
  const question = readQuestion(query);
  if (question === undefined) return undefined;
  const records = recordsOf(question, txt);
  const flags = 0x8580; // A response, authoritative; recursion desired and available.
  const counts = Buffer.concat([uint16(1), uint16(records.length), uint16(0), uint16(0)]);
  // The question goes back as it came: resolvers vary the case of its letters and look whether it returns.
  return Buffer.concat([query.subarray(0, 2), uint16(flags), counts, question.raw, ...records]);
}

interface Question {
  readonly name: string;
  readonly type: number;
  readonly raw: Buffer;
}

function readQuestion(query: Buffer): Question | undefined {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]; length !== 0; length = query[at]) {
    if (length === undefined || length > 63 || at + length + 5 > query.length) return undefined;
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > query.length) return undefined;
  const raw = query.subarray(12, at + 5);
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), raw };
}

function recordsOf({ name, type }: Question, txt: ReadonlyMap<string, Set<string>>): Buffer[] {
  if (name !== ZONE && !name.endsWith(`.${ZONE}`)) return [];
  const apex = name === ZONE;
  if (type === TYPE.a) return [record(type, Buffer.from([127, 0, 0, 1]))];
  if (type === TYPE.txt) return [...(txt.get(name) ?? [])].map((value) => record(type, text(value)));
  if (type === TYPE.ns && apex) return [record(type, wireName(`ns.${ZONE}`))];
  if (type === TYPE.soa && apex) {
    const times = Buffer.concat([1, 60, 60, 60, 1].map((value) => uint32(value)));
    return [record(type, Buffer.concat([wireName(`ns.${ZONE}`), wireName(`admin.${ZONE}`), times]))];
  }
  return [];
}

// The owner is the question's name, by a pointer to it.
function record(type: number, data: Buffer): Buffer {
  return Buffer.concat([
    uint16(0xc00c),
    uint16(type),
    uint16(1),
    uint32(TTL_SECONDS),
    uint16(data.length),
    data,
  ]);
}

function text(value: string): Buffer {
  const strings: Buffer[] = [];
  for (let at = 0; at < value.length || strings.length === 0; at += 255) {
    const part = Buffer.from(value.slice(at, at + 255), 'latin1');
    strings.push(Buffer.from([part.length]), part);
  }
  return Buffer.concat(strings);
}

function wireName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
