// Is the yard well, and what does it hold: the checks behind /readyz and the answer of `sealyard status`.
import { type AuthorityWarning, authorityWarnings } from '../authority/warnings.ts';
import { toBase64 } from '../ground/bytes.ts';
import type { LogName } from '../ground/change.ts';
import type { Code } from '../ground/errors.ts';
import type { Json, JsonObject } from '../ground/json.ts';
import type { Clock } from '../ground/ports.ts';
import type { Check } from '../protocols/operations/routes.ts';
import type { Foundation } from './foundation.ts';
import type { PolicyHolder } from './policy-holder.ts';
import type { ServiceCertificates } from './service-certificates.ts';

export interface StatusSources {
  readonly foundation: Foundation;
  readonly certificates: ServiceCertificates;
  readonly policy: PolicyHolder;
  readonly clock: Clock;
  readonly development: boolean;
  readonly startedAt: Date;
}

const LOGS: readonly LogName[] = ['certificate', 'signature', 'audit'];

/** What must be well for the yard to be sent work. */
export function readinessChecks(o: StatusSources): readonly Check[] {
  const { foundation, certificates } = o;
  const now = o.clock.now();
  const judgement = foundation.clockGuard.judgement();
  const listener = certificates.listener();
  const timestamp = certificates.timestamp().active.certificate;
  return [
    check('store', foundation.health.isWritable(), 'SY-STORE-UNAVAILABLE', 'the store takes no writes'),
    check('clock', judgement.ok, 'SY-ISSUE-CLOCK', judgement.ok ? '' : judgement.detail),
    check(
      'listener-certificate',
      now < listener.notAfter,
      'SY-SERVER-CERTIFICATE',
      `the listener's certificate ended ${listener.notAfter.toISOString()}`,
    ),
    check(
      'timestamp-certificate',
      now < timestamp.notAfter,
      'SY-SERVER-CERTIFICATE',
      `the timestamp certificate ended ${timestamp.notAfter.toISOString()}`,
    ),
  ];
}

function check(name: string, ok: boolean, code: Code, message: string): Check {
  return ok ? { name, ok, code: 'SY-OK', message: 'well' } : { name, ok, code, message };
}

/** The answer of `sealyard status`; `problems` is empty where all is well, `notices` are to be known and no more. */
export function yardStatus(o: StatusSources): JsonObject {
  const { foundation, certificates } = o;
  const { store, urls } = foundation;
  const policy = o.policy.current();
  return {
    problems: problems(o),
    notices: authoritiesSay(o, 'notice'),
    publicUrl: urls.publicUrl,
    plainUrl: urls.plainUrl ?? null,
    startedAt: o.startedAt.toISOString(),
    time: o.clock.now().toISOString(),
    development: o.development,
    policy: { version: policy.version, file: policy.file, environments: [...policy.environments.keys()] },
    store: { state: store.state, ...storeCounters(foundation) },
    ...restored(foundation),
    logs: Object.fromEntries(LOGS.map((log) => [log, logStatus(log, foundation)])),
    certificates: {
      listenerUntil: certificates.listener().notAfter.toISOString(),
      timestampUntil: certificates.timestamp().active.certificate.notAfter.toISOString(),
      rootUntil: foundation.authorities.root.certificate.notAfter.toISOString(),
    },
    memoryMiB: Math.round(process.memoryUsage.rss() / 1024 / 1024),
  };
}

function problems(o: StatusSources): readonly Json[] {
  const unready = readinessChecks(o)
    .filter(({ ok }) => !ok)
    .map(({ code, message }): Json => ({ code, message }));
  const failing = [...unready, ...authoritiesSay(o, 'problem')];
  if (o.foundation.store.state === 'normal') return failing;
  return [
    ...failing,
    {
      code: 'SY-STORE-READ-ONLY',
      message: 'this yard was restored from a backup: it serves and verifies, and issues and appends nothing',
    },
  ];
}

/** Not among the checks of /readyz: work goes on while an authority nears its end. */
function authoritiesSay(o: StatusSources, wanted: AuthorityWarning['severity']): readonly Json[] {
  return authorityWarnings(o.foundation.directory, o.clock.now())
    .filter(({ severity }) => severity === wanted)
    .map(({ authority, code, message }): Json => ({ code, message, authority }));
}

function storeCounters({ store }: Foundation): JsonObject {
  const { commits, failedCommits, changes, refusedChanges } = store.counters();
  return { commits, failedCommits, changes, refusedChanges };
}

/** What a restored yard no longer knows: everything from these sizes on. */
function restored({ store }: Foundation): JsonObject {
  const from = store.restoredFrom;
  if (from === undefined) return {};
  return {
    restored: {
      backupTakenAt: new Date(from.takenAtMs).toISOString(),
      restoredAt: new Date(from.restoredAtMs).toISOString(),
      unknownFrom: { ...from.sizes },
    },
  };
}

function logStatus(log: LogName, { logs }: Foundation): JsonObject {
  const { size, rootHash } = logs.head(log);
  // Nobody outside co-signs the checkpoints yet; said, since only a witness can notice a split view.
  return { origin: logs.spec(log).origin, size, rootHash: toBase64(rootHash), witnessed: false };
}
