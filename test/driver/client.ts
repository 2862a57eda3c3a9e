// A client of the yard's doors over keep-alive HTTPS: what load drivers and kill tests speak. It shares no code with
// the product, so that a mistake is not made twice.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { Agent, request } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface KeylessKey {
  readonly privateKey: KeyObject;
  readonly publicPem: string;
}

/** One connection after another to one yard; a driver has one client for each of its concurrent workers. */
export class DoorClient {
  readonly #agent: Agent;
  readonly #base: URL;

  constructor(o: { readonly url: string; readonly roots: string }) {
    this.#base = new URL(o.url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: o.roots });
  }

  close(): void {
    this.#agent.destroy();
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.#send('GET', path, { ...headers }, undefined);
  }

  post(
    path: string,
    contentType: string,
    body: Buffer | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const bytes = Buffer.from(body);
    return this.#send(
      'POST',
      path,
      { 'content-type': contentType, 'content-length': String(bytes.length), ...headers },
      bytes,
    );
  }

  /** Fulcio v2; the PEM chain, leaf first, in the answer's JSON. */
  certificate(token: string, key: KeylessKey): Promise<Answer> {
    return this.post('/api/v2/signingCert', 'application/json', certificateRequest(token, key), {
      authorization: `Bearer ${token}`,
    });
  }

  /** Rekor v2: an entry for this signature over this digest. */
  logEntry(entry: {
    readonly digest: Buffer;
    readonly signature: Buffer;
    readonly verifier: LogVerifier;
  }): Promise<Answer> {
    return this.post('/api/v2/log/entries', 'application/json', entryRequest(entry));
  }

  /** RFC 3161 over SHA-256 of these bytes. */
  timestamp(bytes: Buffer): Promise<Answer> {
    return this.post('/api/v1/timestamp', 'application/timestamp-query', timestampQuery(bytes));
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: Buffer | undefined,
  ): Promise<Answer> {
    return new Promise((settle, fail) => {
      const sent = request(new URL(path, this.#base), {
        method,
        headers,
        agent: this.#agent,
        timeout: 30_000,
      });
      sent.once('error', fail);
      sent.once('timeout', () => sent.destroy(new Error('no answer within 30 s')));
      sent.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', fail);
        // An answer that was cut off is no answer: `complete` is false when the connection broke inside it.
        response.once('close', () => {
          if (response.complete) settle({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
          else fail(new Error('the answer was cut off'));
        });
      });
      sent.end(body);
    });
  }
}

export type LogVerifier = { readonly certificate: Buffer } | { readonly publicKey: Buffer };

export function newKey(): KeylessKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** The body of a certificate request: the key, and its proof of possession over the token's subject. */
export function certificateRequest(token: string, key: KeylessKey): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string;
    email?: string;
  };
  const proof = sign('sha256', Buffer.from(claims.email ?? claims.sub), key.privateKey);
  return JSON.stringify({
    publicKeyRequest: {
      publicKey: { algorithm: 'ECDSA', content: key.publicPem },
      proofOfPossession: proof.toString('base64'),
    },
  });
}

export function entryRequest(o: {
  readonly digest: Buffer;
  readonly signature: Buffer;
  readonly verifier: LogVerifier;
}): string {
  const verifier =
    'certificate' in o.verifier
      ? { x509Certificate: { rawBytes: o.verifier.certificate.toString('base64') } }
      : { publicKey: { rawBytes: o.verifier.publicKey.toString('base64') } };
  return JSON.stringify({
    hashedRekordRequestV002: {
      digest: o.digest.toString('base64'),
      signature: {
        content: o.signature.toString('base64'),
        verifier: { ...verifier, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  });
}

// TimeStampReq { version 1, messageImprint { sha256, hash }, certReq TRUE } (RFC 3161 §2.4.1): fixed but for the hash.
export function timestampQuery(bytes: Buffer): Buffer {
  const head = Buffer.from('30390201013031300d060960864801650304020105000420', 'hex');
  return Buffer.concat([head, createHash('sha256').update(bytes).digest(), Buffer.from('0101ff', 'hex')]);
}
