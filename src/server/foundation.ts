// What every door stands on, in the order in which it must come to be: records, keys, logs, authorities.
import type { Authorities } from '../authority/authority.ts';
import type { AuthorityDirectory } from '../authority/directory.ts';
import { ensureLogKeys } from '../authority/log-keys.ts';
import { defaultAuthorities } from '../authority/open.ts';
import type { LogName } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { type Ceremonies, createCeremonies } from '../issue/ceremonies/ceremonies.ts';
import { type CeremonyDeps, ensureDirectory } from '../issue/ceremony.ts';
import { type ClockGuard, createClockGuard } from '../issue/clock-guard.ts';
import { clockRefusedEvent, lastRecordedMs } from '../issue/clock-record.ts';
import type { SealedFileStore } from '../keys/sealed-file.ts';
import { openLogs } from '../log/logs.ts';
import type { Logs } from '../log/ports.ts';
import type { Store } from '../store/store.ts';
import type { FixedUrls } from './fixed-urls.ts';
import type { ServerLog } from './log.ts';
import { type StoreHealth, watchStore } from './store-health.ts';

/** A clock that reads earlier than this is wrong: the program did not exist. Moved with each release. */
const BUILD_DATE = new Date('2026-11-01T00:00:00Z');

/** How many certificates one identity token may get: the jobs of a pipeline share one, nobody needs more. */
const CERTIFICATES_PER_TOKEN = 100;

export interface Foundation {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly keys: SealedFileStore;
  readonly urls: FixedUrls;
  readonly logs: Logs;
  readonly logKeysSince: { readonly certificate: Date; readonly signature: Date };
  readonly clockGuard: ClockGuard;
  readonly ceremony: CeremonyDeps;
  readonly directory: AuthorityDirectory;
  /** What issues by default; each look gives the newest. */
  readonly authorities: Authorities;
  readonly ceremonies: Ceremonies;
  /** The host of the public URL: names the organization in our certificates. */
  readonly organization: string;
}

/** @throws SealyardError `SY-ISSUE-CLOCK` (first start), `SY-KEYS-*`, `SY-AUTHORITY-DAMAGED`, `SY-STORE-*` */
export async function layFoundation(o: {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly keys: SealedFileStore;
  readonly urls: FixedUrls;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ServerLog;
}): Promise<Foundation> {
  const { store, health, keys, clock, random } = o;
  const { records } = store;
  const host = new URL(o.urls.publicUrl).hostname;
  const logKeys = await ensureLogKeys({ keys, commit: health.commit, records, clock });
  const spec = (name: LogName, origin: string, noteType: 'rfc6962' | 'ecdsa-sigstore' | 'ed25519') => ({
    name,
    origin,
    noteType,
    signer: logKeys[name].signer,
  });
  const logs = openLogs({
    tiles: store.tiles,
    clock,
    specs: [
      // static-ct-api: the submission prefix without the scheme.
      spec('certificate', `${new URL(o.urls.publicUrl).host}/ct`, 'rfc6962'),
      // rekor-tiles clients: the host alone.
      spec('signature', host, 'ecdsa-sigstore'),
      spec('audit', `${host}/audit`, 'ed25519'),
    ],
  });
  const clockGuard = createClockGuard({
    clock,
    buildDate: BUILD_DATE,
    lastRecordedMs: lastRecordedMs(records, BUILD_DATE),
    onRefusal: (judgement, now) => {
      o.log.error(
        { reason: judgement.reason, detail: judgement.detail },
        'the clock cannot be right: issuing stopped',
      );
      health
        .commit({ puts: [], events: [clockRefusedEvent(judgement, now)] })
        .catch((error: unknown) => o.log.error({ error }, 'the refusal of the clock could not be recorded'));
    },
  });
  const ceremony: CeremonyDeps = {
    keys,
    commit: health.commit,
    records,
    logs,
    clock,
    random,
    clockGuard,
    certificatesPerToken: CERTIFICATES_PER_TOKEN,
    urls: o.urls,
  };
  const directory = await ensureDirectory(ceremony, host);
  return {
    store,
    health,
    keys,
    urls: o.urls,
    logs,
    clockGuard,
    ceremony,
    organization: host,
    logKeysSince: { certificate: logKeys.certificate.createdAt, signature: logKeys.signature.createdAt },
    directory,
    authorities: defaultAuthorities(directory),
    ceremonies: createCeremonies({ ...ceremony, directory, organization: host }),
  };
}

/** Records something that a restored yard cannot record, and need not. */
export async function commitUnlessRestored(
  commit: StoreHealth['commit'],
  change: Parameters<StoreHealth['commit']>[0],
): Promise<void> {
  await commit(change).catch((error: unknown) => {
    if (!isSealyardError(error, 'SY-STORE-READ-ONLY')) throw error;
  });
}

export function openHealth(store: Store, directory: string): StoreHealth {
  return watchStore((change) => store.commit(change), directory);
}
