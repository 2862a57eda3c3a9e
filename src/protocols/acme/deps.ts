// What the ACME door stands on, and what all of its endpoints share.
import type { Enrolment } from '../../enrol/enrolment.ts';
import type { Records } from '../../ground/change.ts';
import type { Clock, Random } from '../../ground/ports.ts';
import type { Secrets } from '../../keys/secrets.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Revocation } from '../../revoke/revocation.ts';
import type { AccountKeys } from './account-keys.ts';
import type { Nonces } from './nonces.ts';
import type { AcmeUrls } from './urls.ts';

/** What the directory says of the server (RFC 8555 §7.1.1). */
export interface AcmeMeta {
  /** URL of the terms that a new account has to agree to; absent: there are none. */
  readonly termsOfService?: string;
  readonly website?: string;
  /** Issuer domain names, for CAA records (RFC 8659) and dns-persist-01: one to ten, lower-case A-labels. */
  readonly caaIdentities: readonly string[];
  /** draft-ietf-acme-dns-persist-02 §4.1: as the validator's; absent: records name whole account URLs. */
  readonly accountHashPrefix?: string;
}

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
  readonly revocation: Pick<Revocation, 'revoke'>;
  readonly meta: AcmeMeta;
  /** As enrolment's: accounts need an external binding everywhere, also where the policy grants something to anyone. */
  readonly bindingRequired: boolean;
}

export interface Acme extends AcmeDeps {
  readonly urls: AcmeUrls;
  readonly nonces: Nonces;
  readonly keys: AccountKeys;
}
