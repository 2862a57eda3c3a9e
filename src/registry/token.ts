// The bearer-token flow of registries: a challenge and perhaps credentials become a token, kept until it expires.
import { performance } from 'node:perf_hooks';
import { fromUtf8, toBase64, toUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type JsonObject, parseJson } from '../ground/json.ts';
import type { Reach, ReachOptions, ReachResponse } from '../reach/reach.ts';
import type { Challenge } from './challenge.ts';
import type { Credential } from './credentials.ts';

type Bearer = Extract<Challenge, { scheme: 'bearer' }>;

const MAX_ANSWER_BYTES = 64 * 1024;
const DEFAULT_LIFETIME_S = 60; // distribution's token specification: "expires_in" defaults to 60
const MARGIN_S = 10;
const MAX_TOKENS = 256;
const CLIENT_ID = 'sealyard';

export interface TokenSourceOptions {
  readonly reach: Reach;
  /** `https://host[:port]` or, for plain registries, `http://…`. */
  readonly registryOrigin: string;
  /** Roots, networks and time that requests to this registry use. */
  readonly request: Pick<
    ReachOptions,
    'roots' | 'publicRootsToo' | 'allow' | 'refuseElsewhere' | 'timeoutMs'
  >;
}

/** Tokens of one registry, by realm, service and scope; concurrent callers share one request. */
export class TokenSource {
  readonly #o: TokenSourceOptions;
  readonly #tokens = new Map<string, { readonly token: string; readonly untilMs: number }>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(o: TokenSourceOptions) {
    this.#o = o;
  }

  /**
   * @param scope what we need, e.g. `repository:acme/shop:pull`; the challenge's own scope is not asked for, since a
   *   hostile registry could name another repository's
   * @throws SealyardError `SY-REGISTRY-UNAUTHENTICATED`, `SY-REGISTRY-REFUSED`, `SY-REGISTRY-ANSWER`, `SY-REACH-*`
   */
  async token(challenge: Bearer, scope: string, credential: Credential | undefined): Promise<string> {
    if (credential?.kind === 'registry-token') return credential.token;
    const key = JSON.stringify([challenge.realm, challenge.service, scope]);
    const known = this.#tokens.get(key);
    if (known !== undefined && performance.now() < known.untilMs) return known.token;
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    // Without the caller's signal: others may wait for the same token, and its time is bounded anyway.
    const fresh = this.#fetch(key, challenge, scope, credential).finally(() => this.#pending.delete(key));
    this.#pending.set(key, fresh);
    return fresh;
  }

  /** Forgets a token that the registry did not accept. */
  forget(token: string): void {
    for (const [key, known] of this.#tokens) if (known.token === token) this.#tokens.delete(key);
  }

  async #fetch(
    key: string,
    challenge: Bearer,
    scope: string,
    credential: Credential | undefined,
  ): Promise<string> {
    const realm = readRealm(challenge.realm, this.#o.registryOrigin);
    const request = tokenRequest(realm, challenge.service, scope, credential);
    const response = await this.#o.reach.fetch(request.url, {
      ...this.#o.request,
      ...request.options,
      // The realm is the registry's word: where it is another host, it must lie where the registry may send us.
      ...(realm.origin === this.#o.registryOrigin ? {} : elsewhere(this.#o.request)),
      maxBytes: MAX_ANSWER_BYTES,
      retry: { attempts: 2, idempotent: true },
    });
    const { token, lifetimeSeconds } = readAnswer(response);
    const usable = Math.max(0, Math.min(lifetimeSeconds, 3600) - MARGIN_S);
    this.#tokens.set(key, { token, untilMs: performance.now() + usable * 1000 });
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= MAX_TOKENS) break;
      this.#tokens.delete(oldest);
    }
    return token;
  }
}

function elsewhere(request: TokenSourceOptions['request']): Pick<ReachOptions, 'refuse'> {
  return request.refuseElsewhere === undefined ? {} : { refuse: request.refuseElsewhere };
}

/** https, or the registry itself where that is spoken to in plain: credentials never travel openly to a third host. */
function readRealm(realm: string, registryOrigin: string): URL {
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.origin !== registryOrigin))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'its token realm is neither https nor the registry itself');
  return url;
}

function tokenRequest(
  realm: URL,
  service: string | undefined,
  scope: string,
  credential: Credential | undefined,
): { url: string; options: Pick<ReachOptions, 'method' | 'headers' | 'body' | 'redirects'> } {
  if (credential?.kind === 'identity-token') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credential.token,
      client_id: CLIENT_ID,
      scope,
      ...(service === undefined ? {} : { service }),
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: realm.href, options: { method: 'POST', headers, body: toUtf8(form.toString()) } };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', scope);
  const headers = credential?.kind === 'basic' ? { authorization: basicAuthorization(credential) } : {};
  return { url: url.href, options: { headers, redirects: 2 } };
}

export function basicAuthorization(credential: Extract<Credential, { kind: 'basic' }>): string {
  return `Basic ${toBase64(toUtf8(`${credential.username}:${credential.password}`))}`;
}

function readAnswer(response: ReachResponse): { token: string; lifetimeSeconds: number } {
  if (response.status === 401)
    throw new SealyardError('SY-REGISTRY-UNAUTHENTICATED', 'the token realm says no');
  if (response.status === 403) throw new SealyardError('SY-REGISTRY-REFUSED', 'the token realm says no');
  if (response.status === 429 || response.status >= 500)
    throw new SealyardError('SY-REGISTRY-BUSY', `token realm: status ${response.status}`);
  const answer = response.status === 200 ? readObject(response.body) : undefined;
  const token = answer?.['token'] ?? answer?.['access_token'];
  // Visible ASCII only: it becomes a header.
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token))
    throw new SealyardError('SY-REGISTRY-ANSWER', `token realm: status ${response.status} without a token`);
  const lifetime = answer?.['expires_in'];
  return { token, lifetimeSeconds: typeof lifetime === 'number' ? lifetime : DEFAULT_LIFETIME_S };
}

function readObject(body: Uint8Array): JsonObject | undefined {
  try {
    const value = parseJson(fromUtf8(body) ?? '', { maxLength: MAX_ANSWER_BYTES, maxDepth: 8 });
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (isSealyardError(error)) return undefined;
    throw error;
  }
}
