// Access to a restored yard: a token in memory, since such a yard can record neither an exchange nor a new token.
import { equalBytes } from '../ground/bytes.ts';
import type { Records, Row } from '../ground/change.ts';
import type { Clock, Random } from '../ground/ports.ts';
import { createServiceToken, FIRST_ADMINISTRATOR } from '../identity/administrators.ts';
import { SERVICE_TOKENS } from '../identity/tables.ts';

const LIFETIME_SECONDS = 30 * 86_400;

export interface LocalAdministrator {
  /** For whoever owns the data directory; good until the process ends. */
  readonly token: string;
  /** The records, with the token's row among them. */
  readonly records: Records;
}

export function localAdministrator(o: {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: Random;
}): LocalAdministrator {
  const made = createServiceToken({
    name: FIRST_ADMINISTRATOR,
    lifetimeSeconds: LIFETIME_SECONDS,
    random: o.random,
    now: o.clock.now(),
    actor: { kind: 'system' },
  });
  const row = made.change.puts[0]?.row as Row | undefined;
  const hash = row?.['hash'];
  if (row === undefined || !(hash instanceof Uint8Array)) throw new TypeError('a token without a row');
  const isIts = (key: Row): boolean => key['hash'] instanceof Uint8Array && equalBytes(key['hash'], hash);
  const { records } = o;
  return {
    token: made.token,
    records: {
      get: (table, key) => (table === SERVICE_TOKENS && isIts(key) ? row : records.get(table, key)),
      find: (table, query) => records.find(table, query),
      count: (table) => records.count(table),
    },
  };
}
