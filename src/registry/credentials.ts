// Credentials for registries, as docker keeps them: a file's text and helper programs, looked up by host.
import { fromBase64, fromUtf8 } from '../ground/bytes.ts';
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject, parseJson } from '../ground/json.ts';

export type Credential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** An OAuth2 refresh token, exchanged for a bearer token at the registry's realm. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token that is used as it is. */
  | { readonly kind: 'registry-token'; readonly token: string };

export interface Credentials {
  /** What is known for this registry host (`host[:port]`). @throws SealyardError `SY-REGISTRY-CREDENTIALS` */
  for(host: string): Promise<Credential | undefined>;
}

/** Asks a helper program for the credential of a server address; `undefined` where it has none. */
export type CredentialHelper = (helper: string, serverAddress: string) => Promise<Credential | undefined>;

export const NO_CREDENTIALS: Credentials = { for: async () => undefined };

const BOUNDS = { maxLength: 1024 * 1024, maxDepth: 8 };
const DOCKER_HUB_KEY = 'https://index.docker.io/v1/';
const DOCKER_HUB_HOSTS = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Reads docker's `config.json`: `credHelpers` for the host first, then `credsStore`, then `auths` (docker's own order).
 * @throws SealyardError `SY-REGISTRY-CREDENTIALS` for a file that cannot be read; its text is never repeated
 */
export function dockerCredentials(o: {
  readonly config: string | undefined;
  readonly helper?: CredentialHelper;
}): Credentials {
  if (o.config === undefined || o.config.trim() === '') return NO_CREDENTIALS;
  const file = readConfig(o.config);
  const helpers = member(file, 'credHelpers');
  const store = file['credsStore'];
  return {
    async for(host) {
      const keys = keysOf(host);
      const own = keys.map((key) => helpers?.[key]).find((name) => typeof name === 'string');
      if (typeof own === 'string') return askHelper(o.helper, own, keys);
      const stored =
        typeof store === 'string' && store !== '' ? await askHelper(o.helper, store, keys) : undefined;
      return stored ?? fromAuths(member(file, 'auths'), keys);
    },
  };
}

function readConfig(text: string): JsonObject {
  let value: Json | undefined;
  try {
    value = parseJson(text, BOUNDS);
  } catch (error) {
    if (!isSealyardError(error)) throw error;
  }
  if (!isObject(value)) throw new SealyardError('SY-REGISTRY-CREDENTIALS', 'the file is not a JSON object');
  return value;
}

/** The spellings under which `docker login` may have kept a host. */
function keysOf(host: string): readonly string[] {
  if (DOCKER_HUB_HOSTS.has(host)) return [DOCKER_HUB_KEY, 'docker.io', 'index.docker.io'];
  return [host, `https://${host}`, `https://${host}/`, `https://${host}/v1/`, `https://${host}/v2/`];
}

async function askHelper(
  helper: CredentialHelper | undefined,
  name: string,
  keys: readonly string[],
): Promise<Credential | undefined> {
  if (helper === undefined)
    throw new SealyardError('SY-REGISTRY-CREDENTIALS', `helper ${JSON.stringify(name)} cannot be run here`);
  const [first = ''] = keys;
  return helper(name, first);
}

function fromAuths(auths: JsonObject | undefined, keys: readonly string[]): Credential | undefined {
  const entry = keys.map((key) => auths?.[key]).find(isObject);
  if (entry === undefined) return undefined;
  const identityToken = text(entry, 'identitytoken');
  if (identityToken !== undefined) return { kind: 'identity-token', token: identityToken };
  const registryToken = text(entry, 'registrytoken');
  if (registryToken !== undefined) return { kind: 'registry-token', token: registryToken };
  const auth = text(entry, 'auth');
  if (auth !== undefined) return fromPair(auth);
  const username = text(entry, 'username');
  const password = text(entry, 'password');
  if (username === undefined || password === undefined) return undefined;
  return { kind: 'basic', username, password };
}

/** `auth` is base64 of `user:password`; the password may hold colons. */
function fromPair(auth: string): Credential {
  const bytes = fromBase64(auth);
  const pair = bytes === undefined ? undefined : fromUtf8(bytes)?.replace(/\0+$/, '');
  const colon = pair?.indexOf(':') ?? -1;
  if (pair === undefined || colon < 1)
    throw new SealyardError('SY-REGISTRY-CREDENTIALS', 'an auth entry is not base64 of user:password');
  return { kind: 'basic', username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function member(object: JsonObject, name: string): JsonObject | undefined {
  const value = object[name];
  return isObject(value) ? value : undefined;
}

function text(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
