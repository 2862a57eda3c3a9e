// What other rooms use of this one.
export {
  authenticateToken,
  createBootstrapToken,
  createServiceToken,
  exchangeBootstrapToken,
  FIRST_ADMINISTRATOR,
  type ListedToken,
  listTokens,
  type NewToken,
  revokeToken,
  type TokenHolder,
} from './administrators.ts';
export { type CertificateStatements, claimsOfCertificate } from './certificate-claims.ts';
export { createDevelopmentIssuer, type DevelopmentIssuer, type MintRequest } from './development-issuer.ts';
export type { Identity, IssuerConfig, IssuerType, SubjectAltName } from './identity.ts';
export type { FetchJson } from './issuer-keys.ts';
export { ISSUER_TYPES, type IssuerRules, inferIssuerType } from './issuers.ts';
export { IDENTITY_TABLES } from './tables.ts';
export { createTokenUses, MAX_CERTIFICATES_PER_TOKEN, type TokenUses } from './token-uses.ts';
export { createTokenVerifier, type TokenVerifier } from './verifier.ts';
