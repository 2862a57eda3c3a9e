// Every door of the yard with what it stands on: the composition, and nothing else.
import type { Enrolment } from '../enrol/enrolment.ts';
import type { JsonObject } from '../ground/json.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { DevelopmentIssuer } from '../identity/development-issuer.ts';
import type { Secrets } from '../keys/secrets.ts';
import { type AcmeMeta, acmeRoutes } from '../protocols/acme/routes.ts';
import { adminRoutes } from '../protocols/admin/routes.ts';
import { admissionRoutes } from '../protocols/admission/routes.ts';
import { caRoutes } from '../protocols/ca/routes.ts';
import { certificateLogRoutes } from '../protocols/certificate-log/routes.ts';
import { crlRoutes } from '../protocols/crl/routes.ts';
import { fulcioRoutes } from '../protocols/fulcio/routes.ts';
import { ocspRoutes } from '../protocols/ocsp/routes.ts';
import { oidcRoutes } from '../protocols/oidc/routes.ts';
import { type Check, operationsRoutes } from '../protocols/operations/routes.ts';
import { rekorRoutes } from '../protocols/rekor/routes.ts';
import { timestampRoutes } from '../protocols/timestamp/routes.ts';
import { trustRoutes } from '../protocols/trust/routes.ts';
import type { Revocation } from '../revoke/revocation.ts';
import type { RevocationSettings } from '../revoke/settings.ts';
import { certificatesPem } from '../trust/pem.ts';
import type { YardConfig } from './config.ts';
import { acmeNames } from './enrolment.ts';
import type { Foundation } from './foundation.ts';
import type { LocalAdministrator } from './local-administrator.ts';
import type { Metrics } from './metrics.ts';
import type { Door } from './mount.ts';
import type { Outbound } from './outbound.ts';
import type { PolicyHolder } from './policy-holder.ts';
import type { ServiceCertificates } from './service-certificates.ts';
import type { TrustDocuments } from './trust-documents.ts';

export interface DoorParts {
  readonly foundation: Foundation;
  readonly certificates: ServiceCertificates;
  readonly trust: TrustDocuments;
  readonly outbound: Outbound;
  readonly policy: PolicyHolder;
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly checks: () => readonly Check[];
  readonly status: () => JsonObject;
  readonly backup: () => Promise<string>;
  readonly bootstrapExchanged: () => void;
  readonly localAdministrator: LocalAdministrator | undefined;
  readonly revocation: Revocation;
  readonly revocationSettings: RevocationSettings;
  readonly enrolment: Enrolment;
  readonly secrets: Secrets;
  readonly config: YardConfig;
}

function acmeMeta({ foundation, config }: DoorParts): AcmeMeta {
  const { issuerDomains, accountHashPrefix } = acmeNames(foundation, config.challenges);
  return {
    ...(config.acmeTerms === undefined ? {} : { termsOfService: config.acmeTerms }),
    ...(config.acmeWebsite === undefined ? {} : { website: config.acmeWebsite }),
    caaIdentities: issuerDomains,
    accountHashPrefix,
  };
}

export function doorsOf(parts: DoorParts): readonly Door[] {
  const { foundation, outbound, clock, random, revocation, revocationSettings } = parts;
  const { logs, authorities, directory, clockGuard } = foundation;
  const { records } = foundation.store;
  const { commit } = foundation.health;
  const policy = () => parts.policy.current();
  return [
    {
      name: 'fulcio',
      routes: fulcioRoutes({
        issue: foundation.ceremony,
        verifier: outbound.verifier,
        policy,
        get authority() {
          return authorities.codeSigning;
        },
      }),
    },
    { name: 'rekor', routes: rekorRoutes({ commit, records, logs, clock }) },
    {
      name: 'certificate-log',
      routes: certificateLogRoutes({ logs, issuers: () => directory.certificates() }),
    },
    {
      name: 'timestamp',
      routes: timestampRoutes({ unit: () => parts.certificates.timestamp().active, clockGuard, random }),
    },
    {
      name: 'trust',
      routes: trustRoutes({
        trustedRoot: parts.trust.trustedRoot,
        signingConfig: parts.trust.signingConfig,
        rootsPem: () => certificatesPem(directory.anchors()),
      }),
    },
    {
      name: 'admission',
      routes: admissionRoutes({ policy, evidence: outbound.evidence, commit, clock, random }),
    },
    {
      name: 'crl',
      routes: crlRoutes({ revocation, clock, cacheSeconds: revocationSettings.crlCacheSeconds }),
    },
    {
      name: 'ocsp',
      routes: ocspRoutes({ revocation, clock, cacheSeconds: revocationSettings.ocspCacheSeconds }),
    },
    { name: 'ca', routes: caRoutes({ authorities: directory, clock }) },
    {
      name: 'acme',
      routes: acmeRoutes({
        enrolment: parts.enrolment,
        policy,
        publicUrl: foundation.urls.publicUrl,
        secrets: parts.secrets,
        records,
        clock,
        random,
        revocation,
        meta: acmeMeta(parts),
        bindingRequired: parts.config.enrolment.bindingRequired,
      }),
    },
    {
      name: 'admin',
      routes: adminRoutes({
        publicUrl: foundation.urls.publicUrl,
        commit,
        records: parts.localAdministrator?.records ?? records,
        logs,
        directory,
        ceremonies: foundation.ceremonies,
        revocation: parts.revocation,
        enrolment: parts.enrolment,
        clock,
        random,
        policy,
        verifier: outbound.verifier,
        developmentIssuer: parts.developmentIssuer,
        status: parts.status,
        backup: parts.backup,
        bootstrapExchanged: parts.bootstrapExchanged,
      }),
    },
    {
      name: 'operations',
      routes: operationsRoutes({
        checks: parts.checks,
        metrics: async () => ({
          contentType: parts.metrics.contentType,
          text: await parts.metrics.text(),
        }),
      }),
    },
    ...(parts.developmentIssuer === undefined
      ? []
      : [{ name: 'oidc', routes: oidcRoutes(parts.developmentIssuer) }]),
  ];
}
