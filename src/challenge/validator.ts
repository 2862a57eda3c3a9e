// Proof of control of a name: the one door to every kind of challenge, from every point of view, and to CAA.
import type { Clock, Random } from '../ground/ports.ts';
import type { RequestedName } from '../policy/issuance.ts';
import type { ChallengeConfig } from './config.ts';
import type { CaaOptions, CaaResult, ValidationResult, ValidationTarget } from './target.ts';

export type { ChallengeConfig } from './config.ts';
export type {
  CaaOptions,
  CaaResult,
  ChallengeCode,
  Failure,
  ValidationResult,
  ValidationTarget,
} from './target.ts';

/** Keeps no state between calls, so that it is safe to use concurrently; the caller repeats what may be retried. */
export interface Validator {
  /**
   * Looks once from every point of view.
   * @throws the signal's reason when aborted; nothing else that the world could cause
   */
  validate(target: ValidationTarget, signal?: AbortSignal): Promise<ValidationResult>;
  /**
   * Whether the CAA records of the name allow us to issue (RFC 8659, RFC 8657); a look-up that fails forbids it.
   * @throws the signal's reason when aborted
   */
  caa(
    name: RequestedName & { readonly type: 'dns' },
    o: CaaOptions,
    signal?: AbortSignal,
  ): Promise<CaaResult>;
}

export interface ValidatorOptions {
  readonly config: ChallengeConfig;
  readonly clock: Clock;
  readonly random: Random;
}

/** @throws SealyardError `SY-CHALLENGE-CONFIGURATION` */
export declare function createValidator(o: ValidatorOptions): Validator;
