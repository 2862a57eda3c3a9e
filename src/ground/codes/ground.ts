// Error codes that belong to no single room.
import type { ErrorTable } from './shape.ts';

export const GROUND_CODES = {
  'SY-JSON-MALFORMED': {
    kind: 'malformed',
    sentence: 'the JSON text cannot be read',
    cause: 'the document is not JSON (RFC 8259)',
    next: 'check the document with a JSON parser and send it again',
  },
  'SY-JSON-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'the JSON document is larger or deeper than this door reads',
    cause: 'the document exceeds the documented size or nesting',
    next: 'send a smaller document',
  },
  'SY-INTERNAL': {
    kind: 'internal',
    sentence: 'something went wrong inside Sealyard',
    cause: 'a fault of ours, not of the request',
    next: 'look for the id in the log of the yard and report it',
  },
} as const satisfies ErrorTable;
