// A token becomes an Identity here and nowhere else.
import { createHash } from 'node:crypto';
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';
import { checkAudience, checkTimes, readSubject } from './claims.ts';
import { type Identity, type IssuerConfig, verifiedIdentity } from './identity.ts';
import { type FetchJson, IssuerKeys } from './issuer-keys.ts';
import { ISSUER_TYPES } from './issuers.ts';
import { readUnverifiedClaims, readUnverifiedToken } from './jwt.ts';
import { checkHeader, verifyTokenSignature } from './signature.ts';

export interface TokenVerifier {
  /**
   * Verifies a compact JWS against the issuers of the policy: exact `iss` before anything is fetched, pinned
   * algorithm, the issuer's key, signature, audience, times, then the issuer's own claim rules.
   * @param o.now the time to judge by; 60 s of skew are allowed
   * @throws SealyardError `SY-IDENTITY-*`
   */
  verify(token: string, o: { issuers: readonly IssuerConfig[]; now: Date }): Promise<Identity>;
}

/** Key sets kept at once; more issuers than that are not a policy. */
const MAX_ISSUERS = 1000;

export function createTokenVerifier(o: {
  fetchJson: FetchJson;
  /** A clock for durations, milliseconds; `performance.now` unless a test moves it. */
  monotonicMs?: () => number;
}): TokenVerifier {
  const monotonicMs = o.monotonicMs ?? (() => performance.now());
  const keysByIssuer = new Map<string, IssuerKeys>();

  function keysOf(url: string): IssuerKeys {
    const known = keysByIssuer.get(url);
    if (known !== undefined) return known;
    // Only issuers of a policy get here, so this is reached when many policies were loaded in turn.
    if (keysByIssuer.size >= MAX_ISSUERS) keysByIssuer.clear();
    const keys = new IssuerKeys({ url, fetchJson: o.fetchJson, monotonicMs });
    keysByIssuer.set(url, keys);
    return keys;
  }

  return {
    // Life of a signature, step 1: who asks.
    async verify(token, { issuers, now }) {
      const unverified = readUnverifiedToken(token);
      const selector = checkHeader(unverified.header);
      const claims = readUnverifiedClaims(unverified);
      const issuer = issuers.find((candidate) => candidate.url === claims['iss']);
      if (issuer === undefined) throw new SealyardError('SY-IDENTITY-ISSUER-UNKNOWN');
      await verifyTokenSignature(token, selector, keysOf(issuer.url));
      // The octets that were just verified are those that were parsed above.
      return identityOf(token, issuer, claims, now);
    },
  };
}

function identityOf(token: string, issuer: IssuerConfig, claims: JsonObject, now: Date): Identity {
  const expiresAt = checkTimes(claims, now);
  checkAudience(claims, issuer.audiences);
  const subject = readSubject(claims);
  const rules = ISSUER_TYPES[issuer.type];
  return verifiedIdentity({
    kind: 'oidc',
    issuer: issuer.url,
    issuerName: issuer.name,
    issuerType: issuer.type,
    subject,
    san: rules.san(claims, issuer.url),
    challenge: rules.challenge(claims),
    claims,
    extensions: rules.extensions(claims, issuer.url),
    tokenId: tokenIdOf(token, issuer.url, claims),
    expiresAt,
  });
}

// Two issuers may use the same `jti`, so it counts under its issuer only. The signature part is left out of the
// hash: ECDSA lets anybody turn a valid signature into another one.
function tokenIdOf(token: string, issuer: string, claims: JsonObject): string {
  const jti = claims['jti'];
  const named = typeof jti === 'string' && jti !== '';
  const text = named ? `jti\n${issuer}\n${jti}` : `token\n${token.slice(0, token.lastIndexOf('.'))}`;
  return createHash('sha256').update(text).digest('hex');
}
