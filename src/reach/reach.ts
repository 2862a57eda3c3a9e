// The one outbound client: addresses judged, redirects judged again, time, size and retries bounded.
import { setTimeout as sleep } from 'node:timers/promises';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { NetworkKind } from './address.ts';
import { Agents, judgeLiteral, type ProxySettings } from './agents.ts';
import { type Answer, exchange } from './exchange.ts';
import { isProxied } from './proxy.ts';
import { type ResolveName, systemResolver } from './resolve.ts';
import { delayMs, isRetriedStatus, mayRepeat, RetryBudget } from './retry.ts';
import { hostOf, originOf, readUrl } from './url.ts';

export { LOCAL_TOO, type NetworkKind, PUBLIC_ONLY } from './address.ts';
export type { ProxySettings } from './agents.ts';
export type { ResolveName } from './resolve.ts';

const DEFAULT_IDLE_TIMEOUT_MS = 15_000;

export interface ReachOptions {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Names in lower case. `authorization` and `cookie` are dropped when a redirect leaves the origin. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Of the answer's body. */
  readonly maxBytes: number;
  /** For everything together: look-up, redirects, retries, body. */
  readonly timeoutMs: number;
  /** Longest silence; default 15 s. */
  readonly idleTimeoutMs?: number;
  /** How many redirects are followed; default none, and the 3xx is the answer. */
  readonly redirects?: number;
  /** PEM roots that are trusted instead of the public ones. */
  readonly roots?: string;
  /** Trust the public roots as well as `roots`: for redirects to a host outside, such as blob storage. */
  readonly publicRootsToo?: boolean;
  /** Networks that may be connected to; default: those of the client. */
  readonly allow?: readonly NetworkKind[];
  /** Networks that this call may not reach although the client may. */
  readonly refuse?: readonly NetworkKind[];
  /** Networks that a redirect to another origin may not lead to. */
  readonly refuseElsewhere?: readonly NetworkKind[];
  /** Retries on 429, 5xx and broken connections, of methods that may be repeated (RFC 9110 §9.2.2). */
  readonly retry?: {
    readonly attempts: number;
    /** This POST or PATCH may safely be sent again. */
    readonly idempotent?: boolean;
  };
  readonly signal?: AbortSignal;
}

export interface ReachResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** Where the answer came from, after redirects. */
  readonly url: string;
}

/** Any status is an answer; what throws is a host that gave none. Safe to use concurrently. */
export interface Reach {
  /**
   * @throws SealyardError `SY-REACH-URL`, `SY-REACH-ADDRESS-REFUSED`, `SY-REACH-NAME-UNKNOWN`, `SY-REACH-FAILED`,
   *   `SY-REACH-TLS`, `SY-REACH-TIMEOUT`, `SY-REACH-TOO-LARGE`, `SY-REACH-REDIRECT`; the signal's reason when aborted
   */
  fetch(url: string, options: ReachOptions): Promise<ReachResponse>;
  /** Closes kept connections. */
  close(): void;
}

export function createReach(o: {
  readonly allow: readonly NetworkKind[];
  readonly resolve?: ResolveName;
  readonly proxy?: ProxySettings;
}): Reach {
  return new Client(o.allow, o.resolve ?? systemResolver(), o.proxy ?? {});
}

/** One call's fixed circumstances. */
interface Call {
  readonly options: ReachOptions;
  readonly allow: readonly NetworkKind[];
  readonly signal: AbortSignal;
}

/** One hop's request: what a redirect may change. */
interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** A redirect has led away from the origin that was asked for. */
  readonly elsewhere: boolean;
}

class Client implements Reach {
  readonly #allow: readonly NetworkKind[];
  readonly #proxy: ProxySettings;
  readonly #agents: Agents;
  readonly #budget = new RetryBudget();

  constructor(allow: readonly NetworkKind[], resolve: ResolveName, proxy: ProxySettings) {
    this.#allow = allow;
    this.#proxy = proxy;
    this.#agents = new Agents({ resolve, proxy });
  }

