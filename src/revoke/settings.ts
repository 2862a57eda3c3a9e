// How long revocation information is good for, and how soon it follows a revocation.

export interface RevocationSettings {
  /** From thisUpdate to nextUpdate of a complete CRL. It is signed again at half of it, or when its shard changes. */
  readonly crlValiditySeconds: number;
  readonly deltaValiditySeconds: number;
  /** A revocation is in the CRL of its shard after at most this; what comes in between is signed together. */
  readonly crlPublishSeconds: number;
  /** `max-age` of a CRL: how long caches on the way may go on with an older one. */
  readonly crlCacheSeconds: number;
  /** From thisUpdate to nextUpdate of an OCSP answer. */
  readonly ocspValiditySeconds: number;
  /** `max-age` of an OCSP answer to GET: how long caches on the way may go on with it. */
  readonly ocspCacheSeconds: number;
  /** What OCSP says of serials that were never issued (RFC 6960 §2.2). */
  readonly neverIssued: 'unknown' | 'revoked';
}

export const DEFAULT_SETTINGS: RevocationSettings = {
  crlValiditySeconds: 86_400,
  deltaValiditySeconds: 6 * 3600,
  crlPublishSeconds: 1,
  crlCacheSeconds: 60,
  ocspValiditySeconds: 4 * 3600,
  ocspCacheSeconds: 60,
  neverIssued: 'unknown',
};
