// The smallest client that can keep a server busy: one connection, prepared bytes out, answers counted by their length.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const HEAD_END = Buffer.from('\r\n\r\n');

export class KeepAlive {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { done: (body: Buffer) => void; failed: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', (error) => this.#waiting?.failed(error));
    socket.on('close', () => this.#waiting?.failed(new Error('the server closed the connection')));
  }

  static async open(url: string): Promise<KeepAlive> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new KeepAlive(socket);
  }

  /** The bytes of a request for this path. */
  static get(url: string, path: string): Buffer {
    return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n\r\n`);
  }

  /** One answer for each request. @throws where the status is not 200 */
  ask(request: Buffer): Promise<Buffer> {
    return new Promise((done, failed) => {
      this.#waiting = { done, failed };
      this.#socket.write(request);
    });
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = this.#received.toString('latin1', 0, end);
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    const from = end + HEAD_END.length;
    if (!(this.#received.length >= from + length)) return;
    const body = this.#received.subarray(from, from + length);
    this.#received = Buffer.alloc(0);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (head.startsWith('HTTP/1.1 200 ')) waiting?.done(body);
    else waiting?.failed(new Error(head));
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}
