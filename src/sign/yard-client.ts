// The yard as a signer sees it: trust material, a certificate for a key, a log entry, a timestamp.

import { parseTrustedRoot, type TrustedRoot } from '../formats/trusted-root.ts';
import { parseCertificatesPem } from '../formats/x509/certificate.ts';
import { fromUtf8, toBase64, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import type { NetworkKind, Reach, ReachOptions, ReachResponse } from '../reach/reach.ts';
import { prepareTrust, type TrustMaterial } from '../verify/trust.ts';
import { type Endpoints, readEndpoints } from './endpoints.ts';

const DEFAULT_TIMEOUT_MS = 30_000; // as sigstore clients allow for each service
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const MAX_TIMESTAMP_BYTES = 64 * 1024;
const MAX_MESSAGE_LENGTH = 500;

export interface YardTrust {
  readonly root: TrustedRoot;
  readonly trust: TrustMaterial;
}

/** All throw SealyardError `SY-SIGN-YARD` for an answer of no use, and `SY-REACH-*`. */
export interface YardClient {
  /** What the yard publishes now; fetched once. Good for checking our own work, not for trusting others'. */
  trustedRoot(): Promise<YardTrust>;
  /**
   * A certificate for a fresh key, as DER, leaf first (Fulcio v2).
   * Not repeated after a broken connection: certificates per token are bounded.
   * @throws SealyardError `SY-SIGN-REFUSED`
   */
  certificate(o: {
    readonly token: string;
    readonly publicKeyPem: string;
    readonly proof: Uint8Array;
    readonly signal?: AbortSignal | undefined;
  }): Promise<readonly Uint8Array[]>;
  /** Logs a signature (Rekor v2); the entry with its proof, as protojson. Safe to repeat. */
  logEntry(request: JsonObject, signal?: AbortSignal): Promise<JsonObject>;
  /** A timestamp over a signature (RFC 3161): request and response are DER. Safe to repeat. */
  timestamp(request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>;
}

export interface YardClientOptions {
  readonly url: string;
  readonly reach: Reach;
  readonly clock: Clock;
  /** PEM roots of the yard's listener; absent: the public ones. */
  readonly roots?: string;
  readonly allow?: readonly NetworkKind[];
  readonly timeoutMs?: number;
}

export function createYardClient(o: YardClientOptions): YardClient {
  return new HttpYardClient(o);
}

class HttpYardClient implements YardClient {
  readonly #o: YardClientOptions;
  readonly #url: string;
  #trust: Promise<YardTrust> | undefined;
  #endpoints: Promise<Endpoints> | undefined;

  constructor(o: YardClientOptions) {
    this.#o = o;
    this.#url = o.url.replace(/\/+$/, '');
  }

  trustedRoot(): Promise<YardTrust> {
    this.#trust ??= this.#getJson('/trusted_root.json').then((json) => {
      const root = parseTrustedRoot(json);
      return { root, trust: prepareTrust(root) };
    });
    // A failure is not kept: the next call asks again.
    this.#trust.catch(() => {
      this.#trust = undefined;
    });
    return this.#trust;
  }

  async certificate(o: Parameters<YardClient['certificate']>[0]): Promise<readonly Uint8Array[]> {
    const response = await this.#post(`${(await this.#services()).certificates}/api/v2/signingCert`, {
      headers: { authorization: `Bearer ${o.token}` },
      json: {
        publicKeyRequest: {
          publicKey: { algorithm: 'ECDSA', content: o.publicKeyPem },
          proofOfPossession: toBase64(o.proof),
        },
      },
      idempotent: false,
      signal: o.signal,
    });
    if ([400, 401, 403, 409, 422, 429].includes(response.status))
      throw new SealyardError('SY-SIGN-REFUSED', messageOf(response));
    if (response.status !== 200 && response.status !== 201)
      throw new SealyardError('SY-SIGN-YARD', `certificate: ${messageOf(response)}`);
    return readChain(objectOf(response));
  }

  async logEntry(request: JsonObject, signal?: AbortSignal): Promise<JsonObject> {
    const response = await this.#post(`${(await this.#services()).log}/api/v2/log/entries`, {
      json: request,
      idempotent: true,
      signal,
    });
    if (response.status !== 201 && response.status !== 200)
      throw new SealyardError('SY-SIGN-YARD', `log: ${messageOf(response)}`);
    return objectOf(response);
  }

  async timestamp(request: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const { timestamp } = await this.#services();
    const response = await this.#o.reach.fetch(timestamp, {
      ...this.#circumstances(signal),
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query' },
      body: request,
      maxBytes: MAX_TIMESTAMP_BYTES,
      retry: { attempts: 2, idempotent: true },
    });
    if (response.status !== 200 && response.status !== 201)
      throw new SealyardError('SY-SIGN-YARD', `timestamp: ${messageOf(response)}`);
    return response.body;
  }

  #services(): Promise<Endpoints> {
    this.#endpoints ??= this.#getJson('/signing_config.json').then((json) =>
      readEndpoints(json, { now: this.#o.clock.now(), yardUrl: this.#url }),
    );
    this.#endpoints.catch(() => {
      this.#endpoints = undefined;
    });
    return this.#endpoints;
  }

  async #getJson(path: string): Promise<Json> {
    const response = await this.#o.reach.fetch(`${this.#url}${path}`, {
      ...this.#circumstances(undefined),
      headers: { accept: 'application/json' },
      retry: { attempts: 2 },
    });
    if (response.status !== 200)
      throw new SealyardError('SY-SIGN-YARD', `${path}: status ${response.status}`);
    return objectOf(response);
  }

  #post(
    url: string,
    o: {
      readonly json: JsonObject;
      readonly idempotent: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<ReachResponse> {
    return this.#o.reach.fetch(url, {
      ...this.#circumstances(o.signal),
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...o.headers },
      body: toUtf8(JSON.stringify(o.json)),
      retry: { attempts: 2, idempotent: o.idempotent },
    });
  }

  #circumstances(signal: AbortSignal | undefined): ReachOptions {
    const { roots, allow, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#o;
    return {
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs,
      ...(roots === undefined ? {} : { roots }),
      ...(allow === undefined ? {} : { allow }),
      ...(signal === undefined ? {} : { signal }),
    };
  }
}

