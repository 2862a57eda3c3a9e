// Opens a data directory: lock, migrations, writer thread, reader.
import type { Table } from '../ground/change.ts';
import type { Clock } from '../ground/ports.ts';
import type { Store } from './store.ts';

export interface OpenOptions {
  /** The data directory; made with mode 0700 where absent. */
  readonly directory: string;
  readonly clock: Clock;
  /** Reads beside a running yard, takes no lock, commits nothing. */
  readonly readOnly?: boolean;
  /** Tables beside those of the product: tests bring their own. */
  readonly tables?: readonly Table[];
}

/**
 * @throws SealyardError `SY-STORE-LOCKED`, `SY-STORE-NEWER`, `SY-STORE-SHAPE`, `SY-STORE-CORRUPT`, `SY-STORE-UNAVAILABLE`
 */
export async function openStore(_options: OpenOptions): Promise<Store> {
  throw new TypeError('being written');
}
