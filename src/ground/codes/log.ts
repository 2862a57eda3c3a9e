// Error codes of the room `log`.
import type { ErrorTable } from './shape.ts';

export const LOG_CODES = {
  'SY-LOG-OUT-OF-RANGE': {
    kind: 'not-found',
    sentence: 'the log has no such entry or size yet',
    cause: 'the index or tree size lies beyond the durable tree, or the sizes are in the wrong order',
    next: 'ask for the checkpoint first, and for something within its size',
  },
  'SY-LOG-ENTRY-TOO-LARGE': {
    kind: 'too-large',
    sentence: 'the entry is larger than this log takes',
    cause:
      'entry bundles frame an entry with a 16-bit length (C2SP tlog-tiles), certificates are bounded at 1 MiB',
    next: 'send a smaller entry',
  },
  'SY-LOG-FORKED': {
    kind: 'internal',
    sentence: 'the log refuses to sign a checkpoint that contradicts its tree',
    cause: 'a tree head was asked for that is not one of the durable tree, or the database went back in time',
    next: 'stop the yard and compare its data directory with the checkpoints that others hold',
  },
} as const satisfies ErrorTable;
