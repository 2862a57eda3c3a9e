// Who gives the agent its certificates: the port, implemented for a yard and for any ACME server.
import type { Certificate } from '../formats/x509/certificate.ts';
import type { RequestedName } from '../policy/issuance.ts';

export interface ObtainRequest {
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  readonly names: readonly RequestedName[];
  readonly profile?: string;
  readonly lifetimeSeconds?: number;
  /** What the new certificate takes the place of. */
  readonly replaces?: Certificate;
}

/** When the server would like a renewal (RFC 9773 §4.2). */
export interface RenewalWindow {
  readonly start: Date;
  readonly end: Date;
  /** When to ask again. */
  readonly askAgainAt: Date;
}

/** Safe to call concurrently; bounded in time by the caller's signal. Failures are `SealyardError`s. */
export interface Issuer {
  /** DER, leaf first; the root may be missing. Not repeated by the issuer itself. */
  obtain(request: ObtainRequest, signal: AbortSignal): Promise<readonly Uint8Array[]>;
  /** `undefined` where the server has no opinion; then two thirds of the life decide. */
  renewalWindow(leaf: Certificate, signal: AbortSignal): Promise<RenewalWindow | undefined>;
}
