// What every row of the error table holds.

/**
 * What sort of failure a code is; doors and the command line derive HTTP and exit status from it.
 * - `malformed` 400/exit 2: the input cannot be read · `too-large` 413 · `too-many` 429
 * - `unauthenticated` 401/exit 4 · `refused` 403/exit 4: understood, and not allowed
 * - `negative` 422/exit 1: a verification or decision whose answer is no
 * - `not-found` 404/exit 1 · `conflict` 409/exit 1
 * - `unavailable` 503/exit 3 · `unreachable` 502/exit 3 · `timeout` 504/exit 3: could not tell
 * - `usage` 400/exit 2: the person's command or configuration is wrong · `internal` 500/exit 70
 */
export type ErrorKind =
  | 'malformed'
  | 'too-large'
  | 'too-many'
  | 'unauthenticated'
  | 'refused'
  | 'negative'
  | 'not-found'
  | 'conflict'
  | 'unavailable'
  | 'unreachable'
  | 'timeout'
  | 'usage'
  | 'internal';

export interface ErrorEntry {
  readonly kind: ErrorKind;
  /** What happened: one sentence for a person, without a final full stop. */
  readonly sentence: string;
  /** Why it usually happens. */
  readonly cause: string;
  /** What to do next. */
  readonly next: string;
}

export type ErrorTable = Readonly<Record<`SY-${string}`, ErrorEntry>>;
