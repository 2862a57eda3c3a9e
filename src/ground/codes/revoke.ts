// Error codes of revocation: the room `revoke`, the CRL and OCSP formats, and path validation with CRLs.
import type { ErrorTable } from './shape.ts';

export const REVOKE_CODES = {
  'SY-REVOKE-ALREADY': {
    kind: 'conflict',
    sentence: 'the certificate is already revoked',
    cause: 'it was revoked before; a revocation is for ever, only a hold can be released',
    next: 'nothing is left to do; `sealyard why SERIAL` shows when and by whom',
  },
  'SY-REVOKE-UNKNOWN': {
    kind: 'not-found',
    sentence: 'no such certificate is on record',
    cause: 'the serial is not one of this yard, or nothing fits the selection',
    next: 'see the serial with `openssl x509 -serial`; certificates of others are put on record first',
  },
  'SY-REVOKE-SELECTION': {
    kind: 'malformed',
    sentence: 'the selection of certificates cannot be used',
    cause: 'it is empty, contradicts itself, or selects more than one command may revoke',
    next: 'name a serial, file, key, identity, name or time window; see `sealyard revoke --help`',
  },
  'SY-REVOKE-REASON': {
    kind: 'malformed',
    sentence: 'the reason cannot be used to revoke',
    cause: 'it is none of RFC 5280 §5.3.1, or removeFromCRL, which only a release writes',
    next: 'use unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold, privilegeWithdrawn or aACompromise',
  },
  'SY-REVOKE-NOT-HELD': {
    kind: 'conflict',
    sentence: 'the certificate is not on hold, so there is nothing to release',
    cause: 'it was never revoked, was released before, or was revoked for good',
    next: 'issue a new certificate where one was revoked for good',
  },
  'SY-REVOKE-ROOT': {
    kind: 'refused',
    sentence: 'a root cannot be revoked by itself',
    cause: 'nobody stands above a root, and a list that it signs about itself proves nothing (RFC 5280 §3.3)',
    next: 'take the root out of the trust stores: `sealyard ca rotate` and `sealyard trust` show how',
  },
  'SY-REVOKE-NO-ISSUER': {
    kind: 'refused',
    sentence: 'the authority that issued the certificate cannot sign revocations here',
    cause: 'its key is offline or belongs to another yard',
    next: 'revoke where the key is, or bring the authority along with `sealyard ca import`',
  },
  'SY-CRL-MALFORMED': {
    kind: 'malformed',
    sentence: 'the certificate revocation list cannot be read',
    cause: 'it is not DER of RFC 5280 §5, is cut, or breaks a rule of its extensions',
    next: 'fetch it again; look at it with `openssl crl -text`',
  },
  'SY-OCSP-MALFORMED': {
    kind: 'malformed',
    sentence: 'the OCSP message cannot be read',
    cause: 'it is not DER of RFC 6960, is too long, or asks for too many certificates at once',
    next: 'ask for one certificate, as `openssl ocsp` does',
  },
  'SY-OCSP-UNAUTHORIZED': {
    kind: 'refused',
    sentence: 'this responder does not speak for the issuer of that certificate',
    cause: 'the issuer in the request is none of this yard’s authorities, or its key is not here',
    next: 'ask the responder that the certificate names',
  },
  'SY-OCSP-TRY-LATER': {
    kind: 'unavailable',
    sentence: 'the responder has no valid certificate of its own at the moment',
    cause: 'it could not be renewed: the store takes no writes, or the key store does not answer',
    next: 'ask again soon; the log of the yard says what keeps it',
  },
  'SY-REVOCATION-REVOKED': {
    kind: 'negative',
    sentence: 'a certificate of the path is revoked',
    cause: 'it stands in a valid revocation list of its issuer',
    next: 'get a new certificate; whoever revoked it says why',
  },
  'SY-REVOCATION-UNKNOWN': {
    kind: 'negative',
    sentence: 'whether a certificate of the path is revoked cannot be told',
    cause: 'no valid revocation list of its issuer covers it (RFC 5280 §6.3)',
    next: 'bring the current CRL of each issuer of the path',
  },
} as const satisfies ErrorTable;
