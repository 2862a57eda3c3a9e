// The logs as doors see them: checkpoints signed over durable heads, proofs and tiles.
import { equalBytes } from '../ground/bytes.ts';
import type { LogName } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import type { Clock } from '../ground/ports.ts';
import { frameEntries } from './entries.ts';
import { logIdOf, signCheckpoint } from './note-types.ts';
import type { LogSpec, Logs, TileReader, TreeHead } from './ports.ts';
import { proveConsistency, proveInclusion, rootAt } from './proofs.ts';

export interface LogsOptions {
  /** One per log. */
  readonly specs: readonly LogSpec[];
  readonly tiles: TileReader;
  readonly clock: Clock;
}

/** @throws TypeError for two specifications of one log */
export function openLogs({ specs, tiles, clock }: LogsOptions): Logs {
  const notaries = new Map<LogName, Notary>();
  for (const spec of specs) {
    if (notaries.has(spec.name)) throw new TypeError(`two specifications of the ${spec.name} log`);
    notaries.set(spec.name, new Notary(spec, tiles, clock));
  }
  const notary = (log: LogName): Notary => {
    const found = notaries.get(log);
    if (found === undefined) throw new TypeError(`no ${log} log was opened`);
    return found;
  };
  return {
    checkpoint: (log) => notary(log).latest(),
    checkpointAt: (log, head) => notary(log).at(head),
    inclusionProof: (log, index, size) => proveInclusion(tiles, log, index, size),
    consistencyProof: (log, first, second) => proveConsistency(tiles, log, first, second),
    entryBundle: (log, index, width) => {
      const entries = tiles.entries(log, index, width);
      return entries === undefined ? undefined : frameEntries(log, entries);
    },
    tile: (log, level, index, width) => tiles.tile(log, level, index, width),
    entry: (log, index) => tiles.entry(log, index),
    head: (log) => tiles.head(log),
    spec: (log) => notary(log).spec,
    logId: (log) => notary(log).logId,
  };
}

interface Signing {
  readonly rootHash: Uint8Array;
  readonly note: Promise<string>;
}

/** Heads whose checkpoint is kept, so that requests of one batch, and slow ones of earlier batches, share it. */
const REMEMBERED = 256;

/**
 * Signs the checkpoints of one log. What it signs it first finds in the durable tree, so that a checkpoint exists only
 * for what a crash cannot take back; the tree only grows, so no two checkpoints contradict each other.
 */
class Notary {
  readonly spec: LogSpec;
  readonly logId: Uint8Array;
  readonly #tiles: TileReader;
  readonly #clock: Clock;
  /** By size, oldest first. */
  readonly #signed = new Map<number, Signing>();
  #highest: TreeHead | undefined;
  #lastTimeMs = 0;

  constructor(spec: LogSpec, tiles: TileReader, clock: Clock) {
    this.spec = spec;
    this.logId = logIdOf(spec);
    this.#tiles = tiles;
    this.#clock = clock;
  }

  async latest(): Promise<string> {
    const head = this.#tiles.head(this.spec.name);
    if (this.#highest !== undefined && head.size < this.#highest.size)
      throw new SealyardError('SY-LOG-FORKED', `size ${head.size} after ${this.#highest.size}`);
    return this.#sign(head);
  }

  async at(head: TreeHead): Promise<string> {
    const known = this.#signed.get(head.size);
    if (known !== undefined) {
      if (!equalBytes(known.rootHash, head.rootHash)) this.#refuse(head);
      return known.note;
    }
    if (head.size > this.#tiles.head(this.spec.name).size) this.#refuse(head);
    if (!equalBytes(rootAt(this.#tiles, this.spec.name, head.size), head.rootHash)) this.#refuse(head);
    return this.#sign(head);
  }

  #sign(head: TreeHead): Promise<string> {
    const known = this.#signed.get(head.size);
    if (known !== undefined) {
      if (!equalBytes(known.rootHash, head.rootHash)) this.#refuse(head);
      return known.note;
    }
    const note = signCheckpoint(this.spec, head, this.#timeMs());
    this.#signed.set(head.size, { rootHash: head.rootHash, note });
    if (this.#highest === undefined || head.size > this.#highest.size) this.#highest = head;
    // A signature that failed is asked for again by the next request.
    note.catch(() => this.#signed.delete(head.size));
    this.#forget();
    return note;
  }

  #forget(): void {
    for (const size of this.#signed.keys()) {
      if (this.#signed.size <= REMEMBERED) return;
      this.#signed.delete(size);
    }
  }

  /** static-ct-api: timestamps of a log's tree heads never go back, whatever the clock does. */
  #timeMs(): number {
    this.#lastTimeMs = Math.max(this.#lastTimeMs, this.#clock.now().getTime());
    return this.#lastTimeMs;
  }

  #refuse(head: TreeHead): never {
    throw new SealyardError('SY-LOG-FORKED', `the ${this.spec.name} log at size ${head.size}`);
  }
}
