// The settings of validation: whom to ask, where to connect, and what may be reached.
import type { NetworkKind } from '../reach/address.ts';

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
}
