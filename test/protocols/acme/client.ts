// An ACME client written from the RFC, which can also be told to break each of its rules.
import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Json, JsonObject } from '../../../src/ground/json.ts';
import type { DoorReply } from '../../../src/protocols/door.ts';
import { type AcmeYard, PUBLIC_URL } from './yard.ts';

export interface AccountKey {
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly jwk: JsonObject;
}

export function newKey(curve: 'P-256' | 'P-384' | 'Ed25519' = 'P-256'): AccountKey {
  const { privateKey, publicKey } =
    curve === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: curve });
  const alg = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' }[curve];
  return { alg, privateKey, jwk: publicKey.export({ format: 'jwk' }) as JsonObject };
}

const HASHES: Readonly<Record<string, string>> = { ES256: 'sha256', ES384: 'sha384', RS256: 'sha256' };
export const b64 = (value: string | Uint8Array) => Buffer.from(value).toString('base64url');

/** A flattened JWS; `payload` `''` is POST-as-GET. */
export function signed(header: JsonObject, payload: Json, key: AccountKey): JsonObject {
  const text = payload === '' ? '' : JSON.stringify(payload);
  const input = `${b64(JSON.stringify(header))}.${b64(text)}`;
  const options = { key: key.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const signature = sign(HASHES[key.alg] ?? null, Buffer.from(input), options);
  const [head = '', body = ''] = input.split('.');
  return { protected: head, payload: body, signature: b64(signature) };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly text: string;
  /** The body as an object. */
  readonly json: Record<string, unknown> & JsonObject;
  readonly nonce: string;
}

export function answerOf(reply: DoorReply): Answer {
  const text = typeof reply.body === 'string' ? reply.body : Buffer.from(reply.body ?? []).toString();
  const nonce = reply.headers?.['replay-nonce'];
  return {
    status: reply.status,
    headers: reply.headers ?? {},
    text,
    get json() {
      return JSON.parse(text) as JsonObject;
    },
    nonce: typeof nonce === 'string' ? nonce : '',
  };
}

export interface PostOptions {
  readonly key?: AccountKey;
  /** Members of the protected header that differ; `undefined` leaves one out. */
  readonly header?: Readonly<Record<string, Json | undefined>>;
  /** Changes the JWS after it was signed. */
  readonly spoil?: (jws: JsonObject) => JsonObject;
  readonly contentType?: string;
  readonly environment?: string;
}

export class AcmeClient {
  readonly yard: AcmeYard;
  key: AccountKey;
  kid: string | undefined;

  constructor(yard: AcmeYard, key: AccountKey = newKey()) {
    this.yard = yard;
    this.key = key;
  }

  async nonce(): Promise<string> {
    return answerOf(await this.yard.ask('HEAD', `${PUBLIC_URL}/acme/new-nonce`)).nonce;
  }

  /** The body that `post` would send. */
  async body(url: string, payload: Json, o: PostOptions = {}): Promise<string> {
    const key = o.key ?? this.key;
    const who = this.kid === undefined ? { jwk: key.jwk } : { kid: this.kid };
    const header: Record<string, Json | undefined> = {
      alg: key.alg,
      nonce: await this.nonce(),
      url,
      ...who,
      ...o.header,
    };
    const jws = signed(JSON.parse(JSON.stringify(header)) as JsonObject, payload, key);
    return JSON.stringify(o.spoil?.(jws) ?? jws);
  }

  async post(url: string, payload: Json, o: PostOptions = {}): Promise<Answer> {
    return this.send(url, await this.body(url, payload, o), o.contentType);
  }

  async send(url: string, body: string, contentType = 'application/jose+json'): Promise<Answer> {
    return answerOf(await this.yard.ask('POST', url, { body, headers: { 'content-type': contentType } }));
  }

  /** Registers the key and goes on as that account. */
  async register(payload: JsonObject = {}, path = 'new-account'): Promise<Answer> {
    this.kid = undefined;
    const answer = await this.post(`${PUBLIC_URL}/acme/${path}`, payload);
    assert.ok(answer.status === 201 || answer.status === 200, answer.text);
    this.kid = locationOf(answer);
    return answer;
  }

  get(url: string): Promise<Answer> {
    return this.post(url, '');
  }

  async order(names: readonly string[], more: JsonObject = {}, path = 'new-order'): Promise<Answer> {
    const identifiers = names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value }));
    return this.post(`${PUBLIC_URL}/acme/${path}`, { identifiers, ...more });
  }

  /** Answers the first challenge of each authorization and waits until the order is no longer pending. */
  async prove(order: Answer): Promise<Answer> {
    for (const url of textsOf(order.json['authorizations'])) {
      const { json } = await this.get(url);
      const [challenge] = json['challenges'] as JsonObject[];
      if (json['status'] !== 'pending' || challenge === undefined) continue;
      const answer = await this.post(String(challenge['url']), {});
      assert.equal(answer.status, 200, answer.text);
    }
    return this.until(locationOf(order), (status) => status !== 'pending');
  }

  async until(url: string, done: (status: string) => boolean): Promise<Answer> {
    for (let i = 0; i < 200; i++) {
      const answer = await this.get(url);
      assert.equal(answer.status, 200, answer.text);
      if (done(String(answer.json['status']))) return { ...answer, text: answer.text, json: answer.json };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`${url} did not come to an end`);
  }

  finalize(order: Answer, csr: Uint8Array): Promise<Answer> {
    return this.post(String(order.json['finalize']), { csr: b64(csr) });
  }
}

