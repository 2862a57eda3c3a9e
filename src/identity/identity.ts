// Who asks: the one value that a verified CI token becomes. Nothing outside this room can make one.
import type { JsonObject } from '../ground/json.ts';

declare const verified: unique symbol;

/** Kinds of issuer whose tokens we can read; each is a row of the table in `issuers.ts`. */
export type IssuerType = 'github' | 'gitlab' | 'development';

/** An issuer that the policy names. */
export interface IssuerConfig {
  /** The alias that `identities` use. */
  readonly name: string;
  /** Compared with the token's `iss` octet by octet, before anything is fetched. */
  readonly url: string;
  readonly type: IssuerType;
  /** Audiences that count; a token must name one of them. */
  readonly audiences: readonly string[];
}

export interface SubjectAltName {
  readonly type: 'uri' | 'email';
  readonly value: string;
}

/**
 * The holder of a verified OIDC token. Only `createTokenVerifier` makes one: the brand keeps claims that nobody
 * verified from being passed where an identity is wanted.
 */
export interface Identity {
  readonly kind: 'oidc';
  /** `iss`. */
  readonly issuer: string;
  /** The issuer's alias in the policy. */
  readonly issuerName: string;
  readonly issuerType: IssuerType;
  /** `sub`. */
  readonly subject: string;
  /** The one name that goes into the certificate. */
  readonly san: SubjectAltName;
  /** What the proof of possession signs: `sub` for every CI issuer. */
  readonly challenge: string;
  readonly claims: JsonObject;
  /** Fulcio extension number n (1.3.6.1.4.1.57264.1.n) to its text. */
  readonly extensions: ReadonlyMap<number, string>;
  /** `jti` under its issuer, or the token's SHA-256 where it has none; counts certificates per token. */
  readonly tokenId: string;
  readonly expiresAt: Date;
  readonly [verified]: true;
}

/** Puts the brand on; `verifier.ts` alone calls it, after every check. */
export function verifiedIdentity(fields: Omit<Identity, typeof verified>): Identity {
  return fields as Identity;
}
