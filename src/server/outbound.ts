// What the yard fetches from others: issuers' documents, and images with their signatures from registries.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEvidenceSource, type EvidenceSource } from '../admit/evidence.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Json } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import type { DevelopmentIssuer } from '../identity/development-issuer.ts';
import { createTokenVerifier, type TokenVerifier } from '../identity/verifier.ts';
import { fetchJsonVia } from '../reach/json.ts';
import { createReach, LOCAL_TOO, PUBLIC_ONLY, type Reach } from '../reach/reach.ts';
import { credentialHelper } from '../registry/credential-helper.ts';
import { type Credentials, dockerCredentials, NO_CREDENTIALS } from '../registry/credentials.ts';
import { registries } from '../registry/open.ts';
import type { TrustMaterial } from '../verify/trust.ts';
import type { YardConfig } from './config.ts';
import { inData } from './data-directory.ts';

/** An issuer's discovery document or key set. */
const MAX_DOCUMENT_BYTES = 256 * 1024;
const DOCUMENT_TIMEOUT_MS = 10_000;
/** What an image must come with, before the policy asks for more. */
const REQUIRE = { timestampsAtLeast: 1, logEntriesAtLeast: 1, sctsAtLeast: 1 };
/** Of our environment, all that a credential helper gets. */
const HELPER_VARIABLES = ['PATH', 'HOME', 'USER', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'GNUPGHOME'];

type Environment = Readonly<Record<string, string | undefined>>;

export interface Outbound {
  readonly verifier: TokenVerifier;
  readonly evidence: EvidenceSource;
  close(): void;
}

export function openOutbound(o: {
  readonly config: YardConfig;
  readonly directory: string;
  readonly environment: Environment;
  readonly clock: Clock;
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly trust: () => TrustMaterial;
}): Outbound {
  const { config } = o;
  const reach = createReach({
    // A development yard listens on loopback alone, and so do the registries that it is tried with.
    allow: config.allowPrivateAddresses || config.development ? LOCAL_TOO : PUBLIC_ONLY,
    proxy: proxyOf(o.environment),
  });
  const roots =
    config.outboundRoots === undefined ? undefined : readFileOf(config.outboundRoots, 'outbound-roots');
  const evidence = createEvidenceSource({
    registryOf: registries({
      reach,
      credentials: credentialsOf(config, o.environment),
      layouts: [inData(o.directory, 'images')],
      ...(roots === undefined ? {} : { roots }),
    }),
    trust: o.trust,
    require: REQUIRE,
    clock: o.clock,
  });
  const fetchJson = documentsOf(reach, roots, o.developmentIssuer);
  return { verifier: createTokenVerifier({ fetchJson }), evidence, close: () => reach.close() };
}

/**
 * The built-in issuer's documents come from memory: the yard need not be able to call itself. Others get the very
 * same ones over HTTP.
 */
function documentsOf(
  reach: Reach,
  roots: string | undefined,
  own: DevelopmentIssuer | undefined,
): (url: string) => Promise<Json> {
  const fetchJson = fetchJsonVia(reach, {
    maxBytes: MAX_DOCUMENT_BYTES,
    timeoutMs: DOCUMENT_TIMEOUT_MS,
    ...(roots === undefined ? {} : { roots, publicRootsToo: true }),
  });
  return async (url) => {
    if (own !== undefined && url === `${own.url}/.well-known/openid-configuration`) return own.discovery();
    if (own !== undefined && url === `${own.url}/jwks`) return own.jwks();
    return fetchJson(url);
  };
}

function credentialsOf(config: YardConfig, environment: Environment): Credentials {
  if (config.dockerConfig === undefined) return NO_CREDENTIALS;
  const allowed = HELPER_VARIABLES.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return dockerCredentials({
    config: readFileOf(join(config.dockerConfig, 'config.json'), 'docker-config'),
    helper: credentialHelper({ environment: Object.fromEntries(allowed) }),
  });
}

function proxyOf(environment: Environment): { http?: string; https?: string; none?: string } {
  const read = (name: string) => environment[name] ?? environment[name.toUpperCase()];
  // HTTP_PROXY in capitals is a request header in CGI programs; everywhere else it is the proxy.
  const [http, https, none] = [read('http_proxy'), read('https_proxy'), read('no_proxy')];
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(none === undefined ? {} : { none }),
  };
}

function readFileOf(path: string, key: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new SealyardError('SY-SERVER-CONFIG', `${key}: ${path} cannot be read`, { cause: error });
  }
}
