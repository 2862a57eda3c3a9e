// Error codes of the room `authority` (and its doors).
import type { ErrorTable } from './shape.ts';

export const AUTHORITY_CODES = {
  'SY-AUTHORITY-DAMAGED': {
    kind: 'internal',
    sentence: 'the recorded authorities do not fit together',
    cause: 'a certificate, its key and its issuer on record are not of one chain',
    next: 'restore the data directory and the key directory from the same backup',
  },
  'SY-AUTHORITY-NONE': {
    kind: 'unavailable',
    sentence: 'no authority may issue this',
    cause:
      'those for this use are retired, revoked, ended, without their key, or not the ones that the policy names',
    next: 'look at sealyard ca list; make one with sealyard ca create or import one',
  },
  'SY-AUTHORITY-NOT-FOUND': {
    kind: 'not-found',
    sentence: 'no authority has this id',
    cause: 'it was never made here, or is spelt otherwise',
    next: 'sealyard ca list shows all ids',
  },
  'SY-AUTHORITY-EXISTS': {
    kind: 'conflict',
    sentence: 'this authority is on record already',
    cause: 'its name is taken, or its certificate was imported before',
    next: 'choose another name; sealyard ca show tells what is there',
  },
  'SY-AUTHORITY-STATE': {
    kind: 'conflict',
    sentence: 'the authority is in a state in which this cannot be done',
    cause: 'it was rotated, revoked or completed in the meantime, or its key is not here',
    next: 'look at sealyard ca show and use the generation that is active',
  },
  'SY-AUTHORITY-NAME': {
    kind: 'usage',
    sentence: 'an authority cannot have this name',
    cause: 'names are a–z, 0–9 and -, and do not end in a number',
    next: 'give another --name, or none: the purpose is the default',
  },
  'SY-AUTHORITY-TERMS': {
    kind: 'usage',
    sentence: 'no certificate can be made on these terms',
    cause:
      'lifetime, path length, key, names or shards are out of range or exceed what the authority above allows',
    next: 'look at the detail; sealyard ca show tells what the authority above allows',
  },
  'SY-AUTHORITY-PARENT': {
    kind: 'usage',
    sentence: 'this authority cannot sign another',
    cause: 'it signs leaves, its path length is 0, its key is not here, or it is not active',
    next: 'name a root or an intermediate that is active: sealyard ca list',
  },
  'SY-AUTHORITY-CERTIFICATE': {
    kind: 'malformed',
    sentence: 'these are not certificates that can be put on record',
    cause: 'the file holds no PEM or DER certificate, something else beside it, or too many',
    next: 'give the CA certificate and those above it, as PEM, without private keys',
  },
  'SY-AUTHORITY-NOT-A-CA': {
    kind: 'negative',
    sentence: 'the certificate is not a certification authority’s',
    cause:
      'basicConstraints does not say cA, or keyUsage lacks keyCertSign or cRLSign (RFC 5280 §§4.2.1.3, 4.2.1.9)',
    next: 'give a CA certificate; put a leaf on record with sealyard ca record',
  },
  'SY-AUTHORITY-UNFIT': {
    kind: 'negative',
    sentence: 'an authority with this certificate could not do what it is for',
    cause: 'its extensions, usages or path length forbid it, or are not as RFC 5280 demands',
    next: 'have it issued again as the detail says, or import it for another purpose',
  },
  'SY-AUTHORITY-CHAIN': {
    kind: 'negative',
    sentence: 'the certificate does not lead to a root',
    cause: 'a certificate above it is missing, signed by another key, ended, or forbids it',
    next: 'give all certificates up to the root in the same file',
  },
  'SY-AUTHORITY-KEY': {
    kind: 'malformed',
    sentence: 'the private key cannot be read',
    cause: 'it is not PEM of PKCS #8, the passphrase is wrong or missing, or its encryption costs too much',
    next: 'convert it: openssl pkcs8 -topk8 -in key.pem -out pkcs8.pem; give --passphrase-file for an encrypted one',
  },
  'SY-AUTHORITY-KEY-MISMATCH': {
    kind: 'negative',
    sentence: 'the private key belongs to none of the certificates',
    cause: 'certificate and key are of two authorities',
    next: 'compare: openssl x509 -noout -pubkey and openssl pkey -pubout',
  },
  'SY-AUTHORITY-ENDED': {
    kind: 'negative',
    sentence: 'the authority’s certificate has ended or not begun',
    cause: 'its notAfter has passed, or its notBefore has not',
    next: 'rotate it with sealyard ca rotate, or import its successor; check the clock',
  },
  'SY-AUTHORITY-ENDING': {
    kind: 'negative',
    sentence: 'the authority’s certificate ends soon',
    cause: 'less than a fifth of its life or less than 90 days are left',
    next: 'sealyard ca rotate, and have the new chain trusted before the old one ends',
  },
  'SY-AUTHORITY-KEY-MISSING': {
    kind: 'unavailable',
    sentence: 'the authority’s key is not in the key store',
    cause: 'the key directory is not the one that belongs to these records, or a file in it was removed',
    next: 'restore the key directory from the backup of these records, or rotate the authority',
  },
  'SY-AUTHORITY-CONSTRAINED': {
    kind: 'negative',
    sentence: 'the authority may certify some names only',
    cause: 'it or one above it has name constraints (RFC 5280 §4.2.1.10)',
    next: 'nothing, where that is meant; names outside are refused before they are signed',
  },
  'SY-AUTHORITY-AWAITED': {
    kind: 'negative',
    sentence: 'the authority still waits for its certificate',
    cause: 'its certification request was written and nothing came back',
    next: 'have the request signed and run sealyard ca import --certificate chain.pem',
  },
} as const satisfies ErrorTable;