/** Fulcio v2: the SCT is embedded, or detached (then the certificate itself carries none). */
function readChain(answer: JsonObject): readonly Uint8Array[] {
  const signed = answer['signedCertificateEmbeddedSct'];
  const chain = isObject(signed) ? signed['chain'] : undefined;
  const certificates = isObject(chain) ? chain['certificates'] : undefined;
  const texts = Array.isArray(certificates) ? certificates.filter((pem) => typeof pem === 'string') : [];
  if (texts.length === 0) throw new SealyardError('SY-SIGN-YARD', 'an answer without a certificate');
  try {
    return parseCertificatesPem(texts.join('\n')).map((certificate) => certificate.der);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
    throw new SealyardError('SY-SIGN-YARD', 'a malformed certificate', { cause: error });
  }
}

function objectOf(response: ReachResponse): JsonObject {
  const value = jsonOf(response);
  if (!isObject(value)) throw new SealyardError('SY-SIGN-YARD', 'an answer that is not a JSON object');
  return value;
}

function jsonOf(response: ReachResponse): Json | undefined {
  try {
    return parseJson(fromUtf8(response.body) ?? '', { maxLength: MAX_ANSWER_BYTES, maxDepth: 32 });
  } catch (error) {
    if (isSealyardError(error)) return undefined;
    throw error;
  }
}

/** What the yard says (gRPC status JSON or a problem document), cut and without control characters. */
function messageOf(response: ReachResponse): string {
  const value = jsonOf(response);
  const said = isObject(value) ? (value['message'] ?? value['detail']) : undefined;
  const text = typeof said === 'string' ? said.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ') : '';
  return text === '' ? `status ${response.status}` : text.slice(0, MAX_MESSAGE_LENGTH);
}
