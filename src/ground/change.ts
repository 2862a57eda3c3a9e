// The Change: all that a room wants committed, as data. Only `store/` knows how; rooms never open a transaction.
import type { Event } from './events.ts';

/** What a column holds. Booleans are 0/1, times are integers of milliseconds, JSON is text. */
export type Cell = string | number | Uint8Array | null;

/**
 * Stands for the index that leaf number `leaf` of the same change gets in its log; the writer fills it in,
 * since only it knows.
 */
export interface LeafIndexCell {
  readonly leafIndexOf: number;
}

export type Row = Readonly<Record<string, Cell>>;

/** A table as data. The room that owns the rows declares it; `store/` turns it into SQL. */
export interface Table {
  readonly name: string;
  readonly columns: Readonly<Record<string, 'text' | 'integer' | 'blob'>>;
  /** Columns that may be null; all others may not. */
  readonly nullable?: readonly string[];
  readonly primaryKey: readonly string[];
  /** Each index is a list of columns. */
  readonly indexes?: readonly (readonly string[])[];
  /**
   * A column that is not kept: its text is the entry of `log` at the index in another column, so that what a log holds
   * is on disk once. It is read like the others, and can be neither written nor searched for.
   */
  readonly entryText?: { readonly column: string; readonly log: LogName; readonly index: string };
  /**
   * Rows are kept apart by the first `characters` of a text column, the first of the primary key, so that a period's
   * rows leave together (`Store.dropPartitions`). The characters are digits or lower-case letters.
   */
  readonly partition?: { readonly column: string; readonly characters: number };
}

export interface Put {
  readonly table: Table;
  readonly row: Readonly<Record<string, Cell | LeafIndexCell>>;
  /** `insert` refuses an existing key (`SY-STORE-CONFLICT`); `replace` overwrites; `delete` needs the key columns only. */
  readonly mode: 'insert' | 'replace' | 'delete';
}

/** What must hold in the same transaction, or the whole change is refused with `SY-STORE-CONFLICT`. */
export interface Precondition {
  readonly table: Table;
  readonly key: Row;
  /** The row must be absent, or present with these column values. */
  readonly expect: 'absent' | Row;
}

/** The three trees. */
export type LogName = 'certificate' | 'signature' | 'audit';

/**
 * A leaf to append. `hashed` is what the tree hashes (without the 0x00 prefix of RFC 6962 §2.1), `stored` what the
 * entry bundle holds; most logs use the same bytes for both. Where the entry must contain its own index
 * (static-ct-api `leaf_index`), `indexAt` gives the offsets at which the writer puts it, as 5 big-endian octets.
 */
export interface Leaf {
  readonly log: LogName;
  readonly hashed: Uint8Array;
  readonly stored: Uint8Array;
  readonly indexAt?: { readonly hashed: number; readonly stored: number };
}

/** One unit of durability: rows before leaves, so that a refused change never touches a tree. */
export interface Change {
  readonly puts: readonly Put[];
  readonly preconditions?: readonly Precondition[];
  readonly leaves?: readonly Leaf[];
  /** Each event becomes a row and a leaf of the audit log (which takes no other leaves) in the same transaction. */
  readonly events: readonly Event[];
}

/** Where a leaf went, and the proof that the tree of that commit contains it (RFC 6962 §2.1.1). */
export interface LeafReceipt {
  readonly log: LogName;
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly treeSize: number;
  readonly rootHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The answer to a change, given only when it is on disk. Leaves in the order of `Change.leaves`. */
export interface Receipt {
  readonly leaves: readonly LeafReceipt[];
  /** Audit log indexes of `Change.events`, in order. */
  readonly eventIndexes: readonly number[];
}

/**
 * Commits a change durably (synced) or throws and has changed nothing.
 * Safe to call concurrently; changes from one caller that does not await may commit in any order.
 * @throws SealyardError `SY-STORE-CONFLICT` (precondition or key), `SY-STORE-UNAVAILABLE` (disk full, read-only;
 *   may succeed later; may, rarely, have been written all the same), `SY-STORE-BUSY` (too much is waiting),
 *   `SY-STORE-READ-ONLY` (a restored yard), `SY-STORE-TOO-LARGE`, `SY-LOG-ENTRY-TOO-LARGE`
 * @throws TypeError for a change that no store could take: unknown table or column, wrong type of a cell
 */
export type Commit = (change: Change) => Promise<Receipt>;

/** Reads committed rows. Synchronous: SQLite answers from its cache in microseconds. */
export interface Records {
  /** The row with this primary key. */
  get(table: Table, key: Row): Row | undefined;
  /** Rows whose columns equal `where`, in primary key order (or reversed), at most `limit`. */
  find(
    table: Table,
    query: {
      readonly where: Row;
      /** Beside equality, one column may be bounded: `atLeast` inclusive, `below` exclusive. */
      readonly range?: { readonly column: string; readonly atLeast?: Cell; readonly below?: Cell };
      readonly limit: number;
      readonly reverse?: boolean;
      /** Goes on behind the row with this primary key. */
      readonly after?: Row;
    },
  ): readonly Row[];
  count(table: Table): number;
}
