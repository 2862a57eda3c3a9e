// What enrolment stands on; the server puts it together.
import type { AuthorityDirectory } from '../authority/directory.ts';
import type { Validator } from '../challenge/validator.ts';
import type { Commit, Records } from '../ground/change.ts';
import type { Serial } from '../ground/ids.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { Together as IssuedTogether } from '../issue/issue.ts';
import type { IssuedCertificate, SubscriberRequest } from '../issue/request.ts';
import type { Secrets } from '../keys/secrets.ts';
import type { Policy } from '../policy/policy.ts';
import type { EnrolConfig } from './config.ts';

/**
 * Prepares, signs, checks and records a certificate in one commit, with what `together` adds to it (`issue/`).
 * @throws SealyardError `SY-STORE-CONFLICT` where a precondition of `together` does not hold: then nothing was issued
 */
export type IssueSubscriber = (
  request: SubscriberRequest,
  together?: IssuedTogether,
) => Promise<IssuedCertificate>;

export interface EnrolDeps {
  readonly records: Records;
  readonly commit: Commit;
  readonly clock: Clock;
  readonly random: Random;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  readonly validator: Pick<Validator, 'validate' | 'caa'>;
  readonly issue: IssueSubscriber;
  readonly authorities: Pick<AuthorityDirectory, 'issuing' | 'chains' | 'get' | 'certificates'>;
  readonly secrets: Pick<Secrets, 'seal' | 'open'>;
  /** The account's address as clients know it (RFC 8657 `accounturi`, dns-persist-01). */
  readonly accountUrl: (accountId: string) => string;
  readonly isRevoked: (serial: Serial) => boolean;
  readonly config: EnrolConfig;
  /** Told of what went wrong behind an answer: a validation's result that could not be committed. */
  readonly onError?: (error: unknown) => void;
}
