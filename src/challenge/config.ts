// The settings of validation: whom to ask, where to connect, and what may be reached.
import { isSealyardError, SealyardError } from '../ground/errors.ts';
import type { Random } from '../ground/ports.ts';
import { type NamedNetworks, type NetworkKind, namedNetworks } from '../reach/address.ts';
import { createDnsClient, type DnsClient } from '../reach/dns-client.ts';

const LONGEST_CONNECT_MS = 5_000;
const MAX_PERSPECTIVES = 8;
/** Of JSON: with names and brackets the evidence of all views stays below 1,000, since each order's record holds it. */
const OWN_EVIDENCE_CHARACTERS = 400;
const FURTHER_EVIDENCE_CHARACTERS = 240;

export interface ChallengeConfig {
  /** `address:port` or `[address]:port` of recursive resolvers, asked in turn; empty: those of this machine. */
  readonly resolvers: readonly string[];
  /** Further sets of resolvers; what each sees must agree (all of them, all but one where there are three or more). */
  readonly perspectives: readonly (readonly string[])[];
  /** Where http-01 connects, and the only port that a redirect to `http:` may lead to. Usually 80. */
  readonly httpPort: number;
  /** Where tls-alpn-01 connects, and the only port that a redirect to `https:` may lead to. Usually 443. */
  readonly tlsPort: number;
  /** Kinds of networks that may be reached; `PUBLIC_ONLY` unless the operator says otherwise. Never `metadata`. */
  readonly allow: readonly NetworkKind[];
  /** CIDRs that may be reached though their kind may not: `10.20.0.0/16`, `fd12::/48`. */
  readonly allowNetworks: readonly string[];
  /** For one validation from one point of view, everything together. */
  readonly timeoutMs: number;
  /** Our names in CAA records and in dns-persist-01, lower case (`caaIdentities` of the directory). */
  readonly issuerDomains: readonly string[];
  /** `accountHashPrefix` of the directory (draft-ietf-acme-dns-persist-02 §4.1); absent: whole account URLs only. */
  readonly accountHashPrefix?: string;
}

/** Where a validation looks from, and what holds for every one. */
export interface View {
  readonly name: string;
  readonly dns: DnsClient;
  readonly httpPort: number;
  readonly tlsPort: number;
  /** For one address, so that one that drops packets leaves time for the next. */
  readonly connectTimeoutMs: number;
  readonly allow: readonly NetworkKind[];
  readonly networks: NamedNetworks;
  readonly issuerDomains: readonly string[];
  readonly accountHashPrefix: string | undefined;
  /** How much of what was seen is kept, as JSON. */
  readonly evidenceCharacters: number;
}

/**
 * The points of view of a configuration; the first is our own.
 * @throws SealyardError `SY-CHALLENGE-CONFIGURATION`
 */
export function viewsOf(config: ChallengeConfig, random: Random): readonly [View, ...View[]] {
  for (const [name, port] of Object.entries({ httpPort: config.httpPort, tlsPort: config.tlsPort }))
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refuse(`${name} ${port}`);
  if (!(config.timeoutMs > 0 && config.timeoutMs <= 120_000)) throw refuse(`timeoutMs ${config.timeoutMs}`);
  if (config.allow.includes('metadata')) throw refuse('allow: metadata can only be named as a network');
  if (config.perspectives.length > MAX_PERSPECTIVES)
    throw refuse(`more than ${MAX_PERSPECTIVES} perspectives`);
  if (config.perspectives.some((servers) => servers.length === 0)) throw refuse('an empty perspective');
  try {
    const common = {
      httpPort: config.httpPort,
      tlsPort: config.tlsPort,
      connectTimeoutMs: Math.min(LONGEST_CONNECT_MS, Math.ceil(config.timeoutMs / 5)),
      allow: config.allow,
      networks: namedNetworks(config.allowNetworks),
      issuerDomains: config.issuerDomains.map((domain) => domain.toLowerCase()),
      accountHashPrefix: config.accountHashPrefix,
    };
    const view = (name: string, servers: readonly string[], evidenceCharacters: number): View => ({
      name,
      dns: createDnsClient({ servers, random }),
      evidenceCharacters,
      ...common,
    });
    const share = Math.floor(FURTHER_EVIDENCE_CHARACTERS / config.perspectives.length);
    return [
      view('own', config.resolvers, OWN_EVIDENCE_CHARACTERS),
      ...config.perspectives.map((servers, index) => view(`perspective ${index + 1}`, servers, share)),
    ];
  } catch (error) {
    if (isSealyardError(error)) throw refuse(error.message);
    throw error;
  }
}

function refuse(what: string): SealyardError {
  return new SealyardError('SY-CHALLENGE-CONFIGURATION', what);
}
