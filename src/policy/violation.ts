// What a rule found wrong.
import type { Code } from '../ground/errors.ts';
import type { RequestedName } from './issuance.ts';

export interface Violation {
  readonly code: Code;
  /** Name of the pure rule that speaks. */
  readonly rule: string;
  /** One sentence: what was demanded, by which line, and what was found. */
  readonly message: string;
  /** Of the policy document. */
  readonly line?: number;
  /** What almost passed. */
  readonly nearest?: string;
  /** The name that it is about, where it is about one. */
  readonly identifier?: RequestedName;
}
