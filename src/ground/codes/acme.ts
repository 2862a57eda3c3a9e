// Error codes of JSON Web Signatures (RFC 7515) and of the ACME door (RFC 8555).
import type { ErrorTable } from './shape.ts';

export const ACME_CODES = {
  'SY-JWS-MALFORMED': {
    kind: 'malformed',
    sentence: 'this is not a JSON Web Signature of the shape that is asked for',
    cause:
      'a member is missing, repeated, of another type or not base64url, or the header asks for an extension',
    next: 'send the flattened JSON serialization of RFC 7515 §7.2.2 with one protected header',
  },
  'SY-JWS-ALGORITHM': {
    kind: 'malformed',
    sentence: 'the signature algorithm is not supported',
    cause: 'the header names `none`, a MAC where a signature is needed, or an algorithm that we do not have',
    next: 'sign with ES256, or with another algorithm that the answer lists',
  },
  'SY-JWS-KEY': {
    kind: 'malformed',
    sentence: 'the public key is not accepted',
    cause:
      'it does not fit the algorithm, is no point of its curve, too small, too large, or not in its one spelling',
    next: 'use a P-256, P-384, P-521, Ed25519 or RSA key (2048 to 8192 bits)',
  },
  'SY-JWS-SIGNATURE': {
    kind: 'malformed',
    sentence: 'the signature does not verify',
    cause: 'another key signed, or the request was changed on its way',
    next: 'sign with the key that the request names',
  },
  'SY-ACME-MALFORMED': {
    kind: 'malformed',
    sentence: 'the ACME request is malformed',
    cause: 'a field is missing, of another type, too long, or does not belong here',
    next: 'see RFC 8555 for the fields of this request',
  },
  'SY-ACME-NONCE': {
    kind: 'malformed',
    sentence: 'the nonce is not acceptable',
    cause: 'it was used already, is older than an hour, or was not made here',
    next: 'repeat the request with the nonce that came with this answer',
  },
  'SY-ACME-URL': {
    kind: 'refused',
    sentence: 'the signed URL is not that of the request',
    cause:
      'the request was sent to another address than it was signed for, or the public URL of the yard is another',
    next: 'use the URLs of the directory exactly as they are',
  },
  'SY-ACME-ACCOUNT-UNKNOWN': {
    kind: 'malformed',
    sentence: 'there is no such account',
    cause: 'the key or account URL was never registered here',
    next: 'register the key with newAccount',
  },
  'SY-ACME-ACCOUNT-ENDED': {
    kind: 'unauthenticated',
    sentence: 'the account is deactivated',
    cause: 'its owner or an operator ended it; that cannot be undone',
    next: 'register a new key with newAccount',
  },
  'SY-ACME-BINDING': {
    kind: 'refused',
    sentence: 'the external account binding does not verify',
    cause: 'the key identifier or the MAC key is wrong, or the binding is for another account key or URL',
    next: 'check the key identifier and the MAC key (base64url) that were handed out',
  },
  'SY-ACME-IDENTIFIER-TYPE': {
    kind: 'malformed',
    sentence: 'an identifier is of a type that is not supported',
    cause: 'orders are for identifiers of the types dns and ip',
    next: 'ask for names of supported types only',
  },
  'SY-ACME-REVOCATION-REASON': {
    kind: 'malformed',
    sentence: 'this reason for a revocation is not accepted',
    cause: 'a subscriber may give the reasons 0, 1, 3, 4, 5 and 9 alone',
    next: 'leave the reason out, or use one of them',
  },
} as const satisfies ErrorTable;
