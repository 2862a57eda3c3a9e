// The keys of one issuer: discovery, the key set, and when to ask again. Bounded in keys, time and number of requests.
import { type CryptoKey, importJWK, type JWK } from 'jose';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import { keyFits, type TokenAlgorithm } from './algorithms.ts';

/**
 * Fetches a JSON document for us. Duties: bounds time and size (1 MiB at most), judges addresses and redirects,
 * throws when the answer is not 200 with JSON.
 */
export type FetchJson = (url: string) => Promise<Json>;

const FRESH_MS = 10 * 60_000;
/** A key set that cannot be refreshed goes on serving this long, so that an issuer's outage is not ours. */
const STALE_MS = 60 * 60_000;
/** Between two refetches that an unknown key id or a failure caused: a forged `kid` must not make us a flood. */
const RETRY_MS = 30_000;
const MAX_KEYS = 100;

interface KeySet {
  readonly keys: readonly JsonObject[];
  readonly fetchedMs: number;
  readonly imported: Map<string, CryptoKey>;
}

export class IssuerKeys {
  readonly #url: string;
  readonly #fetchJson: FetchJson;
  readonly #monotonicMs: () => number;
  #set: KeySet | undefined;
  #pending: Promise<KeySet> | undefined;
  #lastForcedMs = Number.NEGATIVE_INFINITY;
  #failedMs = Number.NEGATIVE_INFINITY;

  constructor(o: { url: string; fetchJson: FetchJson; monotonicMs: () => number }) {
    this.#url = o.url;
    this.#fetchJson = o.fetchJson;
    this.#monotonicMs = o.monotonicMs;
  }

  /**
   * The one key that this token's header selects.
   * @throws SealyardError `SY-IDENTITY-KEY-UNKNOWN`, `SY-IDENTITY-ISSUER-UNREACHABLE`
   */
  async find(kid: string | undefined, algorithm: TokenAlgorithm): Promise<CryptoKey> {
    const set = await this.#current();
    const key = await select(set, kid, algorithm);
    if (key !== undefined) return key;
    const refreshed = await this.#refetch(set);
    const rotated = refreshed === undefined ? undefined : await select(refreshed, kid, algorithm);
    if (rotated === undefined) throw new SealyardError('SY-IDENTITY-KEY-UNKNOWN');
    return rotated;
  }

  async #current(): Promise<KeySet> {
    const now = this.#monotonicMs();
    const set = this.#set;
    if (set !== undefined && now - set.fetchedMs < FRESH_MS) return set;
    if (set !== undefined && now - this.#failedMs < RETRY_MS && now - set.fetchedMs < STALE_MS) return set;
    if (set === undefined && now - this.#failedMs < RETRY_MS / 10) throw unreachable(this.#url);
    try {
      return await this.#fetch();
    } catch (error) {
      if (set !== undefined && now - set.fetchedMs < STALE_MS) return set;
      throw error;
    }
  }

  // At most once in RETRY_MS; whoever comes meanwhile waits for the same answer or gets none.
  async #refetch(seen: KeySet): Promise<KeySet | undefined> {
    if (this.#set !== seen && this.#set !== undefined) return this.#set;
    if (this.#pending !== undefined) return this.#pending;
    const now = this.#monotonicMs();
    if (now - this.#lastForcedMs < RETRY_MS) return undefined;
    this.#lastForcedMs = now;
    return this.#fetch();
  }

  #fetch(): Promise<KeySet> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #load(): Promise<KeySet> {
    try {
      const discovery = await this.#fetchJson(
        `${this.#url.replace(/\/$/, '')}/.well-known/openid-configuration`,
      );
      const keys = readKeys(await this.#fetchJson(this.#keysAddress(discovery)));
      this.#set = { keys, fetchedMs: this.#monotonicMs(), imported: new Map() };
      return this.#set;
    } catch (error) {
      this.#failedMs = this.#monotonicMs();
      throw unreachable(this.#url, error);
    }
  }

  // OpenID Connect Discovery §4.3: the document must name the issuer that we asked.
  #keysAddress(discovery: Json): string {
    if (!isObject(discovery) || discovery['issuer'] !== this.#url) throw new TypeError('issuer differs');
    const address = discovery['jwks_uri'];
    if (typeof address !== 'string' || address.length > 2048) throw new TypeError('no jwks_uri');
    const url = new URL(address);
    const sameOrigin = url.origin === new URL(this.#url).origin;
    if (url.username !== '' || url.password !== '' || (url.protocol !== 'https:' && !sameOrigin))
      throw new TypeError('jwks_uri is not https');
    return url.href;
  }
}

function readKeys(document: Json): readonly JsonObject[] {
  const keys = isObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new TypeError('not a key set');
  return keys.filter(isObject);
}

// RFC 7517 §4.5: a key id selects; where the token has none, the key must be the only one that fits. Judged and
// imported once per set: importing costs more than verifying. Only what was found is kept, so `kid` cannot fill it.
async function select(
  set: KeySet,
  kid: string | undefined,
  algorithm: TokenAlgorithm,
): Promise<CryptoKey | undefined> {
  const name = JSON.stringify([algorithm, kid ?? null]);
  const known = set.imported.get(name);
  if (known !== undefined) return known;
  const fitting = set.keys.filter(
    (key) => (kid === undefined || key['kid'] === kid) && keyFits(key, algorithm),
  );
  const [jwk] = fitting;
  if (jwk === undefined || fitting.length !== 1) return undefined;
  const key = await importJWK({ ...jwk } as JWK, algorithm).catch(() => undefined);
  if (key === undefined || key instanceof Uint8Array) return undefined;
  set.imported.set(name, key);
  return key;
}

function unreachable(url: string, cause?: unknown): SealyardError {
  return new SealyardError('SY-IDENTITY-ISSUER-UNREACHABLE', url, { cause, retryAfterSeconds: 5 });
}
