// The start of a yard from its first steps on. The order of the start is the order of this file.
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Enrolment } from '../enrol/enrolment.ts';
import type { LogName } from '../ground/change.ts';
import type { Clock } from '../ground/ports.ts';
import { createDevelopmentIssuer, type DevelopmentIssuer } from '../identity/development-issuer.ts';
import { ensureKey } from '../keys/pinned.ts';
import type { SealedFileStore } from '../keys/sealed-file.ts';
import type { Secrets } from '../keys/secrets.ts';
import { developmentIssuerUrl } from '../policy/sections.ts';
import type { Revocation } from '../revoke/revocation.ts';
import type { RevocationSettings } from '../revoke/settings.ts';
import { certificateFingerprint, certificatesPem } from '../trust/pem.ts';
import { authorityFigures, watchAuthorities } from './authority-watch.ts';
import { backupYard } from './backup.ts';
import { ensureBootstrapToken } from './bootstrap-token.ts';
import type { ListenAddress } from './config.ts';
import { inData } from './data-directory.ts';
import { doorsOf } from './doors.ts';
import { openEnrolment } from './enrolment.ts';
import {
  type FixedUrls,
  firstUrls,
  recordedUrls,
  refuseOtherUrls,
  urlOf,
  yardCreatedEvent,
} from './fixed-urls.ts';
import { commitUnlessRestored, type Foundation, layFoundation, openHealth } from './foundation.ts';
import type { Listener } from './listener.ts';
import { listenerNames } from './listener-names.ts';
import { type Listening, openListening } from './listening.ts';
import { type LocalAdministrator, localAdministrator } from './local-administrator.ts';
import { createLog, type ServerLog } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { openOutbound } from './outbound.ts';
import { openPolicy, type PolicyHolder } from './policy-holder.ts';
import { openRevocation } from './revocation.ts';
import { openServiceCertificates, type ServiceCertificates } from './service-certificates.ts';
import { readinessChecks, yardStatus } from './status.ts';
import type { StoreHealth } from './store-health.ts';
import { openTrustDocuments, type TrustDocuments } from './trust-documents.ts';
import type { Start as FirstSteps, Yard } from './yard.ts';

interface Start extends FirstSteps {
  readonly log: ServerLog;
}

/** The rest of a start, from addresses to ready; throws as `startYard`, which then ends what `ending` holds. */
export async function raiseYard(first: FirstSteps): Promise<Yard> {
  const o: Start = { ...first, log: createLog(first.config.logLevel) };
  const ground = await openGround(o);
  const { listening, urls, isFirstStart } = ground;
  const foundation = await layFoundation({ ...o, ...ground });
  const developmentIssuer = o.config.development ? await openIssuer(o, foundation) : undefined;
  const certificates = await openServiceCertificates({
    ...o,
    foundation,
    listeners: listening.secure,
    names: listenerNames(urls.publicUrl, o.config),
    onTimestamps: () => trust.changed(),
  });
  o.ending.defer(() => certificates.stop());
  const trust = openTrustDocuments({
    foundation,
    certificates: () => certificates,
    developmentIssuer: developmentIssuer?.url,
  });
  o.ending.defer(foundation.directory.onChange(() => trust.changed()));
  const ownPolicy = inData(o.directory, 'policy');
  const policyFile = o.config.policy === undefined ? ownPolicy : resolve(o.config.policy);
  const policy = await openPolicy({
    file: policyFile,
    writeDefault: policyFile === ownPolicy,
    publicUrl: urls.publicUrl,
    development: o.config.development,
    commit: foundation.health.commit,
    records: o.store.records,
    clock: o.clock,
  });
  const revocationSettings = o.config.revocation;
  const revocation = openRevocation({ foundation, policy, settings: revocationSettings, log: o.log });
  o.ending.defer(() => revocation.stop());
  revocation.start();
  const secrets = await ground.keys.openSecrets();
  const enrolment = openEnrolment({
    ...o,
    foundation,
    policy,
    revocation,
    secrets,
    challenges: o.config.challenges,
    config: o.config.enrolment,
  });
  o.ending.defer(() => enrolment.stop());
  const hasBootstrapToken = await ensureBootstrapToken({
    ...o,
    file: inData(o.directory, 'bootstrapToken'),
    commit: foundation.health.commit,
    records: o.store.records,
  });
  await recordStart(o, foundation);
  const { state, records } = o.store;
  const local = state === 'restored' ? localAdministrator({ ...o, records }) : undefined;
  const opened = {
    foundation,
    developmentIssuer,
    certificates,
    trust,
    policy,
    revocation,
    revocationSettings,
    enrolment,
    secrets,
    localAdministrator: local,
  };
  // What was answered before the last end is validated now.
  if (state !== 'restored') await enrolment.recover();
  await serve(o, listening, opened);
  if (state !== 'restored') {
    const { directory, health } = foundation;
    const watch = watchAuthorities({ ...o, directory, records, commit: health.commit });
    o.ending.defer(() => watch.stop());
  }
  o.log.info({ publicUrl: urls.publicUrl, policy: policy.current().version }, 'ready');
  return yardOf(o, {
    ...opened,
    listening,
    isFirstStart,
    notices: noticesOf(o, ground, opened, hasBootstrapToken),
  });
}

