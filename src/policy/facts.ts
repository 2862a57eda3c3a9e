// What was found about an image before policy judges it.
import type { Code } from '../ground/errors.ts';
import type { Digest } from '../ground/ids.ts';
import type { Facts } from '../verify/facts.ts';

export interface ImageFacts {
  /** As it was asked for; messages quote it. */
  readonly reference: string;
  /** `registry/repository`, what patterns are matched against. */
  readonly repository: string;
  readonly digest: Digest;
  /** Everything attached that verified. */
  readonly facts: readonly Facts[];
  /** Everything attached that did not. */
  readonly failures: readonly { readonly bundle: string; readonly code: Code; readonly message: string }[];
}
