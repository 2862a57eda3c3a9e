// The claims that a certificate states, so that a policy can judge an identity again from the certificate alone.
import { SealyardError } from '../ground/errors.ts';
import type { JsonObject } from '../ground/json.ts';
import type { IssuerType, SubjectAltName } from './identity.ts';
import { ISSUER_TYPES } from './issuers.ts';

export interface CertificateStatements {
  /** The issuer URL that the certificate states (extension 8, or 1). */
  readonly issuer: string;
  readonly san: SubjectAltName;
  /** Fulcio extension number to text. */
  readonly extensions: ReadonlyMap<number, string>;
  /** The Sealyard claims extension, where there is one. */
  readonly claims?: JsonObject | undefined;
}

/**
 * Reverse-mapped extensions merged with the embedded claims. What clients everywhere read wins; an embedded claim
 * that says otherwise means that somebody issued two truths, and nothing matches.
 * @throws SealyardError `SY-IDENTITY-CLAIMS-CONTRADICT`
 */
export function claimsOfCertificate(type: IssuerType, statements: CertificateStatements): JsonObject {
  const mapped = ISSUER_TYPES[type].claimsFromExtensions(statements.extensions, statements.issuer);
  const merged: Record<string, JsonObject[string]> = { ...statements.claims };
  for (const [name, value] of Object.entries(mapped)) {
    const embedded = Object.hasOwn(merged, name) ? merged[name] : undefined;
    // Extensions hold text only, and a claim may be an integer (Jenkins' build_number).
    const agrees = embedded === undefined || (isScalar(embedded) && String(embedded) === value);
    if (!agrees) throw new SealyardError('SY-IDENTITY-CLAIMS-CONTRADICT', name);
    if (embedded === undefined) merged[name] = value;
  }
  return merged;
}

function isScalar(value: JsonObject[string]): boolean {
  return typeof value === 'string' || typeof value === 'number';
}