interface Ground {
  readonly health: StoreHealth;
  readonly keys: SealedFileStore;
  readonly listening: Listening;
  readonly urls: FixedUrls;
  readonly isFirstStart: boolean;
}

/** Addresses and keys: whatever is wrong with them is said before anything is made. */
async function openGround(o: Start): Promise<Ground> {
  const { config, store, clock, ending } = o;
  const recorded = recordedUrls(store.records);
  if (recorded !== undefined) refuseOtherUrls(recorded, config);
  const listening = await openListening(config, recorded);
  ending.defer(() => listening.close(config.shutdownGraceSeconds * 1000));
  const urls = recorded ?? firstUrls(config, { tls: listening.tls.port, plain: listening.plain?.port });
  const keys = await o.unlocking;
  const health = openHealth(store, o.directory);
  if (recorded === undefined) {
    const event = yardCreatedEvent(urls, clock.now().getTime());
    await health.commit({ puts: [], events: [event] });
  }
  return { health, keys, listening, urls, isFirstStart: recorded === undefined };
}

async function openIssuer(o: Start, { ceremony, urls }: Foundation): Promise<DevelopmentIssuer> {
  const purpose = 'development-issuer';
  const { signer } = await ensureKey(ceremony, { slot: `${purpose}/1`, purpose, algorithm: 'rsa' });
  const { keys } = ceremony;
  if (keys.exportPrivate === undefined) throw new TypeError('the built-in issuer needs its key');
  const privateKey = await keys.exportPrivate(signer.ref, purpose);
  return createDevelopmentIssuer({ ...o, url: developmentIssuerUrl(urls.publicUrl), privateKey });
}

async function recordStart(o: Start, { health, urls }: Foundation): Promise<void> {
  await commitUnlessRestored(health.commit, {
    puts: [],
    events: [
      {
        timeMs: o.clock.now().getTime(),
        action: 'yard.started',
        actor: { kind: 'system' },
        object: { type: 'yard', id: urls.publicUrl },
        outcome: 'done',
        data: { development: o.config.development },
      },
    ],
  });
}

interface Opened {
  readonly foundation: Foundation;
  readonly developmentIssuer: DevelopmentIssuer | undefined;
  readonly certificates: ServiceCertificates;
  readonly trust: TrustDocuments;
  readonly policy: PolicyHolder;
  readonly revocation: Revocation;
  readonly revocationSettings: RevocationSettings;
  readonly enrolment: Enrolment;
  readonly secrets: Secrets;
  /** Of a restored yard. */
  readonly localAdministrator: LocalAdministrator | undefined;
}