  async fetch(address: string, options: ReachOptions): Promise<ReachResponse> {
    const url = readUrl(address);
    const deadline = new AbortController();
    const late = new SealyardError('SY-REACH-TIMEOUT', `${originOf(url)}: after ${options.timeoutMs} ms`);
    const timer = setTimeout(() => deadline.abort(late), options.timeoutMs);
    const signals = options.signal === undefined ? [deadline.signal] : [deadline.signal, options.signal];
    const call = { options, allow: options.allow ?? this.#allow, signal: AbortSignal.any(signals) };
    try {
      call.signal.throwIfAborted();
      return await this.#follow(call, firstHop(url, options));
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#agents.close();
  }

  async #follow(call: Call, first: Hop): Promise<ReachResponse> {
    let hop = first;
    for (let left = call.options.redirects ?? 0; ; left--) {
      const response = await this.#tryHop(call, hop);
      const location = redirectTarget(response, hop.url);
      if (location === undefined || call.options.redirects === undefined) return response;
      if (left === 0) throw new SealyardError('SY-REACH-REDIRECT', `${originOf(first.url)}: too many`);
      hop = nextHop(hop, location, response.status);
    }
  }

  /** The request to one URL, repeated where that is allowed and may help. */
  async #tryHop(call: Call, hop: Hop): Promise<ReachResponse> {
    const retry = call.options.retry;
    const attempts = retry?.attempts ?? 0;
    const repeatable = mayRepeat(hop.method, retry?.idempotent === true);
    for (let attempt = 0; ; attempt++) {
      const outcome = await this.#send(call, hop).catch((error: unknown) => {
        if (isSealyardError(error, 'SY-REACH-FAILED') && !call.signal.aborted) return error;
        throw error;
      });
      const failed =
        outcome instanceof SealyardError ? repeatable : isRetriedStatus(outcome.status, repeatable);
      if (!failed) this.#budget.succeeded(originOf(hop.url));
      if (!failed || attempt >= attempts || !this.#budget.take(originOf(hop.url))) {
        if (outcome instanceof SealyardError) throw outcome;
        return outcome;
      }
      const response = outcome instanceof SealyardError ? undefined : outcome;
      await sleep(delayMs(attempt, response), undefined, { signal: call.signal }).catch(() =>
        call.signal.throwIfAborted(),
      );
    }
  }

  async #send(call: Call, hop: Hop): Promise<ReachResponse> {
    const refused = [
      ...(call.options.refuse ?? []),
      ...(hop.elsewhere ? (call.options.refuseElsewhere ?? []) : []),
    ];
    const allow = call.allow.filter((kind) => !refused.includes(kind));
    judgeLiteral(hostOf(hop.url), allow);
    const answer: Answer = await exchange({
      ...hop,
      agents: this.#agents.for({
        allow,
        roots: call.options.roots,
        publicRootsToo: call.options.publicRootsToo === true,
        proxied: isProxied(hop.url, this.#proxy),
      }),
      maxBytes: call.options.maxBytes,
      idleTimeoutMs: call.options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS,
      signal: call.signal,
    });
    return { ...answer, url: hop.url.href };
  }
}

function firstHop(url: URL, options: ReachOptions): Hop {
  return {
    url,
    method: options.method ?? 'GET',
    headers: options.headers ?? {},
    body: options.body,
    elsewhere: false,
  };
}

function redirectTarget(response: ReachResponse, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(response.status)) return undefined;
  const location = response.headers.get('location');
  if (location === null) return undefined;
  // Absolute as written, so that the spelling of its host is judged too.
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return readUrl(location);
  if (location.startsWith('//')) return readUrl(`${from.protocol}${location}`);
  if (!URL.canParse(location, from)) throw new SealyardError('SY-REACH-URL', 'the redirect is not a URL');
  return readUrl(new URL(location, from).href);
}

/**
 * What is sent to the redirect's target. Credentials never leave the origin that they were meant for; a body never
 * does either, and a request that changes something is repeated only where 307 and 308 ask for that.
 */
function nextHop(hop: Hop, target: URL, status: number): Hop {
  const refuse = (why: string) => new SealyardError('SY-REACH-REDIRECT', `${originOf(hop.url)}: ${why}`);
  if (hop.url.protocol === 'https:' && target.protocol === 'http:') throw refuse('from https to http');
  const sameOrigin = target.origin === hop.url.origin;
  const reading = hop.method === 'GET' || hop.method === 'HEAD';
  if (!reading && !(sameOrigin && (status === 307 || status === 308)))
    throw refuse(`a ${hop.method} request`);
  if (sameOrigin) return { ...hop, url: target };
  return { ...hop, url: target, headers: withoutCredentials(hop.headers), elsewhere: true };
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => !['authorization', 'cookie', 'proxy-authorization'].includes(name.toLowerCase()),
  );
  return Object.fromEntries(kept);
}
