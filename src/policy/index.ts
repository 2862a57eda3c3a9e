// What other rooms use of this one.
export { type Administrator, decideAdmin, roleAllows } from './decide-admin.ts';
export { type Decision, decideRun, type Satisfied } from './decide-run.ts';
export { decideSign, type SignGrant, type SignRefusal } from './decide-sign.ts';
export { defaultPolicy } from './default.ts';
export type { ImageFacts } from './facts.ts';
export { type Finding, PolicyError } from './findings.ts';
export { identityNames, identityNamesOfFacts } from './identities.ts';
export { checkPolicy, type LoadOptions, loadPolicy } from './load.ts';
export type {
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