async function serve(o: Start, listening: Listening, opened: Opened): Promise<void> {
  const outbound = openOutbound({
    ...o,
    developmentIssuer: opened.developmentIssuer,
    trust: () => opened.trust.material(),
  });
  o.ending.defer(() => outbound.close());
  const metrics = createMetrics();
  const sources = { ...o, ...opened, development: o.config.development, startedAt: o.startedAt };
  const checks = () => readinessChecks(sources);
  observe(metrics, o.clock, opened, () => checks().every(({ ok }) => ok));
  const doors = doorsOf({
    ...o,
    ...opened,
    outbound,
    metrics,
    checks,
    status: () => yardStatus(sources),
    backup: () =>
      backupYard({ ...o, policyFile: opened.policy.current().file, store: opened.foundation.store }),
    bootstrapExchanged: () => rmSync(inData(o.directory, 'bootstrapToken'), { force: true }),
  });
  await listening.serve({ doors, metrics, log: o.log, random: o.random });
}

function observe(
  metrics: Metrics,
  clock: Clock,
  { foundation, certificates }: Opened,
  isReady: () => boolean,
): void {
  metrics.observe({
    store: () => foundation.store.counters(),
    logSize: (log: LogName) => foundation.logs.head(log).size,
    listenerNotAfter: () => certificates.listener().notAfter.getTime() / 1000,
    authorities: () => authorityFigures(foundation.directory, clock.now()),
    isReady,
  });
}

function noticesOf(o: Start, ground: Ground, opened: Opened, hasBootstrapToken: boolean): readonly string[] {
  const policy = opened.policy.current();
  return [
    ...ground.keys.notices,
    ...ground.listening.notices,
    ...(hasBootstrapToken
      ? [`the one-time administrator token is in ${inData(o.directory, 'bootstrapToken')}`]
      : []),
    ...(o.config.development ? ['the built-in issuer is on: for development only'] : []),
    ...policy.notices.map(({ line, message }) => `${policy.file}:${line}: ${message}`),
    ...(o.store.state === 'restored'
      ? ['this yard was restored from a backup: it serves and verifies, and issues and appends nothing']
      : []),
  ];
}

function yardOf(
  o: Start,
  parts: Opened & {
    readonly listening: Listening;
    readonly isFirstStart: boolean;
    readonly notices: readonly string[];
  },
): Yard {
  const { foundation, trust, policy, listening } = parts;
  const { directory } = foundation;
  const ownUrl = (address: ListenAddress | undefined, listener: Listener | undefined) =>
    address === undefined || listener === undefined
      ? undefined
      : urlOf('https', undefined, address, listener.port);
  let closing: Promise<void> | undefined;
  return {
    publicUrl: foundation.urls.publicUrl,
    plainUrl: listening.plain === undefined ? undefined : foundation.urls.plainUrl,
    admissionUrl: ownUrl(o.config.listenAdmission, listening.admission),
    mtlsUrl: ownUrl(o.config.listenMtls, listening.mtls),
    get rootPem() {
      return certificatesPem(directory.anchors());
    },
    get listenerRootsPem() {
      const own = o.store.state === 'restored' ? [parts.certificates.listener()] : [];
      return certificatesPem([...directory.anchors(), ...own]);
    },
    onTrustChange: (listener) => directory.onChange(listener),
    localToken: parts.localAdministrator?.token,
    get rootFingerprint() {
      return certificateFingerprint(foundation.authorities.root.certificate);
    },
    get trustedRootJson() {
      return trust.trustedRoot();
    },
    dataDirectory: o.directory,
    isFirstStart: parts.isFirstStart,
    notices: parts.notices,
    get policyVersion() {
      return policy.current().version;
    },
    status: () => yardStatus({ ...o, ...parts, development: o.config.development }),
    async reload() {
      const changed = await policy.reload();
      const { version } = policy.current();
      o.log.info({ policy: version, changed }, 'policy read again');
      return changed ? `policy ${version} is in force` : `policy ${version} is unchanged`;
    },
    close() {
      closing ??= o.ending.disposeAsync();
      return closing;
    },
  };
}
