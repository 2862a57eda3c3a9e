// Servers on loopback for tests: they close with the test, and what they were asked is kept for the assertions.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface Loopback {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  readonly seen: readonly IncomingMessage[];
}

export async function serve(t: TestContext, listener: RequestListener): Promise<Loopback> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  return { ...(await listening(t, server)), seen };
}

/** Starts any server on a free port of 127.0.0.1 and ends it with the test. */
export async function listening(t: TestContext, server: Server): Promise<{ url: string; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port };
}

export function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))));
    request.on('error', reject);
  });
}
