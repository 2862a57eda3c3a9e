// Exit statuses and how a failure becomes one (surface.md "Exit status" is the promise).

import type { ErrorKind } from '../ground/codes/shape.ts';
import { ERRORS, SealyardError } from '../ground/errors.ts';

export const EXIT = { done: 0, no: 1, usage: 2, unknown: 3, refused: 4, bug: 70 } as const;
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

const BY_KIND: Readonly<Record<ErrorKind, ExitStatus>> = {
  malformed: EXIT.usage,
  usage: EXIT.usage,
  'too-large': EXIT.usage,
  'too-many': EXIT.unknown,
  unauthenticated: EXIT.refused,
  refused: EXIT.refused,
  negative: EXIT.no,
  'not-found': EXIT.no,
  conflict: EXIT.no,
  unavailable: EXIT.unknown,
  unreachable: EXIT.unknown,
  timeout: EXIT.unknown,
  internal: EXIT.bug,
};

export function exitStatusOf(error: unknown): ExitStatus {
  return error instanceof SealyardError ? BY_KIND[ERRORS[error.code].kind] : EXIT.bug;
}
