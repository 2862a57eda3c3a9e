// Which of this yard's services a client signs with, in Sigstore's signing configuration v0.2.
import type { SigningConfig, SigningService } from '../formats/signing-config.ts';

/**
 * @param o.since when the yard's services began; clients take the service with the newest start
 * @param o.developmentIssuer the built-in issuer's URL, where it is switched on
 */
export function signingConfigOf(o: {
  readonly publicUrl: string;
  readonly operator: string;
  readonly since: Date;
  readonly developmentIssuer?: string;
}): SigningConfig {
  const service = (url: string, majorApiVersion: number): SigningService => ({
    url,
    majorApiVersion,
    validFor: { start: o.since },
    operator: o.operator,
  });
  return {
    // 1, though the path is /api/v2: so does the public root, and clients know no other.
    caUrls: [service(o.publicUrl, 1)],
    oidcUrls: o.developmentIssuer === undefined ? [] : [service(o.developmentIssuer, 1)],
    rekorTlogUrls: [service(o.publicUrl, 2)],
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: [service(`${o.publicUrl}/api/v1/timestamp`, 1)],
    tsaConfig: { selector: 'ANY' },
  };
}
