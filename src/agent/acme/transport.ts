// Signed requests to one ACME server: nonces kept, bad ones replaced, problems turned into errors (RFC 8555 §6).
import { fromUtf8 } from '../../ground/bytes.ts';
import { SealyardError } from '../../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../../ground/json.ts';
import type { Clock } from '../../ground/ports.ts';
import type { NetworkKind, Reach, ReachResponse } from '../../reach/reach.ts';
import { type AccountKey, signedBody } from './jws.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** A server may refuse a nonce that is too old; one that refuses fresh ones is broken (RFC 8555 §6.5). */
const MAX_BAD_NONCES = 3;
const MAX_NONCES = 16;
const MAX_MESSAGE = 500;
/** Longer than this nobody waits for one request; whoever calls tries again later. */
const MOST_RETRY_SECONDS = 7 * 86_400;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string | undefined;
  readonly renewalInfo: string | undefined;
  readonly profiles: readonly string[];
}

/** An error document of the server (RFC 7807, RFC 8555 §6.7). */
export class AcmeProblem extends SealyardError {
  /** The part after `urn:ietf:params:acme:error:`. */
  readonly type: string;

  constructor(type: string, detail: string, retryAfterSeconds: number | undefined) {
    const wait = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    super('SY-AGENT-REFUSED', `${type}: ${detail}`, wait);
    this.type = type;
  }
}

export class AcmeTransport {
  readonly #o: TransportOptions;
  readonly #nonces: string[] = [];
  #directory: Directory | undefined;

  constructor(o: TransportOptions) {
    this.#o = o;
  }

  /** @throws SealyardError `SY-AGENT-ACME`, `SY-REACH-*` */
  async directory(signal: AbortSignal): Promise<Directory> {
    this.#directory ??= readDirectory(jsonOf(await this.get(this.#o.directoryUrl, signal)));
    return this.#directory;
  }

  /** An unsigned GET: directory, renewal information. */
  async get(url: string, signal: AbortSignal): Promise<Answer> {
    return this.#checked(await this.#send(url, 'GET', undefined, signal));
  }

  /**
   * @param o.kid the account's URL; absent: the key itself is sent (newAccount)
   * @throws AcmeProblem, SealyardError `SY-AGENT-ACME`, `SY-REACH-*`
   */
  async post(
    url: string,
    payload: JsonObject | '',
    o: { readonly key: AccountKey; readonly kid?: string; readonly signal: AbortSignal },
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const nonce = this.#nonces.pop() ?? (await this.#newNonce(o.signal));
      const who = o.kid === undefined ? { jwk: o.key.jwk } : { kid: o.kid };
      const body = signedBody(o.key, { ...who, nonce, url }, payload);
      const answer = await this.#send(url, 'POST', body, o.signal);
      try {
        return this.#checked(answer);
      } catch (error) {
        const again = error instanceof AcmeProblem && error.type === 'badNonce' && attempt < MAX_BAD_NONCES;
        if (!again) throw error;
      }
    }
  }

  /** Seconds that the server asks to wait; within bounds, `undefined` where it says nothing. */
  retryAfter(answer: Answer): number | undefined {
    return retrySeconds(answer.headers, this.#o.clock);
  }

  async #newNonce(signal: AbortSignal): Promise<string> {
    const { newNonce } = await this.directory(signal);
    await this.#send(newNonce, 'HEAD', undefined, signal);
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new SealyardError('SY-AGENT-ACME', 'it gives no nonce');
    return nonce;
  }

  async #send(
    url: string,
    method: 'GET' | 'HEAD' | 'POST',
    body: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<ReachResponse> {
    const { reach, roots, allow } = this.#o;
    const answer = await reach.fetch(url, {
      method,
      ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/jose+json' } }),
      maxBytes: MAX_ANSWER_BYTES,
      timeoutMs: TIMEOUT_MS,
      ...(roots === undefined ? {} : { roots }),
      ...(allow === undefined ? {} : { allow }),
      signal,
    });
    const nonce = answer.headers.get('replay-nonce');
    if (nonce !== null && this.#nonces.length < MAX_NONCES) this.#nonces.push(nonce);
    return answer;
  }

  #checked(answer: ReachResponse): Answer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw problemOf(answer, this.#o.clock);
  }
}

export interface TransportOptions {
  readonly directoryUrl: string;
  readonly reach: Reach;
  readonly clock: Clock;
  /** PEM roots of the server; absent: the public ones. */
  readonly roots?: string;
  readonly allow?: readonly NetworkKind[];
}

/** @throws SealyardError `SY-AGENT-ACME` */
export function jsonOf(answer: Answer): JsonObject {
  const text = fromUtf8(answer.body);
  const value = text === undefined ? undefined : parsed(text);
  if (!isObject(value)) throw new SealyardError('SY-AGENT-ACME', 'an answer is not JSON');
  return value;
}

function parsed(text: string) {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** @throws SealyardError `SY-AGENT-ACME` where the text is missing */
export function textOf(value: JsonObject, member: string): string {
  const text = value[member];
  if (typeof text !== 'string') throw new SealyardError('SY-AGENT-ACME', `an answer has no ${member}`);
  return text;
}

function readDirectory(value: JsonObject): Directory {
  const meta = value['meta'];
  const profiles = isObject(meta) && isObject(meta['profiles']) ? Object.keys(meta['profiles']) : [];
  const optional = (member: string) => (typeof value[member] === 'string' ? value[member] : undefined);
  return {
    newNonce: textOf(value, 'newNonce'),
    newAccount: textOf(value, 'newAccount'),
    newOrder: textOf(value, 'newOrder'),
    revokeCert: optional('revokeCert'),
    renewalInfo: optional('renewalInfo'),
    profiles,
  };
}

function problemOf(answer: ReachResponse, clock: Clock): SealyardError {
  const text = fromUtf8(answer.body);
  const value = text === undefined ? undefined : parsed(text);
  const wait = retrySeconds(answer.headers, clock);
  if (!isObject(value) || typeof value['type'] !== 'string')
    return new SealyardError(
      'SY-AGENT-ACME',
      `status ${answer.status}`,
      wait === undefined ? {} : { retryAfterSeconds: wait },
    );
  const type = value['type'].replace('urn:ietf:params:acme:error:', '');
  return new AcmeProblem(printable(type), printable(detailOf(value)), wait);
}

/** The problem's own words, and those of the names that it is about. */
export function detailOf(problem: JsonObject): string {
  const { detail, subproblems } = problem;
  const parts = Array.isArray(subproblems) ? subproblems.filter(isObject) : [];
  const more = parts.map(({ identifier, detail: each }) => {
    const name = isObject(identifier) ? `${identifier['value']}: ` : '';
    return `${name}${typeof each === 'string' ? each : ''}`;
  });
  return [typeof detail === 'string' ? detail : 'no detail', ...more].join('; ');
}

/** What a server says is shown to people: one line, plain characters, not without end. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ').slice(0, MAX_MESSAGE);
}

function retrySeconds(headers: Headers, clock: Clock): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = /^\d{1,9}$/.test(text)
    ? Number(text)
    : Math.ceil((Date.parse(text) - clock.now().getTime()) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), MOST_RETRY_SECONDS);
}
