// What the ACME door stands on, and what all of its endpoints share.
import type { Enrolment } from '../../enrol/enrolment.ts';
import type { Records } from '../../ground/change.ts';
import type { Actor } from '../../ground/events.ts';
import type { Serial } from '../../ground/ids.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import type { Secrets } from '../../keys/secrets.ts';
import type { Policy } from '../../policy/policy.ts';
import type { AccountKeys } from './account-keys.ts';
import type { Nonces } from './nonces.ts';
import type { AcmeUrls } from './urls.ts';

/** What the directory says of the server (RFC 8555 §7.1.1). */
export interface AcmeMeta {
  /** URL of the terms that a new account has to agree to; absent: there are none. */
  readonly termsOfService?: string;
  readonly website?: string;
  /** Issuer domain names, for CAA records (RFC 8659) and dns-persist-01; at most ten. */
  readonly caaIdentities: readonly string[];
}

/**
 * Revokes one certificate; whether the caller may is settled.
 * `reason` is a code of RFC 5280 §5.3.1, 0 where none was given.
 * @throws SealyardError `SY-REVOKE-ALREADY`
 */
export type RevokeCertificate = (request: {
  readonly serial: Serial;
  readonly reason: number;
  readonly actor: Actor;
}) => Promise<void>;

export interface AcmeDeps {
  readonly enrolment: Enrolment;
  /** The policy in force at this moment. */
  readonly policy: () => Policy;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly secrets: Pick<Secrets, 'derive'>;
  readonly records: Records;
  readonly clock: Clock;
  readonly random: Random;
  readonly revoke: RevokeCertificate;
  readonly meta: AcmeMeta;
  /** As enrolment's: accounts need an external binding everywhere, also where the policy grants something to anyone. */
  readonly bindingRequired: boolean;
}

export interface Acme extends AcmeDeps {
  readonly urls: AcmeUrls;
  readonly nonces: Nonces;
  readonly keys: AccountKeys;
}
