// The first administrator's one-time token: written where only the owner of the data directory reads it.
import { existsSync, rmSync } from 'node:fs';
import type { Commit, Records } from '../ground/change.ts';
import { isSealyardError } from '../ground/errors.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { createBootstrapToken, listTokens, revokeToken } from '../identity/administrators.ts';
import { writePrivateFile } from './data-directory.ts';

/**
 * Makes sure that somebody can become administrator: where no service token lives and no one-time token lies in its
 * file, a new one is made. Whoever can write the data directory could do as much.
 * @returns whether `file` holds a token now
 */
export async function ensureBootstrapToken(o: {
  readonly file: string;
  readonly commit: Commit;
  readonly records: Records;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<boolean> {
  const now = o.clock.now();
  const living = listTokens(o.records).filter(
    (token) => token.endedAt === undefined && token.expiresAt > now,
  );
  const pending = living.filter(({ kind }) => kind === 'bootstrap');
  if (pending.length > 0 && existsSync(o.file)) return true;
  if (living.length > pending.length) {
    // A crash between an exchange and the removal of its file.
    rmSync(o.file, { force: true });
    return false;
  }
  try {
    // One whose file is gone was read by somebody, or never written: it must not stay good.
    for (const { id } of pending)
      await o.commit(revokeToken({ id, records: o.records, now, actor: { kind: 'system' } }));
    const made = createBootstrapToken({ random: o.random, now });
    await o.commit(made.change);
    writePrivateFile(o.file, `${made.token}\n`);
    return true;
  } catch (error) {
    if (isSealyardError(error, 'SY-STORE-READ-ONLY')) return false;
    throw error;
  }
}
