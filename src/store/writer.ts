// The caller's side of the writer thread: what is submitted in one turn of the event loop goes in one message.
import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { Change, Commit, Receipt, Table } from '../ground/change.ts';
import { SealyardError } from '../ground/errors.ts';
import { ByteWriter } from './bytes-stream.ts';
import type { DropAnswer, DropRequest } from './dropping.ts';
import { retryOf, storeFailure } from './failure.ts';
import { planChange } from './plan.ts';
import type { Schema } from './schema.ts';
import type { StoreCounters } from './store.ts';
import { type Answer, type Heads, readAnswer, writePlan } from './wire.ts';
import type { WriterReady, WriterStart } from './writer-loop.ts';

/** Changes and bytes that may wait; beyond, `SY-STORE-BUSY` at once instead of an answer that comes too late. */
const MOST_WAITING = 16_384;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** One change, as it crosses. */
const MOST_CHANGE_BYTES = 8 * 1024 * 1024;
/** A message is sent at this size even within a turn, so that the writer starts on it. */
const MESSAGE_BYTES = 1024 * 1024;

interface Waiting {
  readonly bytes: number;
  resolve(receipt: Receipt): void;
  reject(error: unknown): void;
}

interface Drop {
  resolve(parts: readonly string[]): void;
  reject(error: unknown): void;
}

export interface WriterOptions {
  readonly file: string;
  readonly schema: Schema;
  /** Told the heads of each commit before its changes are answered. */
  readonly onHeads: (heads: Heads) => void;
}

/**
 * Hands changes to the writer thread and answers when they are durable. Answers come in the order of submission.
 * A thread that dies (which it does not, short of memory) fails what waits, and the next change starts another.
 */
export class Writer {
  readonly #options: WriterOptions;
  #worker: Worker | undefined;
  #message: ByteWriter | undefined;
  /** Submitted and not answered, oldest first; answered ones are cut off now and then. */
  #waiting: Waiting[] = [];
  #answered = 0;
  #waitingBytes = 0;
  #closed = false;
  /** Asked and not answered, oldest first. */
  readonly #drops: Drop[] = [];
  #drained: (() => void) | undefined;
  #counters = { commits: 0, failedCommits: 0, changes: 0, refusedChanges: 0 };

  private constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** @throws SealyardError why the thread cannot write */
  static async start(options: WriterOptions): Promise<Writer> {
    const writer = new Writer(options);
    await writer.#begin();
    return writer;
  }

