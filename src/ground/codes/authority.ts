// Error codes of the room `authority` (and its doors).
import type { ErrorTable } from './shape.ts';

export const AUTHORITY_CODES = {
  'SY-AUTHORITY-DAMAGED': {
    kind: 'internal',
    sentence: 'the recorded authorities do not fit together',
    cause: 'a certificate, its key and its issuer on record are not of one chain',
    next: 'restore the data directory and the key directory from the same backup',
  },
} as const satisfies ErrorTable;
