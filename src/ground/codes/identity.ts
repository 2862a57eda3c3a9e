// Error codes of the room `identity` (and its doors).
import type { ErrorTable } from './shape.ts';

export const IDENTITY_CODES = {
  'SY-IDENTITY-TOKEN-MALFORMED': {
    kind: 'unauthenticated',
    sentence: 'The identity token cannot be read',
    cause: 'It is not a JWS in compact form with JSON inside, or it repeats a member or nests too deeply.',
    next: 'Send the token exactly as the CI system gave it, without quotes or line breaks.',
  },
  'SY-IDENTITY-TOKEN-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'The identity token is larger than 16 KiB',
    cause: 'CI tokens are a few kilobytes; this is something else.',
    next: 'Check what is sent as the token.',
  },
  'SY-IDENTITY-ALGORITHM': {
    kind: 'unauthenticated',
    sentence: 'The identity token is signed with an algorithm that is not accepted',
    cause: 'Only RS, PS and ES signatures with SHA-2 and EdDSA count; `none` and shared secrets never do.',
    next: 'Have the issuer sign with RS256, ES256 or EdDSA.',
  },
  'SY-IDENTITY-HEADER': {
    kind: 'unauthenticated',
    sentence: 'The header of the identity token holds something that is not accepted',
    cause: 'A critical extension, or a key of the token’s own choice (`jwk`, `jku`, `x5u`).',
    next: 'Use a token of an issuer that the policy names, unaltered.',
  },
  'SY-IDENTITY-ISSUER-UNKNOWN': {
    kind: 'unauthenticated',
    sentence: 'The issuer of the identity token is not one that the policy names',
    cause: '`iss` must equal the `url` of an entry under `issuers`, character by character.',
    next: 'Add the issuer to the policy, or use a token of one that is there.',
  },
  'SY-IDENTITY-ISSUER-UNREACHABLE': {
    kind: 'unreachable',
    sentence: 'The keys of the token’s issuer could not be fetched',
    cause: 'Its discovery document or key set did not answer, or answered something else than it should.',
    next: 'Try again; check that the yard can reach the issuer.',
  },
  'SY-IDENTITY-KEY-UNKNOWN': {
    kind: 'unauthenticated',
    sentence: 'The issuer publishes no key that fits the identity token',
    cause: 'The key id is unknown, or its key is weak or of another type than the algorithm wants.',
    next: 'Ask for a fresh token; the issuer may have changed its keys.',
  },
  'SY-IDENTITY-SIGNATURE': {
    kind: 'unauthenticated',
    sentence: 'The signature of the identity token does not verify',
    cause: 'It was altered, or signed by another key than the issuer publishes.',
    next: 'Ask the CI system for a fresh token.',
  },
  'SY-IDENTITY-AUDIENCE': {
    kind: 'unauthenticated',
    sentence: 'The identity token is meant for somebody else',
    cause: '`aud` names none of the audiences that the policy accepts for this issuer.',
    next: 'Ask for a token whose audience is this yard’s public URL, or list the audience under `issuers`.',
  },
  'SY-IDENTITY-EXPIRED': {
    kind: 'unauthenticated',
    sentence: 'The identity token has expired',
    cause: 'CI tokens live for minutes.',
    next: 'Ask the CI system for a fresh token.',
  },
  'SY-IDENTITY-NOT-YET-VALID': {
    kind: 'unauthenticated',
    sentence: 'The identity token is not valid yet',
    cause: '`nbf` or `iat` lies more than a minute in the future: a clock is wrong.',
    next: 'Compare the clocks of the issuer and the yard.',
  },
  'SY-IDENTITY-CLAIMS': {
    kind: 'unauthenticated',
    sentence: 'The identity token lacks a claim that it must have, or a claim is not acceptable',
    cause: 'A claim is absent, of the wrong type, or holds characters that a certificate must not carry.',
    next: 'See the claim that is named; refs and names with control characters or wildcards are refused.',
  },
  'SY-IDENTITY-CLAIMS-CONTRADICT': {
    kind: 'negative',
    sentence: 'The certificate states the same claim twice with different values',
    cause: 'Its claims extension contradicts the extensions that every client reads.',
    next: 'Do not trust it; find out who issued it.',
  },
  'SY-IDENTITY-CREDENTIAL': {
    kind: 'unauthenticated',
    sentence: 'The service token is not valid',
    cause: 'It is unknown, revoked, expired or was already exchanged.',
    next: 'Create one with `sealyard token create`, or exchange the one-time token in the data directory.',
  },
  'SY-IDENTITY-NAME': {
    kind: 'malformed',
    sentence: 'That is not an acceptable name or lifetime for a service token',
    cause: 'Names are 1 to 63 letters, digits, dots, dashes; a token lives from a minute to 366 days.',
    next: 'Choose another.',
  },
  'SY-IDENTITY-TOKEN-NOT-FOUND': {
    kind: 'not-found',
    sentence: 'There is no service token with that id',
    cause: 'The id is wrong.',
    next: 'List them with `sealyard token list`.',
  },
} as const satisfies ErrorTable;
