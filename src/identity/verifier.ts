// A token becomes an Identity here and nowhere else.
import { createHash } from 'node:crypto';
import { compactVerify } from 'jose';
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';
import { asTokenAlgorithm, type TokenAlgorithm } from './algorithms.ts';
import { checkAudience, checkTimes, readSubject } from './claims.ts';
import { type Identity, type IssuerConfig, verifiedIdentity } from './identity.ts';
import { type FetchJson, IssuerKeys } from './issuer-keys.ts';
import { ISSUER_TYPES } from './issuers.ts';
import { readUnverifiedToken } from './jwt.ts';

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
    async verify(token, { issuers, now }) {
      const { header, unverifiedClaims } = readUnverifiedToken(token);
      const algorithm = checkHeader(header);
      const issuer = issuers.find((candidate) => candidate.url === unverifiedClaims['iss']);
      if (issuer === undefined) throw new SealyardError('SY-IDENTITY-ISSUER-UNKNOWN');
      const key = await keysOf(issuer.url).find(readKid(header), algorithm);
      await compactVerify(token, key, { algorithms: [algorithm] }).catch((cause: unknown) => {
        throw new SealyardError('SY-IDENTITY-SIGNATURE', undefined, { cause });
      });
      // The octets that were just verified are those that were parsed above.
      return identityOf(token, issuer, unverifiedClaims, now);
    },
  };
}

function checkHeader(header: JsonObject): TokenAlgorithm {
  const algorithm = asTokenAlgorithm(header['alg']);
  if (algorithm === undefined) throw new SealyardError('SY-IDENTITY-ALGORITHM');
  // RFC 7515 §4.1.11: we understand no extension. `jwk`, `jku`, `x5u` would let the token choose its own key.
  for (const name of ['crit', 'b64', 'zip', 'enc', 'jwk', 'jku', 'x5u'])
    if (header[name] !== undefined) throw new SealyardError('SY-IDENTITY-HEADER', name);
  const type = header['typ'];
  if (type !== undefined && (typeof type !== 'string' || !/^((application\/)?(at\+)?jwt)$/i.test(type)))
    throw new SealyardError('SY-IDENTITY-HEADER', 'typ');
  return algorithm;
}

function readKid(header: JsonObject): string | undefined {
  const kid = header['kid'];
  if (kid === undefined) return undefined;
  if (typeof kid !== 'string' || kid === '' || kid.length > 512)
    throw new SealyardError('SY-IDENTITY-HEADER', 'kid');
  return kid;
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
