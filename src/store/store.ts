// What a store is: one commit path, synchronous reads, tiles and a backup. SQLite and memory both are one.
import type { Commit, LogName, Records, Table } from '../ground/change.ts';
import type { TileReader } from '../log/ports.ts';

/** What a yard that came from a backup still knows; whatever was recorded later is unknown to it. */
export interface RestoredFrom {
  /** When the backup was taken, in milliseconds since the epoch. */
  readonly takenAtMs: number;
  readonly restoredAtMs: number;
  /** Tree sizes in the backup: entries from there on may exist elsewhere. */
  readonly sizes: Readonly<Record<LogName, number>>;
}

/** Counters for metrics; monotone since the store was opened, apart from `waiting`. */
export interface StoreCounters {
  readonly commits: number;
  readonly failedCommits: number;
  readonly changes: number;
  readonly refusedChanges: number;
  /** Changes handed in and not yet answered. */
  readonly waiting: number;
}

export interface Store {
  readonly commit: Commit;
  readonly records: Records;
  readonly tiles: TileReader;
  /** `restored`: reads go on, `commit` answers `SY-STORE-READ-ONLY`. */
  readonly state: 'normal' | 'restored';
  readonly restoredFrom: RestoredFrom | undefined;
  counters(): StoreCounters;
  /**
   * Writes a consistent, checked and synced copy of everything committed so far; the yard goes on meanwhile.
   * The file must not exist yet. Private keys are not in it: the caller copies the keys directory beside it.
   * @throws SealyardError `SY-STORE-UNAVAILABLE`
   */
  backup(toFile: string): Promise<void>;
  /**
   * Takes the parts of a table out whose characters are before `below`, a little at a time between commits, so that
   * nobody waits. What is left when the store closes is taken by the next call.
   * @returns the characters of the parts that are gone
   * @throws SealyardError `SY-STORE-UNAVAILABLE`, `SY-STORE-READ-ONLY`
   */
  dropPartitions(table: Table, below: string): Promise<readonly string[]>;
  /** Answers what is waiting, then lets go of the directory. */
  close(): Promise<void>;
}
