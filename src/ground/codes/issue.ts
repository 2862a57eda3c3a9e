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
    cause: 'the key is neither P-256, P-384, P-521, Ed25519, RSA nor, outside of keyless signing, ML-DSA',
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
  'SY-ISSUE-CSR': {
    kind: 'malformed',
    sentence: 'the certification request cannot be read',
    cause:
      'it is not a PKCS #10 request (RFC 2986) in PEM or DER, or is signed with an algorithm that we do not know',
    next: 'make a new one: openssl req -new -key KEY -addext subjectAltName=DNS:NAME',
  },
  'SY-ISSUE-KEY-KIND': {
    kind: 'refused',
    sentence: 'the profile issues no certificate for a key of this kind',
    cause: 'the profile lists the kinds of keys that it certifies, and this one is not among them',
    next: 'make a key of a kind that the profile lists, or have the profile changed',
  },
  'SY-ISSUE-KEY-SIZE': {
    kind: 'refused',
    sentence: 'the RSA key is shorter or longer than the keys that are certified',
    cause:
      'the modulus has less than 2048 or more than 4096 bits, or is no whole number of octets (CABF BR §6.1.5)',
    next: 'make a P-256 key, or an RSA key of 2048, 3072 or 4096 bits',
  },
  'SY-ISSUE-KEY-EXPONENT': {
    kind: 'refused',
    sentence: 'the RSA key has an exponent that is too small or even',
    cause: 'exponents below 65537 break with careless padding, and no even one can be right (CABF BR §6.1.6)',
    next: 'make a new key with the exponent 65537, as every program does by default',
  },
  'SY-ISSUE-KEY-POINT': {
    kind: 'refused',
    sentence: 'the public key is no point of its curve that could be a key',
    cause:
      'it lies beside the curve, at infinity or in a small subgroup: a broken or hostile generator (CABF BR §6.1.6)',
    next: 'make a new key, with another program',
  },
  'SY-ISSUE-KEY-SMALL-FACTOR': {
    kind: 'refused',
    sentence: 'the RSA modulus has a small factor',
    cause: 'it is divisible by a prime below 752 (CABF BR §6.1.6): damaged, or of a broken generator',
    next: 'make a new key, with another program',
  },
  'SY-ISSUE-KEY-CLOSE-PRIMES': {
    kind: 'refused',
    sentence: 'the RSA modulus is factored at once, because its primes are close to each other',
    cause:
      "the generator took the second prime next to the first; Fermat's method finds both (CABF BR §6.1.1.3)",
    next: 'make a new key, with another program',
  },
  'SY-ISSUE-KEY-ROCA': {
    kind: 'refused',
    sentence: 'the RSA key is of the kind that can be factored (ROCA, CVE-2017-15361)',
    cause: 'it was made by a smart card or TPM with the faulty Infineon library',
    next: 'update the firmware of the device and make a new key, or make the key outside of it',
  },
  'SY-ISSUE-KEY-SHARED-PRIME': {
    kind: 'refused',
    sentence: 'the RSA key shares a prime with another key, so that both are factored',
    cause: 'two keys were made with too little randomness, e.g. on devices at their first start',
    next: 'make a new key where enough randomness is there, and replace every key that was made at the same place',
  },
  'SY-ISSUE-KEY-BLOCKED': {
    kind: 'refused',
    sentence: 'the key is known to be compromised',
    cause: 'its certificate was revoked for that reason, or an operator put it on the block list',
    next: 'make a new key; a blocked one is never certified again',
  },
  'SY-ISSUE-BLOCK-LIST': {
    kind: 'malformed',
    sentence: 'the list of blocked keys cannot be read',
    cause: 'a line is neither empty, a comment, nor the SHA-256 of a SubjectPublicKeyInfo in hexadecimal',
    next: 'see the line that is named; nothing behind it was imported',
  },
  'SY-ISSUE-LIFETIME': {
    kind: 'refused',
    sentence: 'the certificate cannot have the dates that were asked for',
    cause:
      'the life is shorter or longer than profile and policy grant, begins too far ahead, or would outlive the authority',
    next: 'ask for other dates, or for none',
  },
  'SY-ISSUE-LINT-REFUSED': {
    kind: 'refused',
    sentence: 'the certificate would break rules that its profile makes errors, so it was not signed',
    cause: 'a name or a key is allowed by policy and breaks a rule of the lint that is named',
    next: 'ask for another name or key, or set the severity of the rule under lint: in the profile',
  },
  'SY-ISSUE-EXTERNAL': {
    kind: 'conflict',
    sentence: 'the certificate cannot be put on record',
    cause:
      'another certificate with its serial number is on record, or the authority that it names did not sign it',
    next: 'see what is on record under that serial; name the authority that signed the certificate',
  },
  'SY-TSA-POLICY': {
    kind: 'refused',
    sentence: 'this authority does not timestamp under that policy',
    cause: 'the request names a policy that is not ours',
    next: 'leave the policy out of the request',
  },
} as const satisfies ErrorTable;
