// What the admin door stands on; the server puts it together.
import type { AuthorityDirectory } from '../../authority/directory.ts';
import type { Enrolment } from '../../enrol/enrolment.ts';
import type { Commit, Records } from '../../ground/change.ts';
import type { JsonObject } from '../../ground/json.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import type { DevelopmentIssuer } from '../../identity/development-issuer.ts';
import type { TokenVerifier } from '../../identity/verifier.ts';
import type { Ceremonies } from '../../issue/ceremonies/ceremonies.ts';
import type { Logs } from '../../log/ports.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Revocation } from '../../revoke/revocation.ts';

export interface AdminDeps {
  readonly publicUrl: string;
  readonly commit: Commit;
  readonly records: Records;
  readonly logs: Logs;
  readonly directory: AuthorityDirectory;
  readonly ceremonies: Ceremonies;
  readonly revocation: Revocation;
  readonly enrolment: Enrolment;
  readonly clock: Clock;
  readonly random: Random;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  readonly verifier: TokenVerifier;
  /** Absent where the yard runs without --development. */
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly status: () => JsonObject;
  /** Copies records and sealed keys into a new folder of the data directory and gives its path. */
  readonly backup: () => Promise<string>;
  /** After the one-time token was exchanged: its file goes. */
  readonly bootstrapExchanged: () => void;
}