  counters(): StoreCounters {
    return { ...this.#counters, waiting: this.#waitingCount() };
  }

  readonly commit: Commit = async (change: Change) => {
    if (this.#closed) throw new SealyardError('SY-STORE-CLOSED');
    const plan = planChange(this.#options.schema, change);
    if (this.#waitingCount() >= MOST_WAITING || this.#waitingBytes >= MOST_WAITING_BYTES)
      throw new SealyardError('SY-STORE-BUSY', undefined, retryOf('SY-STORE-BUSY'));
    const message = this.#openMessage();
    const start = message.length;
    writePlan(message, plan);
    const bytes = message.length - start;
    if (bytes > MOST_CHANGE_BYTES) {
      message.truncate(start);
      throw new SealyardError('SY-STORE-TOO-LARGE', `${bytes} bytes`);
    }
    return new Promise<Receipt>((resolve, reject) => {
      this.#waiting.push({ bytes, resolve, reject });
      this.#waitingBytes += bytes;
      if (message.length >= MESSAGE_BYTES) this.#flush();
    });
  };

  /** As `Store.dropPartitions`. */
  async drop(table: Table, below: string): Promise<readonly string[]> {
    if (this.#closed) throw new SealyardError('SY-STORE-CLOSED');
    const { number } = this.#options.schema.shape(table);
    if (table.partition === undefined) throw new TypeError(`${table.name} is not kept in parts`);
    const worker = this.#worker;
    if (worker === undefined) throw new SealyardError('SY-STORE-UNAVAILABLE', 'the writer ended');
    return new Promise((resolve, reject) => {
      this.#drops.push({ resolve, reject });
      worker.postMessage({ drop: number, below } satisfies DropRequest);
    });
  }

  /** Takes no more changes and answers what waits. */
  async drain(): Promise<void> {
    this.#closed = true;
    this.#flush();
    if (this.#waitingCount() === 0) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Drains, then ends the thread, which closes its connection. */
  async close(): Promise<void> {
    await this.drain();
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    worker.postMessage('close');
    await ended;
  }

  #waitingCount(): number {
    return this.#waiting.length - this.#answered;
  }

  #openMessage(): ByteWriter {
    if (this.#message === undefined) {
      this.#message = new ByteWriter(16 * 1024);
      // After the callbacks of this turn of the loop, so that requests read together are committed together.
      setImmediate(() => this.#flush());
    }
    return this.#message;
  }

  #flush(): void {
    const message = this.#message;
    this.#message = undefined;
    if (message === undefined || message.length === 0) return;
    const buffer = message.finish();
    if (this.#worker === undefined) this.#begin().catch(() => undefined);
    this.#worker?.postMessage(buffer, [buffer]);
  }

  async #begin(): Promise<void> {
    const worker = new Worker(new URL(`./writer-thread${extension()}`, import.meta.url), {
      // Not those of the process: `--input-type` or `--import` of an embedding program would break the thread.
      execArgv: [],
      workerData: {
        file: this.#options.file,
        tables: this.#options.schema.shapes.map(({ table }) => table),
        compileCache: getCompileCacheDir(),
      } satisfies WriterStart,
    });
    this.#worker = worker;
    worker.on('exit', () => this.#failAll(worker, 'the writer ended'));
    worker.on('error', (error: unknown) => this.#failAll(worker, 'the writer failed', error));
    await new Promise<void>((resolve, reject) => {
      worker.on('error', (error: unknown) => reject(storeFailure(error)));
      worker.on('exit', () => reject(new SealyardError('SY-STORE-UNAVAILABLE', 'the writer ended')));
      worker.on('message', (message: WriterReady | DropAnswer | ArrayBuffer) => {
        if (message instanceof ArrayBuffer) this.#settle(readAnswer(message));
        else if ('dropped' in message) this.#dropped(message);
        else if (message.ready) resolve();
        else reject(new SealyardError(message.code, message.detail, retryOf(message.code)));
      });
    });
  }

  #settle({ heads, results }: Answer): void {
    this.#options.onHeads(heads);
    const failed =
      results.length > 0 &&
      results.every((result) => 'done' in result && result.code !== 'SY-STORE-CONFLICT');
    if (failed) this.#counters.failedCommits++;
    else this.#counters.commits++;
    for (const result of results) {
      const waiting = this.#shift();
      if ('done' in result) {
        this.#counters.refusedChanges++;
        waiting?.reject(new SealyardError(result.code, result.detail || undefined, retryOf(result.code)));
      } else {
        this.#counters.changes++;
        waiting?.resolve(result);
      }
    }
    if (this.#waitingCount() === 0) this.#drained?.();
  }

  #dropped(answer: DropAnswer): void {
    const drop = this.#drops.shift();
    if ('code' in answer) drop?.reject(new SealyardError(answer.code, answer.detail, retryOf(answer.code)));
    else drop?.resolve(answer.dropped);
  }

  #shift(): Waiting | undefined {
    const waiting = this.#waiting[this.#answered++];
    this.#waitingBytes -= waiting?.bytes ?? 0;
    // Cutting one by one would copy the array each time.
    if (this.#answered >= 1024 || this.#answered === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#answered);
      this.#answered = 0;
    }
    return waiting;
  }

  #failAll(worker: Worker, detail: string, cause?: unknown): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    while (this.#waitingCount() > 0)
      this.#shift()?.reject(
        new SealyardError('SY-STORE-UNAVAILABLE', detail, { cause, ...retryOf('SY-STORE-UNAVAILABLE') }),
      );
    for (const drop of this.#drops.splice(0)) drop.reject(new SealyardError('SY-STORE-UNAVAILABLE', detail));
    this.#message = undefined;
    this.#drained?.();
  }
}

// The built artefact has .js files where the tree has .ts ones.
function extension(): string {
  return import.meta.url.endsWith('.ts') ? '.ts' : '.js';
}
