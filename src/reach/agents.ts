// Keep-alive agents whose connections go only to judged addresses: one pair for each network allowance and set of roots.
import { createHash } from 'node:crypto';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { getCACertificates } from 'node:tls';
import { SealyardError } from '../ground/errors.ts';
import { type NetworkKind, networkKind } from './address.ts';
import type { ResolveName } from './resolve.ts';

const MAX_SOCKETS_PER_HOST = 32;
const MAX_FREE_SOCKETS = 8;
const IDLE_SOCKET_MS = 30_000;
const MAX_PAIRS = 64;

/** Environment-style proxy settings, as values: URLs of the proxies, and the hosts that go without (`NO_PROXY`). */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  readonly none?: string;
}

export interface AgentPair {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export interface Connection {
  readonly allow: readonly NetworkKind[];
  readonly roots: string | undefined;
  readonly publicRootsToo: boolean;
  /** Through the operator's proxy: it resolves the name, and its own address is his word. */
  readonly proxied: boolean;
}

/**
 * Hands out agents; a kept connection is reused only under the same allowance and roots, so that a socket opened for
 * the operator's own host never serves a request made on a stranger's word.
 */
export class Agents {
  readonly #pairs = new Map<string, AgentPair>();
  readonly #resolve: ResolveName;
  readonly #proxy: ProxySettings;

  constructor(o: { readonly resolve: ResolveName; readonly proxy: ProxySettings }) {
    this.#resolve = o.resolve;
    this.#proxy = o.proxy;
  }

  for(connection: Connection): AgentPair {
    const key = keyOf(connection);
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const made = this.#make(connection);
    this.#pairs.set(key, made);
    for (const [oldest, pair] of this.#pairs) {
      if (this.#pairs.size <= MAX_PAIRS) break;
      this.#pairs.delete(oldest);
      destroy(pair);
    }
    return made;
  }

  close(): void {
    for (const pair of this.#pairs.values()) destroy(pair);
    this.#pairs.clear();
  }

  #make(connection: Connection): AgentPair {
    const common = {
      keepAlive: true,
      maxSockets: MAX_SOCKETS_PER_HOST,
      maxFreeSockets: MAX_FREE_SOCKETS,
      timeout: IDLE_SOCKET_MS,
      ...(connection.proxied
        ? { proxyEnv: proxyEnvironment(this.#proxy) }
        : { lookup: judgedLookup(this.#resolve, connection.allow) }),
    };
    const ca = rootsOf(connection);
    return {
      http: new HttpAgent(common),
      https: new HttpsAgent({ ...common, minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) }),
    };
  }
}

/**
 * A literal address has no look-up; it is judged here.
 * @throws SealyardError `SY-REACH-ADDRESS-REFUSED`
 */
export function judgeLiteral(host: string, allow: readonly NetworkKind[]): void {
  if (isIP(host) !== 0) judge(host, [host], allow);
}

/** A look-up for sockets: resolves, judges, and returns only what may be connected to. */
function judgedLookup(resolve: ResolveName, allow: readonly NetworkKind[]): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const found = permitted(addresses, allow).map((address) => ({ address, family: isIP(address) }));
        const [first] = found;
        if (first === undefined) callback(refusal(host, addresses), '', 0);
        else if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error('look-up failed'), '', 0),
    );
  };
}

function judge(host: string, addresses: readonly string[], allow: readonly NetworkKind[]): void {
  if (permitted(addresses, allow).length === 0) throw refusal(host, addresses);
}

function permitted(addresses: readonly string[], allow: readonly NetworkKind[]): string[] {
  return addresses.filter((address) => isIP(address) !== 0 && allow.includes(networkKind(address)));
}

function refusal(host: string, addresses: readonly string[]): SealyardError {
  const kinds = [...new Set(addresses.map(networkKind))].join(', ');
  return new SealyardError('SY-REACH-ADDRESS-REFUSED', `${host}: ${kinds === '' ? 'no address' : kinds}`);
}

function rootsOf(connection: Connection): string[] | undefined {
  if (connection.roots === undefined) return undefined;
  return connection.publicRootsToo ? [...getCACertificates('default'), connection.roots] : [connection.roots];
}

function proxyEnvironment(proxy: ProxySettings): Record<string, string> {
  return {
    ...(proxy.http === undefined ? {} : { HTTP_PROXY: proxy.http }),
    ...(proxy.https === undefined ? {} : { HTTPS_PROXY: proxy.https }),
  };
}

function keyOf(connection: Connection): string {
  const roots =
    connection.roots === undefined ? '' : createHash('sha256').update(connection.roots).digest('hex');
  return [connection.proxied, connection.publicRootsToo, roots, ...[...connection.allow].sort()].join(' ');
}

function destroy(pair: AgentPair): void {
  pair.http.destroy();
  pair.https.destroy();
}