export function locationOf({ headers }: Answer): string {
  const location = headers['location'];
  assert.ok(typeof location === 'string', 'no Location');
  return location;
}

export function linksOf({ headers }: Answer): readonly string[] {
  const link = headers['link'] ?? [];
  return typeof link === 'string' ? [link] : link;
}

export function textsOf(value: unknown): readonly string[] {
  assert.ok(Array.isArray(value));
  return value.map(String);
}

/** A problem document of this type and code, as RFC 8555 §6.7 wants it, with a nonce that is good for the next try. */
export function assertProblem(answer: Answer, status: number, type: string, code?: string): JsonObject {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const problem = answer.json;
  assert.equal(problem['type'], `urn:ietf:params:acme:error:${type}`, answer.text);
  if (code !== undefined) assert.equal(problem['code'], code, answer.text);
  assert.equal(problem['status'], status);
  assert.ok(typeof problem['detail'] === 'string' && problem['detail'] !== '');
  assert.equal(problem['identifier'], undefined);
  assert.match(answer.nonce, /^[A-Za-z0-9_-]{20,}$/);
  assert.ok(linksOf(answer).some((link) => link.endsWith(';rel="index"')));
  if ('subproblems' in problem) assert.ok((problem['subproblems'] as Json[]).length > 0);
  return problem;
}

export function thumbprintOf({ jwk }: AccountKey): string {
  const text = JSON.stringify({ crv: jwk['crv'], kty: jwk['kty'], x: jwk['x'], y: jwk['y'] });
  return createHash('sha256').update(text).digest('base64url');
}

/** An external account binding (RFC 8555 §7.3.4). */
export function externalBinding(o: {
  readonly keyId: string;
  readonly hmacKey: Uint8Array;
  readonly url: string;
  readonly jwk: JsonObject;
  readonly alg?: string;
  readonly header?: JsonObject;
}): JsonObject {
  const alg = o.alg ?? 'HS256';
  const head = b64(JSON.stringify({ alg, kid: o.keyId, url: o.url, ...o.header }));
  const payload = b64(JSON.stringify(o.jwk));
  const mac = createHmac(`sha${alg.slice(2)}`, o.hmacKey)
    .update(`${head}.${payload}`)
    .digest();
  return { protected: head, payload, signature: b64(mac) };
}
