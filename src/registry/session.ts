// Requests to one remote registry: where it is, how it wants to be asked, and what its refusals mean.
import { fromUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, parseJson } from '../ground/json.ts';
import type { NetworkKind, Reach, ReachOptions, ReachResponse } from '../reach/reach.ts';
import { readChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { basicAuthorization, TokenSource } from './token.ts';

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_ERROR_BYTES = 64 * 1024;
const MAX_REDIRECTS = 4;
const RETRIES = 3;

export interface SessionOptions {
  readonly reach: Reach;
  readonly credentials: Credentials;
  /** `true`: plain http · `false`: https always · absent: http for loopback hosts, https for all others. */
  readonly plainHttp?: boolean;
  /** PEM roots of the registry's own authority, trusted beside the public ones. */
  readonly roots?: string;
  readonly allow?: readonly NetworkKind[];
  /** For each request, retries included; default 30 s. */
  readonly timeoutMs?: number;
}

export interface Ask {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** A path that begins with `/v2/`, or an absolute URL (an upload location). */
  readonly target: string;
  readonly repository: string;
  readonly action: 'pull' | 'pull,push';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly maxBytes: number;
  /** A request that must not simply be sent again, such as the bytes of an upload. */
  readonly once?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** One registry host; authorization is learnt from its first challenge and kept. Safe to use concurrently. */
export class Session {
  readonly origin: string;
  readonly #o: SessionOptions;
  readonly #host: string;
  readonly #tokens: TokenSource;
  readonly #authorization = new Map<string, string>();

  constructor(host: string, o: SessionOptions) {
    this.#host = host;
    this.#o = o;
    this.origin = originOf(host, o.plainHttp);
    this.#tokens = new TokenSource({
      reach: o.reach,
      registryOrigin: this.origin,
      request: this.#circumstances(),
    });
  }

  /**
   * The answer, whatever its status, after meeting a challenge. A body larger than `maxBytes` is
   * `SY-REGISTRY-TOO-LARGE`.
   * @throws SealyardError
   */
  async ask(ask: Ask): Promise<ReachResponse> {
    const url = new URL(ask.target, this.origin);
    // Credentials are for the registry; an upload location elsewhere has its own authority in its URL.
    if (url.origin !== this.origin) return this.#send(ask, url, undefined);
    const scope = `repository:${ask.repository}:${ask.action}`;
    const first = await this.#send(ask, url, this.#authorization.get(scope));
    if (first.status !== 401 || new URL(first.url).origin !== this.origin) return first;
    const authorization = await this.#authorize(first, scope, this.#authorization.get(scope));
    if (authorization === undefined) return first;
    const second = await this.#send(ask, url, authorization);
    if (second.status !== 401) this.#authorization.set(scope, authorization);
    return second;
  }

  async #authorize(
    response: ReachResponse,
    scope: string,
    refused: string | undefined,
  ): Promise<string | undefined> {
    this.#authorization.delete(scope);
    if (refused?.startsWith('Bearer ') === true) this.#tokens.forget(refused.slice(7));
    const credential = await this.#o.credentials.for(this.#host);
    for (const challenge of readChallenges(response.headers.get('www-authenticate'))) {
      if (challenge.scheme === 'bearer')
        return `Bearer ${await this.#tokens.token(challenge, scope, credential)}`;
      if (credential?.kind === 'basic') return basicAuthorization(credential);
    }
    return undefined;
  }

  async #send(ask: Ask, url: URL, authorization: string | undefined): Promise<ReachResponse> {
    const options: ReachOptions = {
      ...this.#circumstances(),
      method: ask.method,
      headers: { ...ask.headers, ...(authorization === undefined ? {} : { authorization }) },
      maxBytes: Math.max(ask.maxBytes, MAX_ERROR_BYTES),
      redirects: MAX_REDIRECTS,
      ...(ask.body === undefined ? {} : { body: ask.body }),
      ...(ask.once === true ? {} : { retry: { attempts: RETRIES, idempotent: true } }),
      ...(ask.signal === undefined ? {} : { signal: ask.signal }),
    };
    try {
      const response = await this.#o.reach.fetch(url.href, options);
      if (response.status < 300 && response.body.length > ask.maxBytes)
        throw new SealyardError('SY-REGISTRY-TOO-LARGE', `${this.#host}: more than ${ask.maxBytes} bytes`);
      return response;
    } catch (error) {
      if (isSealyardError(error, 'SY-REACH-TOO-LARGE'))
        throw new SealyardError('SY-REGISTRY-TOO-LARGE', error.detail, { cause: error });
      throw error;
    }
  }

  #circumstances(): Pick<
    ReachOptions,
    'roots' | 'publicRootsToo' | 'allow' | 'refuseElsewhere' | 'timeoutMs'
  > {
    const { roots, allow, timeoutMs = DEFAULT_TIMEOUT_MS } = this.#o;
    return {
      timeoutMs,
      ...(roots === undefined ? {} : { roots, publicRootsToo: true }),
      // A registry that is not on this machine itself cannot send us to a service that listens on loopback.
      refuseElsewhere: isLoopbackHost(this.#host) ? [] : ['loopback'],
      ...(allow === undefined ? {} : { allow }),
    };
  }
}

function originOf(host: string, plainHttp: boolean | undefined): string {
  const scheme = (plainHttp ?? isLoopbackHost(host)) ? 'http' : 'https';
  // Docker Hub's name is not the name of its API (distribution/reference, "docker.io").
  const real = host === 'docker.io' || host === 'index.docker.io' ? 'registry-1.docker.io' : host;
  if (!URL.canParse(`${scheme}://${real}/`)) throw new SealyardError('SY-REGISTRY-REFERENCE', host);
  const url = new URL(`${scheme}://${real}/`);
  if (url.pathname !== '/' || url.search !== '' || url.username !== '')
    throw new SealyardError('SY-REGISTRY-REFERENCE', host);
  return url.origin;
}

function isLoopbackHost(host: string): boolean {
  return /^(localhost|[a-z0-9.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

/** What an unwanted status means. @param what names the thing asked for, for people */
export function refusalOf(response: ReachResponse, what: string): SealyardError {
  const { status } = response;
  const said = errorCodeOf(response);
  const detail = `${what}: status ${status}${said === undefined ? '' : ` ${said}`}`;
  if (status === 401) return new SealyardError('SY-REGISTRY-UNAUTHENTICATED', detail);
  if (status === 403) return new SealyardError('SY-REGISTRY-REFUSED', detail);
  if (status === 404) return new SealyardError('SY-REGISTRY-NOT-FOUND', detail);
  if (status === 429 || status >= 500) return new SealyardError('SY-REGISTRY-BUSY', detail);
  return new SealyardError('SY-REGISTRY-ANSWER', detail);
}

/** The registry's own code (distribution-spec, "Error Codes"), where it is one: other text could be anything. */
function errorCodeOf(response: ReachResponse): string | undefined {
  let value: Json;
  try {
    value = parseJson(fromUtf8(response.body) ?? '', { maxLength: MAX_ERROR_BYTES, maxDepth: 8 });
  } catch {
    return undefined;
  }
  const errors = isObject(value) ? value['errors'] : undefined;
  const first: Json | undefined = Array.isArray(errors) ? errors[0] : undefined;
  const code = isObject(first) ? first['code'] : undefined;
  return typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : undefined;
}
