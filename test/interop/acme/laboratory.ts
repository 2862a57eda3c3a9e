// A loopback that stands in for the internet: names, the ports that challenges are looked for at, and a way for clients'
// hooks to publish TXT records.
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { freePort } from '../../driver/port.ts';
import { startNameServer } from './dns-server.ts';

const MAX_BODY_BYTES = 16_384;

export interface Laboratory extends AsyncDisposable {
  /** The resolver, `127.0.0.1:PORT`. */
  readonly resolver: string;
  /** Where http-01 and tls-alpn-01 are looked for. Clients listen there themselves. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Takes `{"fqdn", "value"}` at `/present` and `/cleanup` and makes TXT records of them, as lego's provider httpreq. */
  readonly dnsHook: string;
  /** Serves a folder at the port of http-01, for clients that write files. */
  serve(folder: string): Promise<AsyncDisposable>;
}

export async function openLaboratory(): Promise<Laboratory> {
  const names = await startNameServer();
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const hook = createServer((request, response) => {
    void publish(request, names.txt).then((status) => response.writeHead(status).end());
  });
  const hookPort = await listen(hook, 0);
  return {
    resolver: names.address,
    httpPort,
    tlsPort,
    dnsHook: `http://127.0.0.1:${hookPort}`,
    serve: (folder) => serveFolder(folder, httpPort),
    [Symbol.asyncDispose]: async () => {
      await close(hook);
      await names[Symbol.asyncDispose]();
    },
  };
}

async function publish(request: IncomingMessage, txt: Map<string, Set<string>>): Promise<number> {
  let body = '';
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_BODY_BYTES) return 413;
  }
  const { fqdn, value } = JSON.parse(body) as { fqdn: string; value: string };
  const name = fqdn.toLowerCase().replace(/\.$/, '');
  const values = txt.get(name) ?? new Set();
  txt.set(name, values);
  if (request.url === '/present') values.add(value);
  else values.delete(value);
  return 200;
}

async function serveFolder(folder: string, port: number): Promise<AsyncDisposable> {
  const root = resolve(folder);
  mkdirSync(root, { recursive: true });
  const server = createServer((request, response) => {
    const file = join(root, new URL(request.url ?? '/', 'http://laboratory').pathname);
    if (!file.startsWith(`${root}/`) || !existsSync(file)) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'text/plain' }).end(readFileSync(file));
  });
  await listen(server, port);
  return { [Symbol.asyncDispose]: () => close(server) };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
