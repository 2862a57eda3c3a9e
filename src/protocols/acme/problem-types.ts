// Domain code -> ACME error type (RFC 8555 §6.7, RFC 9773 §7.4, draft-ietf-acme-profiles §6.3), complete by type.
import type { ACME_CODES } from '../../ground/codes/acme.ts';
import type { CHALLENGE_CODES } from '../../ground/codes/challenge.ts';
import type { ENROL_CODES } from '../../ground/codes/enrol.ts';
import type { ErrorKind } from '../../ground/codes/shape.ts';
import { type Code, ERRORS } from '../../ground/errors.ts';

/** Each with the HTTP status that it has unless a code says otherwise. */
export const ACME_TYPES = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  caa: 403,
  compound: 403,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  incorrectResponse: 403,
  invalidContact: 400,
  invalidProfile: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 403,
  serverInternal: 500,
  tls: 400,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
  userActionRequired: 403,
} as const satisfies Readonly<Record<string, number>>;

export type AcmeType = keyof typeof ACME_TYPES;

type OwnCode = keyof typeof ACME_CODES | keyof typeof ENROL_CODES | keyof typeof CHALLENGE_CODES;

const TYPE_OF_OWN_CODE: Readonly<Record<OwnCode, AcmeType>> = {
  'SY-JWS-MALFORMED': 'malformed',
  'SY-JWS-ALGORITHM': 'badSignatureAlgorithm',
  'SY-JWS-KEY': 'badPublicKey',
  'SY-JWS-SIGNATURE': 'malformed',
  'SY-ACME-MALFORMED': 'malformed',
  'SY-ACME-NONCE': 'badNonce',
  'SY-ACME-URL': 'unauthorized',
  'SY-ACME-ACCOUNT-UNKNOWN': 'accountDoesNotExist',
  'SY-ACME-ACCOUNT-ENDED': 'unauthorized',
  'SY-ACME-BINDING': 'unauthorized',
  'SY-ACME-IDENTIFIER-TYPE': 'unsupportedIdentifier',
  'SY-ACME-REVOCATION-REASON': 'badRevocationReason',
  'SY-ENROL-NOT-FOUND': 'malformed',
  'SY-ENROL-UNAUTHORIZED': 'unauthorized',
  'SY-ENROL-CONTACT': 'invalidContact',
  'SY-ENROL-CONTACT-SCHEME': 'unsupportedContact',
  'SY-ENROL-KEY-IN-USE': 'malformed',
  'SY-ENROL-KEY-CHANGED': 'unauthorized',
  'SY-ENROL-BINDING-UNUSABLE': 'unauthorized',
  'SY-ENROL-BINDING-REQUIRED': 'externalAccountRequired',
  'SY-ENROL-TERMS': 'userActionRequired',
  'SY-ENROL-BINDING-WRONG': 'malformed',
  'SY-ENROL-REJECTED': 'rejectedIdentifier',
  'SY-ENROL-NAME': 'rejectedIdentifier',
  'SY-ENROL-NAME-NO-CHALLENGE': 'rejectedIdentifier',
  'SY-ENROL-WILDCARD': 'malformed',
  'SY-ENROL-PROFILE': 'invalidProfile',
  'SY-ENROL-ORDER-WRONG': 'malformed',
  'SY-ENROL-TOO-MANY-NAMES': 'malformed',
  'SY-ENROL-TOO-MANY-ORDERS': 'rateLimited',
  'SY-ENROL-ALREADY-REPLACED': 'alreadyReplaced',
  'SY-ENROL-ORDER-NOT-READY': 'orderNotReady',
  'SY-ENROL-AUTHORIZATION-ENDED': 'malformed',
  'SY-ENROL-CSR': 'badCSR',
  'SY-ENROL-CSR-NAMES': 'badCSR',
  'SY-ENROL-ACCOUNT-KEY': 'badCSR',
  'SY-ENROL-CAA': 'caa',
  'SY-ENROL-VALIDATION-BROKEN': 'serverInternal',
  'SY-ENROL-EXPIRED': 'malformed',
  'SY-ENROL-DEACTIVATED': 'unauthorized',
  'SY-ENROL-RATE-LIMITED': 'rateLimited',
  'SY-ENROL-PAUSED': 'rateLimited',
  'SY-ENROL-CERTIFICATE-ID': 'malformed',
  'SY-ENROL-CAMPAIGN': 'malformed',
  'SY-CHALLENGE-CONFIGURATION': 'serverInternal',
  'SY-CHALLENGE-UNSUPPORTED': 'malformed',
  'SY-CHALLENGE-DNS': 'dns',
  'SY-CHALLENGE-NAME-UNKNOWN': 'dns',
  'SY-CHALLENGE-ADDRESS-REFUSED': 'connection',
  'SY-CHALLENGE-CONNECTION': 'connection',
  'SY-CHALLENGE-TIMEOUT': 'connection',
  'SY-CHALLENGE-REDIRECT': 'connection',
  'SY-CHALLENGE-RESPONSE': 'unauthorized',
  'SY-CHALLENGE-MISMATCH': 'incorrectResponse',
  'SY-CHALLENGE-RECORD-MISSING': 'incorrectResponse',
  'SY-CHALLENGE-RECORD-EXPIRED': 'unauthorized',
  'SY-CHALLENGE-TLS': 'tls',
  'SY-CHALLENGE-CERTIFICATE': 'incorrectResponse',
  'SY-CHALLENGE-PERSPECTIVES': 'unauthorized',
  'SY-CHALLENGE-CAA-FORBIDDEN': 'caa',
  'SY-CHALLENGE-CAA-UNKNOWN': 'dns',
};

/** Codes of other rooms that mean more here than their kind does. */
const TYPE_OF_OTHER_CODE: Readonly<Partial<Record<Code, AcmeType>>> = {
  'SY-REVOKE-ALREADY': 'alreadyRevoked',
  'SY-REVOKE-REASON': 'badRevocationReason',
  'SY-ISSUE-CLOCK': 'serverInternal',
  'SY-STORE-CONFLICT': 'serverInternal',
};

const TYPE_OF_KIND: Readonly<Record<ErrorKind, AcmeType>> = {
  malformed: 'malformed',
  'too-large': 'malformed',
  'too-many': 'rateLimited',
  unauthenticated: 'unauthorized',
  refused: 'unauthorized',
  negative: 'unauthorized',
  'not-found': 'malformed',
  conflict: 'malformed',
  unavailable: 'serverInternal',
  unreachable: 'serverInternal',
  timeout: 'serverInternal',
  usage: 'serverInternal',
  internal: 'serverInternal',
};

export function acmeTypeOf(code: Code): AcmeType {
  if (isOwn(code)) return TYPE_OF_OWN_CODE[code];
  const other = TYPE_OF_OTHER_CODE[code];
  if (other !== undefined) return other;
  const { kind } = ERRORS[code];
  // What issuance refuses, it refuses of the CSR: its key, its names, its extensions (RFC 8555 §7.4).
  if (code.startsWith('SY-ISSUE-') && (kind === 'refused' || kind === 'malformed')) return 'badCSR';
  if (code.startsWith('SY-POLICY-ISSUE-') && kind === 'refused') return 'rejectedIdentifier';
  return TYPE_OF_KIND[kind];
}

function isOwn(code: Code): code is OwnCode {
  return Object.hasOwn(TYPE_OF_OWN_CODE, code);
}
