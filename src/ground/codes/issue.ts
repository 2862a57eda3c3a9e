// Error codes of the room `issue` and of the timestamp door.
import type { ErrorTable } from './shape.ts';

export const ISSUE_CODES = {
  'SY-ISSUE-LINT': {
    kind: 'internal',
    sentence: 'the certificate would break its profile, so it was not signed',
    cause: 'a fault of ours or a configuration that no profile allows',
    next: 'see which rule is named; report it with the id in the log of the yard',
  },
  'SY-ISSUE-CHECK': {
    kind: 'internal',
    sentence: 'what was signed is not what was prepared, so it was not released',
    cause: 'a fault of ours or of the key store',
    next: 'report it with the id in the log of the yard; the serial stays on record as intended only',
  },
  'SY-ISSUE-CLOCK': {
    kind: 'unavailable',
    sentence: 'nothing is issued because the clock of this machine cannot be right',
    cause: 'the clock jumped back, or is years away from when this program was built',
    next: 'set the clock (NTP); issuing goes on by itself as soon as it is right',
  },
  'SY-ISSUE-KEY-REFUSED': {
    kind: 'refused',
    sentence: 'no certificate is issued for a key of this kind',
    cause:
      'the key is neither P-256, P-384, P-521, Ed25519 nor RSA of 2048 to 4096 bits with an exponent of at least 65537',
    next: 'make a P-256 key and ask again',
  },
  'SY-ISSUE-KEY-MALFORMED': {
    kind: 'malformed',
    sentence: 'the public key cannot be read',
    cause: 'it is not a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) in PEM or DER',
    next: 'send the public key as PEM: -----BEGIN PUBLIC KEY-----',
  },
  'SY-ISSUE-PROOF': {
    kind: 'refused',
    sentence: 'the proof of possession does not verify with the key of the request',
    cause:
      'the signature is by another key, or over something else than the subject of the token (its email where it has one)',
    next: 'sign the challenge with the key that shall be certified',
  },
  'SY-ISSUE-TOKEN-LIMIT': {
    kind: 'too-many',
    sentence: 'this identity token was used for as many certificates as one token may get',
    cause: 'a token is presented again and again',
    next: 'get a new token from the issuer; each CI job can ask for its own',
  },
  'SY-ISSUE-NAME': {
    kind: 'refused',
    sentence: 'the name cannot stand in a certificate',
    cause:
      'it is empty, too long, not a URI, address or host name, or holds characters that such names do not have',
    next: 'see how the identity or the public URL spells the name',
  },
  'SY-ISSUE-IDENTITY-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'the identity does not fit into a certificate',
    cause: 'claims of the token are longer than a certificate should carry',
    next: 'shorten the claims, or mention fewer of them in the policy',
  },
  'SY-TSA-POLICY': {
    kind: 'refused',
    sentence: 'this authority does not timestamp under that policy',
    cause: 'the request names a policy that is not ours',
    next: 'leave the policy out of the request',
  },
} as const satisfies ErrorTable;
