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
