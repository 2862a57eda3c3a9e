// The built-in issuer: a real OIDC issuer for the tour and for development, trusted nowhere else.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { toBase64Url, toUtf8 } from '../ground/bytes.ts';
import { SealyardError } from '../ground/errors.ts';
import { canonicalJson, type Json, type JsonObject } from '../ground/json.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { acceptText } from './claims.ts';

/** A job's token lives for at most an hour. */
const MAX_LIFETIME_SECONDS = 3600;
const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'];

export interface MintRequest {
  readonly subject: string;
  readonly audience: string;
  /** 1 to 3600. */
  readonly lifetimeSeconds: number;
  /** Further claims; the registered ones are not for the caller to set. */
  readonly claims?: JsonObject;
}

export interface DevelopmentIssuer {
  /** `iss`. */
  readonly url: string;
  /** OpenID Connect Discovery 1.0 §3. */
  discovery(): Json;
  /** RFC 7517 §5. */
  jwks(): Json;
  /**
   * An RS256 token in compact form, without a final newline.
   * @throws SealyardError `SY-IDENTITY-CLAIMS`
   */
  mint(request: MintRequest): Promise<string>;
}

/** @param o.privateKey RSA, 2048 bits or more: some clients verify nothing but RS256 */
export function createDevelopmentIssuer(o: {
  url: string;
  privateKey: KeyObject;
  clock: Clock;
  random: Random;
}): DevelopmentIssuer {
  const details = o.privateKey.asymmetricKeyDetails;
  if (o.privateKey.asymmetricKeyType !== 'rsa' || (details?.modulusLength ?? 0) < 2048)
    throw new TypeError('the built-in issuer signs with an RSA key of 2048 bits or more');
  const { kty, n, e } = createPublicKey(o.privateKey).export({ format: 'jwk' });
  if (kty === undefined || n === undefined || e === undefined) throw new TypeError('not an RSA key');
  // RFC 7638: the key names itself, so a new key has a new id.
  const kid = toBase64Url(createHash('sha256').update(canonicalJson({ e, kty, n })).digest());
  const jwk = { kty, n, e, kid, use: 'sig', alg: 'RS256' };

  return {
    url: o.url,
    discovery: () => ({
      issuer: o.url,
      jwks_uri: `${o.url}/jwks`,
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: REGISTERED,
    }),
    jwks: () => ({ keys: [jwk] }),
    async mint(request) {
      checkRequest(request);
      const issuedAt = Math.floor(o.clock.now().getTime() / 1000);
      return new SignJWT({ ...request.claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid })
        .setIssuer(o.url)
        .setSubject(request.subject)
        .setAudience(request.audience)
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + request.lifetimeSeconds)
        .setJti(toBase64Url(o.random.bytes(16)))
        .sign(o.privateKey);
    },
  };
}

function checkRequest(request: MintRequest): void {
  const { subject, audience, lifetimeSeconds } = request;
  if (subject === '' || subject.length > 512) throw new SealyardError('SY-IDENTITY-CLAIMS', 'sub');
  acceptText(subject, 'sub');
  if (audience === '' || audience.length > 2048) throw new SealyardError('SY-IDENTITY-CLAIMS', 'aud');
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 1 || lifetimeSeconds > MAX_LIFETIME_SECONDS)
    throw new SealyardError('SY-IDENTITY-CLAIMS', 'a token lives for 1 to 3600 seconds');
  const taken = REGISTERED.find((name) => Object.hasOwn(request.claims ?? {}, name));
  if (taken !== undefined) throw new SealyardError('SY-IDENTITY-CLAIMS', taken);
  if (toUtf8(canonicalJson(request.claims ?? {})).length > 8192)
    throw new SealyardError('SY-IDENTITY-CLAIMS', 'too large');
}
