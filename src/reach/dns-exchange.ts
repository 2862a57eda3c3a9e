// One DNS question to one server: over UDP, and over TCP where UDP cannot decide.
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import { DNS_TYPE, type DnsMessage, type DnsType, decodeResponse, encodeQuery } from './dns-message.ts';

const ATTEMPT_MS = 2_000;
/** Wrong datagrams from the resolver's own address after which TCP decides: somebody is guessing. */
const MAX_STRAY = 32;
const FORMAT_ERROR = 1;

export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

export interface Asking {
  readonly server: DnsServer;
  /** Lower case. */
  readonly name: string;
  readonly type: DnsType;
  readonly edns: boolean;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * The server's answer, whatever it says.
 * @throws SealyardError `SY-REACH-DNS` where there is none within two seconds; the signal's reason when aborted
 */
export async function ask(o: Asking): Promise<DnsMessage> {
  const question = newQuestion(o);
  const answer = await overUdp(question, o.server, o.signal);
  return answer === undefined || answer.truncated ? overTcp(question, o.server, o.signal) : answer;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  readonly bytes: Uint8Array;
}

/** A random id, and random case of the letters (draft-vixie-dnsext-dns0x20): a forger has to guess both. */
function newQuestion(o: Asking): Question {
  const { name } = o;
  const random = o.random.bytes(2 + Math.ceil(name.length / 8));
  const id = (random[0] ?? 0) * 256 + (random[1] ?? 0);
  let mixed = '';
  for (let i = 0; i < name.length; i++) {
    const upper = (((random[2 + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 1;
    mixed += upper ? name.charAt(i).toUpperCase() : name.charAt(i);
  }
  const bytes = encodeQuery({ id, name: mixed, type: o.type, edns: o.edns });
  return { id, name: mixed, type: DNS_TYPE[o.type], bytes };
}

/** `undefined` where UDP cannot decide: strays, or a server that does not keep the letters' case. */
function overUdp(
  question: Question,
  server: DnsServer,
  signal: AbortSignal,
): Promise<DnsMessage | undefined> {
  return bounded(signal, (done, fail) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4');
    let strays = 0;
    socket.on('error', () => fail(new SealyardError('SY-REACH-DNS', 'cannot be reached')));
    socket.on('message', (datagram) => {
      const match = judge(question, datagram);
      if (match === 'stray' && ++strays < MAX_STRAY) return;
      done(typeof match === 'string' ? undefined : match);
    });
    // Connected: the kernel gives a random port and passes only datagrams of this server.
    socket.connect(server.port, server.address, () => {
      socket.send(question.bytes);
    });
    return () => socket.close();
  });
}

function judge(question: Question, datagram: Uint8Array): DnsMessage | 'stray' | 'undecided' {
  const message = readable(datagram);
  if (message === undefined || message.id !== question.id) return 'stray';
  if (isAnswerTo(question, message)) return message;
  return isSameBut0x20(question, message) ? 'undecided' : 'stray';
}

/** The question came back, perhaps with other letters' case. */
function isSameBut0x20(question: Question, { question: echoed }: DnsMessage): boolean {
  return echoed?.type === question.type && echoed.name.toLowerCase() === question.name.toLowerCase();
}

function isAnswerTo(question: Question, message: DnsMessage): boolean {
  // RFC 1035 lets a server that cannot read the question leave it out; then the answer is an error.
  if (message.question === undefined) return message.rcode === FORMAT_ERROR;
  return message.question.type === question.type && message.question.name === question.name;
}

function answersOverTcp(question: Question, message: DnsMessage): boolean {
  return isAnswerTo(question, message) || isSameBut0x20(question, message);
}

function readable(bytes: Uint8Array): DnsMessage | undefined {
  try {
    return decodeResponse(bytes);
  } catch {
    return undefined;
  }
}

/** RFC 7766: each message behind its length; one question, one connection. */
function overTcp(question: Question, server: DnsServer, signal: AbortSignal): Promise<DnsMessage> {
  return bounded(signal, (done, fail) => {
    const socket = connect({ host: server.address, port: server.port });
    let received: Buffer = Buffer.alloc(0);
    const broken = () => fail(new SealyardError('SY-REACH-DNS', 'the TCP connection broke off'));
    socket.on('error', broken);
    socket.on('close', broken);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const length = received.length < 2 ? Number.POSITIVE_INFINITY : received.readUInt16BE(0);
      if (received.length - 2 >= length) settle(received.subarray(2, 2 + length));
    });
    const settle = (bytes: Uint8Array): void => {
      const message = readable(bytes);
      // Here the case of the letters is no protection that is needed.
      if (message === undefined || message.id !== question.id || !answersOverTcp(question, message))
        fail(new SealyardError('SY-REACH-DNS', 'an answer that cannot be read'));
      else if (message.truncated) fail(new SealyardError('SY-REACH-DNS', 'an answer cut off over TCP'));
      else done(message);
    };
    const frame = Buffer.alloc(2 + question.bytes.length);
    frame.writeUInt16BE(question.bytes.length, 0);
    frame.set(question.bytes, 2);
    socket.write(frame);
    return () => socket.destroy();
  });
}

/** Runs one exchange with the deadline of an attempt, and closes its socket whatever happens. */
function bounded<T>(
  signal: AbortSignal,
  start: (done: (value: T) => void, fail: (error: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let finished = false;
    const finish = (settle: () => void): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
      close();
      settle();
    };
    const fail = (error: unknown): void => finish(() => reject(error));
    const aborted = (): void => fail(signal.reason);
    const late = new SealyardError('SY-REACH-DNS', `no answer within ${ATTEMPT_MS} ms`);
    const timer = setTimeout(() => fail(late), ATTEMPT_MS);
    signal.addEventListener('abort', aborted);
    const close = start((value) => finish(() => resolve(value)), fail);
  });
}
