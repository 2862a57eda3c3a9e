// What other rooms use of this one.
export { BUILT_IN_PROFILES } from './built-in-profiles.ts';
export { type Administrator, decideAdmin, roleAllows } from './decide-admin.ts';
export {
  decideIssue,
  grantableProfiles,
  type IssueGrant,
  type IssueQuestion,
  type IssueRefusal,
} from './decide-issue.ts';
export { type Decision, decideRun, type Satisfied } from './decide-run.ts';
export { decideSign, type SignGrant, type SignRefusal } from './decide-sign.ts';
export { defaultPolicy } from './default.ts';
export type { ImageFacts } from './facts.ts';
export { type Finding, PolicyError } from './findings.ts';
export {
  identityNames,
  identityNamesOfBinding,
  identityNamesOfCertificate,
  identityNamesOfFacts,
  identityNamesOfServiceToken,
} from './identities.ts';
export {
  type BuiltInProfile,
  CHALLENGE_TYPES,
  type ChallengeType,
  type IssuanceProfile,
  type IssueRule,
  KEY_KINDS,
  type KeyKind,
  type LintSeverity,
  type NameType,
  type ProfileExtension,
  type RequestedName,
} from './issuance.ts';
export { checkPolicy, type LoadOptions, loadPolicy } from './load.ts';
export type {
  CertificateSubject,
  EffectiveEnvironment,
  IdentityRule,
  IdentitySubject,
  Policy,
  Requirement,
  Role,
  RunRule,
  SignRule,
} from './policy.ts';
export { objectionEverywhere } from './requirement-rules.ts';
export { developmentIssuerUrl } from './sections.ts';
export { describePolicy, type PolicyDescription } from './show.ts';
export type { Violation } from './violation.ts';
