// Looks at the authorities every hour and writes what is to be known of them into the audit log, once a day each.
import type { AuthorityDirectory } from '../authority/directory.ts';
import { type AuthorityWarning, authorityWarningEvents, authorityWarnings } from '../authority/warnings.ts';
import type { Commit, Records } from '../ground/change.ts';
import type { Clock } from '../ground/ports.ts';
import type { ServerLog } from './log.ts';

const HOUR_MS = 3_600_000;

export interface AuthorityWatch {
  /** No more looks; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * The first look is at once, the next an hour after it ended. One that fails is logged: the next says the same.
 * @param o.everyMs an hour unless given
 */
export function watchAuthorities(o: {
  readonly directory: Pick<AuthorityDirectory, 'known' | 'pending'>;
  readonly records: Records;
  readonly commit: Commit;
  readonly clock: Clock;
  readonly log: Pick<ServerLog, 'info' | 'error'>;
  readonly everyMs?: number;
}): AuthorityWatch {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    try {
      await tell(o);
    } catch (error) {
      o.log.error({ error }, 'what is to be known of the authorities could not be recorded');
    }
    if (!stopped) timer = setTimeout(() => (looking = look()), o.everyMs ?? HOUR_MS).unref();
  };
  let looking = look();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}

async function tell(o: Parameters<typeof watchAuthorities>[0]): Promise<void> {
  const now = o.clock.now();
  const events = authorityWarningEvents(o.records, authorityWarnings(o.directory, now), now);
  if (events.length === 0) return;
  await o.commit({ puts: [], events });
  for (const { data } of events) o.log.info({ data }, 'to be known of an authority');
}

/** What Prometheus is told of the authorities. */
export interface AuthorityFigures {
  readonly ends: readonly { readonly authority: string; readonly notAfterSeconds: number }[];
  readonly warnings: readonly { readonly authority: string; readonly kind: string }[];
}

/** Of those in use alone: the end of a retired or revoked one is meant. */
export function authorityFigures(
  directory: Pick<AuthorityDirectory, 'known' | 'pending'>,
  now: Date,
): AuthorityFigures {
  return {
    ends: directory
      .known()
      .filter(({ state }) => state === 'active' || state === 'offline')
      .map(({ id, certificate }) => ({
        authority: id,
        notAfterSeconds: certificate.notAfter.getTime() / 1000,
      })),
    warnings: authorityWarnings(directory, now).map(({ authority, code }) => ({
      authority,
      kind: kindOf(code),
    })),
  };
}

/** `SY-AUTHORITY-KEY-MISSING` is `key-missing`. */
function kindOf(code: AuthorityWarning['code']): string {
  return code.replace('SY-AUTHORITY-', '').toLowerCase();
}
