// Error codes of the room `policy` (and its doors).
import type { ErrorTable } from './shape.ts';

export const POLICY_CODES = {
  'SY-POLICY-INVALID': {
    kind: 'usage',
    sentence: 'The policy document is not valid',
    cause: 'Each finding names its line.',
    next: 'Correct the lines that are named; `sealyard policy check` says when it is good.',
  },
  'SY-POLICY-ENVIRONMENT-UNKNOWN': {
    kind: 'not-found',
    sentence: 'The policy has no environment of that name',
    cause: 'The name is misspelt, or the policy that is loaded is another.',
    next: 'See `sealyard policy show`.',
  },
  'SY-POLICY-NO-IDENTITY': {
    kind: 'refused',
    sentence: 'The token is good, but no identity of the policy matches it',
    cause: 'No `where` expression under `identities` says yes to these claims.',
    next: 'Compare the token’s claims with the identities of the policy.',
  },
  'SY-POLICY-NO-GRANT': {
    kind: 'refused',
    sentence: 'No environment lets this identity sign',
    cause: 'No `sign` rule names it, or only in an environment that does not accept its issuer.',
    next: 'Add a `sign` rule for the identity.',
  },
  'SY-POLICY-ISSUE-NO-GRANT': {
    kind: 'refused',
    sentence: 'No `issue` rule grants this caller a certificate',
    cause: 'No rule of the environment names one of its identities, or `anyone`.',
    next: 'Add an `issue` rule for the identity, or ask as another one.',
  },
  'SY-POLICY-ISSUE-PROFILE': {
    kind: 'refused',
    sentence: 'No `issue` rule grants this profile to the caller',
    cause: 'The profile is misspelt, belongs to other environments, or is granted to others.',
    next: 'Ask for one of the profiles that the message names, or add an `issue` rule.',
  },
  'SY-POLICY-ISSUE-NAME': {
    kind: 'refused',
    sentence: 'The policy does not grant this name to the caller',
    cause:
      'No pattern of the rule matches it; a rule that is inherited must match its parents’ patterns too.',
    next: 'Ask for a name that the rule grants, or widen `names` at the line named.',
  },
  'SY-POLICY-ISSUE-NAME-FORM': {
    kind: 'malformed',
    sentence: 'A name is not written as certificates have it',
    cause:
      'DNS names are lower-case A-labels, addresses canonical, URIs and mail addresses without odd characters; `*` stands only for the first label of a DNS name.',
    next: 'Ask for the name in its canonical form.',
  },
  'SY-POLICY-ISSUE-NAME-TYPE': {
    kind: 'refused',
    sentence: 'The profile has no names of this type',
    cause: 'Each profile says which of dns, ip, uri and email its certificates may carry.',
    next: 'Leave the name out, or use a profile that has this type.',
  },
  'SY-POLICY-ISSUE-NAME-COUNT': {
    kind: 'refused',
    sentence: 'A certificate cannot have this number of names',
    cause:
      'At least one name is needed, a SPIFFE certificate has exactly one SPIFFE ID, and 100 is the most.',
    next: 'Ask for between 1 and 100 names, or for several certificates.',
  },
  'SY-POLICY-ISSUE-WILDCARD': {
    kind: 'refused',
    sentence: 'The policy grants no wildcard names here',
    cause: 'The profile and the rule must both say `wildcard: true`.',
    next: 'Name the hosts one by one, or allow wildcards at the lines named.',
  },
  'SY-POLICY-ISSUE-LIFETIME': {
    kind: 'refused',
    sentence: 'The lifetime that was asked for lies outside what the policy grants',
    cause: 'The rule or the profile sets other bounds.',
    next: 'Ask for a lifetime within the bounds named, or for none to get the usual one.',
  },
  'SY-POLICY-ISSUE-PROOF': {
    kind: 'refused',
    sentence: 'The policy demands a proof of control that cannot be given for this name',
    cause:
      'The rule says `proof: challenge` and the door has no challenges, or none of the challenges that it accepts can prove this name.',
    next: 'Ask through ACME, accept a challenge that fits (a wildcard needs DNS), or grant the names to an identity.',
  },
  'SY-POLICY-ISSUE-AUTHORITY': {
    kind: 'refused',
    sentence: 'The authority that the profile names may not sign for this environment',
    cause: '`authorities` of the environment does not list it.',
    next: 'Use another profile, or list the authority at the line named.',
  },
  'SY-POLICY-ISSUE-EXPIRED': {
    kind: 'refused',
    sentence: 'The `issue` rule that granted this has ended',
    cause: 'Its `until` has passed.',
    next: 'Move `until` at the line named, or remove the rule.',
  },
  'SY-POLICY-DEVELOPMENT-ONLY': {
    kind: 'refused',
    sentence: 'The built-in issuer counts only in an environment marked `development: true`',
    cause: 'It vouches for whoever runs the yard, so nothing real may rest on it.',
    next: 'Use a CI issuer, or an environment that is marked.',
  },
  'SY-POLICY-EXPRESSION': {
    kind: 'refused',
    sentence: 'An expression of the policy could not be evaluated, so it matches nothing',
    cause:
      'It asks for a claim or field that is not there, compares unlike types, or the input is too large for it.',
    next: 'Guard the field with `has(…)`, or correct the expression at the line named.',
  },
  'SY-ADMIT-NO-RULE': {
    kind: 'refused',
    sentence: 'No `run` rule of the environment is for this image',
    cause: 'What nothing allows is refused.',
    next: 'Add a `run` rule whose `images` match it.',
  },
  'SY-ADMIT-UNSIGNED': {
    kind: 'refused',
    sentence: 'The image has no signature that verifies',
    cause:
      'It was never signed, its signature is in another registry, or it does not verify against this trust.',
    next: 'Sign it with `sealyard sign`; `sealyard verify` says what is wrong with a signature.',
  },
  'SY-ADMIT-SIGNER': {
    kind: 'refused',
    sentence: 'The image is signed, but not by the identity that the rule demands',
    cause: 'Somebody else signed, or under claims that the identity’s `where` does not accept.',
    next: 'Sign it with the job that the rule names.',
  },
  'SY-ADMIT-COUNTS-FOR': {
    kind: 'refused',
    sentence: 'The signature is by the right identity, but does not count for this image',
    cause:
      'No `sign` rule of the environment gives this identity a `counts-for` that matches the repository.',
    next: 'Move the image, or widen `counts-for`.',
  },
  'SY-ADMIT-TOO-FEW': {
    kind: 'refused',
    sentence: 'The image has fewer distinct signers than the rule demands',
    cause: '`at-least` counts signers, not signatures.',
    next: 'Have another job of that identity sign it.',
  },
  'SY-ADMIT-ATTESTATION': {
    kind: 'refused',
    sentence: 'The image lacks an attestation that the rule demands',
    cause:
      'None of this type was found by the identity that is named, or its content does not satisfy `where`.',
    next: 'Attest it with `sealyard attest`.',
  },
} as const satisfies ErrorTable;
