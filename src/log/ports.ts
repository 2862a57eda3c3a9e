// What the log room needs and offers: the tile reader that a store implements, the specification of a log, and `Logs`.
import type { LogName } from '../ground/change.ts';
import type { Signer } from '../keys/signer.ts';

/** A tree of `size` leaves and its RFC 6962 §2.1 root. */
export interface TreeHead {
  readonly size: number;
  readonly rootHash: Uint8Array;
}

/**
 * Reads the durable trees. Synchronous, and never ahead of the disk: what it answers survives a crash.
 * Widths are in hashes or entries, 1 to 256; a width beyond the durable tree gives `undefined`.
 */
export interface TileReader {
  /** The durable head. */
  head(log: LogName): TreeHead;
  /** The root of an earlier head, where a recent commit left it in memory; a short cut, never the only way. */
  recentRoot(log: LogName, size: number): Uint8Array | undefined;
  /** `width` hashes of 32 bytes of tile (`level`, `index`) as in C2SP tlog-tiles. */
  tile(log: LogName, level: number, index: number, width: number): Uint8Array | undefined;
  /** The stored bytes of `width` entries from `index * 256`, one by one: the framing is the log's, see `bundle.ts`. */
  entries(log: LogName, index: number, width: number): readonly Uint8Array[] | undefined;
  /** The stored bytes of one entry. */
  entry(log: LogName, index: number): Uint8Array | undefined;
}

/**
 * How a log's checkpoints are signed.
 * - `ecdsa-sigstore`: ASN.1 ECDSA over the note text, key id SHA-256(SPKI), as Rekor v2 and its clients have it
 * - `ed25519`: C2SP signed-note type 0x01
 * - `rfc6962`: C2SP static-ct-api RFC6962NoteSignature, type 0x05
 */
export type NoteType = 'ecdsa-sigstore' | 'ed25519' | 'rfc6962';

export interface LogSpec {
  readonly name: LogName;
  /** First line of each checkpoint, and the name of its signature. */
  readonly origin: string;
  readonly signer: Signer;
  readonly noteType: NoteType;
}

/** The logs as doors use them. */
export interface Logs {
  /** The signed checkpoint of the durable head; one signature per size; never older than one given before. */
  checkpoint(log: LogName): Promise<string>;
  /**
   * The signed checkpoint of the head in a receipt; many requests of one batch share one signature.
   * @throws SealyardError `SY-LOG-FORKED` where this is not a head of the durable tree
   */
  checkpointAt(log: LogName, head: TreeHead): Promise<string>;
  /** RFC 6962 §2.1.1, leaf first. @throws SealyardError `SY-LOG-OUT-OF-RANGE` */
  inclusionProof(log: LogName, index: number, size: number): Uint8Array[];
  /** RFC 6962 §2.1.2. @throws SealyardError `SY-LOG-OUT-OF-RANGE` */
  consistencyProof(log: LogName, firstSize: number, secondSize: number): Uint8Array[];
  /** The C2SP tlog-tiles (or static-ct-api) entry bundle. */
  entryBundle(log: LogName, index: number, width: number): Uint8Array | undefined;
  tile(log: LogName, level: number, index: number, width: number): Uint8Array | undefined;
  entry(log: LogName, index: number): Uint8Array | undefined;
  head(log: LogName): TreeHead;
  spec(log: LogName): LogSpec;
  /** The whole 32-byte key id: what `trusted_root.json` and SCTs carry; a note carries its first four (0x05 aside). */
  logId(log: LogName): Uint8Array;
}
