// Error codes of the room `sign` (and its doors).
import type { ErrorTable } from './shape.ts';

export const SIGN_CODES = {
  'SY-SIGN-TOKEN': {
    kind: 'malformed',
    sentence: 'the identity token cannot be read',
    cause: 'it is empty, too long or not a JSON Web Token with a subject',
    next: 'pass the token that the CI system issued for this job',
  },
  'SY-SIGN-REFUSED': {
    kind: 'refused',
    sentence: 'the yard did not issue a signing certificate',
    cause: 'the token was not accepted, or no sign rule of the policy grants this identity',
    next: 'read what the yard answered; check issuer, audience and the policy’s sign rules',
  },
  'SY-SIGN-YARD': {
    kind: 'unreachable',
    sentence: 'the yard gave an answer that cannot be used',
    cause: 'the address is no yard, or its certificate authority, log or timestamp service failed',
    next: 'check --server and the state of the yard',
  },
  'SY-SIGN-UNVERIFIED': {
    kind: 'unreachable',
    sentence: 'the fresh signature does not verify against the yard’s trusted root, so it was not stored',
    cause: 'the yard’s services and its published trust material disagree',
    next: 'check the yard (status, clock, keys) before signing again',
  },
  'SY-SIGN-PREDICATE': {
    kind: 'usage',
    sentence: 'the predicate or its type cannot be attested',
    cause:
      'the type is not a URI, is the one reserved for signatures, or the predicate is not JSON or too large',
    next: 'give a predicate type URI and a JSON predicate',
  },
} as const satisfies ErrorTable;
