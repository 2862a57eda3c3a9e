// Error codes of the room `keys` (and its doors).
import type { ErrorTable } from './shape.ts';

export const KEYS_CODES = {
  'SY-KEYS-PURPOSE': {
    kind: 'internal',
    sentence: 'a key was asked to do what it was not made for',
    cause: 'a fault of ours: each key has one purpose and refuses every other',
    next: 'report it with the id in the log of the yard; nothing was signed',
  },
  'SY-KEYS-BAD-SIGNATURE': {
    kind: 'internal',
    sentence: 'a key store returned a signature that the pinned public key does not verify',
    cause: 'a faulty or exchanged key store, or failing hardware',
    next: 'stop the yard and examine the key store; the signature was not released',
  },
  'SY-KEYS-ALGORITHM': {
    kind: 'usage',
    sentence: 'this key store makes no keys of that algorithm',
    cause: 'the algorithm is not among those that the key store supports',
    next: 'choose P-256, P-384, P-521, Ed25519, RSA of 2048 to 4096 bits, or ML-DSA',
  },
  'SY-KEYS-UNLOCK': {
    kind: 'usage',
    sentence: 'the unlock secret does not open the key directory',
    cause:
      'the secret is another one than at the first start, or the header of the key directory was changed',
    next: 'give the secret that was used when the keys were made; without it the keys are lost',
  },
  'SY-KEYS-SECRET': {
    kind: 'usage',
    sentence: 'the unlock secret cannot be used',
    cause:
      'it is empty, shorter than 16 bytes, missing beside existing keys, or its file is readable by others',
    next: 'give a secret of at least 16 bytes, in a file with mode 0600 or in the environment',
  },
  'SY-KEYS-NOT-FOUND': {
    kind: 'not-found',
    sentence: 'there is no key of that name in the key store',
    cause: 'the key was deleted, or the data directory and the key directory do not belong together',
    next: 'restore the key directory that belongs to this data directory',
  },
  'SY-KEYS-DAMAGED': {
    kind: 'internal',
    sentence: 'a sealed key is damaged or is not the key that its name says',
    cause: 'the file was changed, exchanged with another, or cut short',
    next: 'restore the key directory from a backup and find out who writes there',
  },
  'SY-KEYS-PIN': {
    kind: 'internal',
    sentence: 'a key is not the one that is on record for its use',
    cause: 'the key store answers with another public key than when the key was made',
    next: 'restore the key directory that belongs to this data directory; treat this as a security event',
  },
  'SY-KEYS-UNAVAILABLE': {
    kind: 'unavailable',
    sentence: 'the key store does not answer',
    cause: 'the directory cannot be read or written, or the disk is full',
    next: 'see to the directory or the key store, then try again',
  },
} as const satisfies ErrorTable;
