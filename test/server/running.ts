// A whole yard on free ports in a temporary directory, and a client that speaks plain HTTPS to it.
import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { connect } from 'node:tls';
import { type ConfigValues, loadConfig } from '../../src/server/config.ts';
import { startYard, type Yard, type YardPorts } from '../../src/server/yard.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  json(): Record<string, unknown>;
}

export class RunningYard {
  readonly yard: Yard;
  readonly directory: string;
  #admin: string | undefined;

  constructor(yard: Yard, directory: string) {
    this.yard = yard;
    this.directory = directory;
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  /** A string body is sent as it is, anything else as JSON. */
  ask(
    method: string,
    path: string,
    o: {
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly base?: string;
    } = {},
  ): Promise<Answer> {
    const body =
      o.body === undefined || typeof o.body === 'string' || o.body instanceof Uint8Array
        ? o.body
        : JSON.stringify(o.body);
    const headers = {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...o.headers,
    };
    return new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, o.base ?? this.yard.publicUrl),
        // Named, or the client would compare the certificate with whatever Host header a test sends.
        { method, headers, agent: false, ca: this.yard.listenerRootsPem, servername: 'localhost' },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              json: () => JSON.parse(text) as Record<string, unknown>,
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /** Sends these bytes over TLS as they are; everything that came back until the connection ended. */
  raw(text: string): Promise<string> {
    const { hostname, port } = new URL(this.yard.publicUrl);
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const socket = connect({
        host: hostname,
        port: Number(port),
        ca: this.yard.listenerRootsPem,
        servername: 'localhost',
      });
      socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      socket.on('end', () => resolve(Buffer.concat(chunks).toString()));
      socket.write(text);
    });
  }

  bootstrapToken(): string {
    return readFileSync(this.file('admin-token'), 'utf8').trim();
  }

  /** A service token, from the one-time token on first use. */
  async administrator(): Promise<string> {
    if (this.#admin === undefined) {
      const answer = await this.ask('POST', '/admin/v1/tokens/exchange', {
        headers: bearer(this.bootstrapToken()),
      });
      this.#admin = String(answer.json()['token']);
    }
    return this.#admin;
  }

  async admin(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.ask(method, path, {
      headers: bearer(await this.administrator()),
      ...(body === undefined ? {} : { body }),
    });
  }

  async jobToken(subject = 'acme/shop', more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.admin('POST', '/admin/v1/development/tokens', { subject, ...more });
    return String(answer.json()['token']);
  }

  async close(): Promise<void> {
    opened.delete(this);
    await this.yard.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}

/** The data directory may be one that an earlier yard left. */
export async function runYard(
  flags: ConfigValues = {},
  o: { readonly directory?: string; readonly ports?: Partial<YardPorts> } = {},
): Promise<RunningYard> {
  const directory = o.directory ?? mkdtempSync(join(tmpdir(), 'sealyard-yard-'));
  const config = loadConfig({
    flags: {
      data: directory,
      listen: '127.0.0.1:0',
      'listen-plain': '127.0.0.1:0',
      'log-level': 'silent',
      'shutdown-grace-seconds': '1',
      ...flags,
    },
  });
  const running = new RunningYard(await startYard(config, { environment: {}, ...o.ports }), directory);
  opened.add(running);
  return running;
}

/** Yards of this file that run. A test that fails before it closes its yard must not keep the file from ending. */
const opened = new Set<RunningYard>();
after(async () => {
  for (const running of opened) await running.close();
});

export interface JobKey {
  readonly privateKey: KeyObject;
  readonly pem: string;
}

export function newKey(): JobKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, pem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** A Fulcio v2 request whose proof is over `challenge`. */
export function signingRequest(key: JobKey, challenge: string): Record<string, unknown> {
  return {
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: key.pem },
      proofOfPossession: sign('sha256', Buffer.from(challenge), key.privateKey).toString('base64'),
    },
  };
}

/** The certificate chain of a good Fulcio v2 answer, leaf first. */
export function chainOf(answer: Answer): readonly X509Certificate[] {
  const body = answer.json() as {
    readonly signedCertificateEmbeddedSct: { readonly chain: { readonly certificates: readonly string[] } };
  };
  return body.signedCertificateEmbeddedSct.chain.certificates.map((pem) => new X509Certificate(pem));
}

/** A good Rekor v2 request by a key of its own. */
export function entryOf(text: string): Record<string, unknown> {
  const key = newKey();
  return {
    hashedRekordRequestV002: {
      digest: createHash('sha256').update(text).digest('base64'),
      signature: {
        content: sign('sha256', Buffer.from(text), key.privateKey).toString('base64'),
        verifier: {
          publicKey: {
            rawBytes: Buffer.from(key.pem.replaceAll(/-----.*-----/g, ''), 'base64').toString('base64'),
          },
          keyDetails: 'PKIX_ECDSA_P256_SHA_256',
        },
      },
    },
  };
}
