// Enrolment on the foundation of the yard: who validates, who issues, and where failures are told.
import type { ChallengeConfig } from '../challenge/config.ts';
import { createValidator } from '../challenge/validator.ts';
import type { EnrolConfig } from '../enrol/config.ts';
import { createEnrolment } from '../enrol/create.ts';
import type { Enrolment } from '../enrol/enrolment.ts';
import type { Random } from '../ground/ports.ts';
import { issue } from '../issue/issue.ts';
import { prepare } from '../issue/prepare.ts';
import { CERTIFICATES } from '../issue/tables.ts';
import type { Secrets } from '../keys/secrets.ts';
import { accountUrl } from '../protocols/acme/urls.ts';
import type { Revocation } from '../revoke/revocation.ts';
import type { Foundation } from './foundation.ts';
import type { ServerLog } from './log.ts';
import type { PolicyHolder } from './policy-holder.ts';

/** What ACME calls us: the configured domains, else the host of the public URL; and where hashed accounts stand. */
export function acmeNames(
  { organization, urls }: Pick<Foundation, 'organization' | 'urls'>,
  { issuerDomains }: Pick<ChallengeConfig, 'issuerDomains'>,
): { readonly issuerDomains: readonly string[]; readonly accountHashPrefix: string } {
  return {
    issuerDomains: issuerDomains.length === 0 ? [organization.toLowerCase()] : issuerDomains,
    accountHashPrefix: `${urls.publicUrl}/acme/hashed/`,
  };
}

export function openEnrolment(o: {
  readonly foundation: Foundation;
  readonly policy: PolicyHolder;
  readonly revocation: Revocation;
  readonly secrets: Secrets;
  readonly challenges: ChallengeConfig;
  readonly config: EnrolConfig;
  readonly random: Random;
  readonly log: ServerLog;
}): Enrolment {
  const { ceremony, directory, urls } = o.foundation;
  const { records, clock } = ceremony;
  const config = { ...o.challenges, ...acmeNames(o.foundation, o.challenges) };
  return createEnrolment({
    records,
    commit: ceremony.commit,
    clock,
    random: o.random,
    policy: () => o.policy.current(),
    validator: createValidator({ config, clock, random: o.random }),
    issue: (request, together) => issue(prepare(request, ceremony), ceremony, together),
    authorities: directory,
    secrets: o.secrets,
    accountUrl: (id) => accountUrl(urls.publicUrl, id),
    isRevoked: (serial) => {
      const authority = records.get(CERTIFICATES, { serial })?.['authority'];
      return typeof authority === 'string' && o.revocation.status(serial, authority).status === 'revoked';
    },
    config: o.config,
    onError: (error) => o.log.error({ error }, 'enrolment: something failed in the background'),
  });
}
