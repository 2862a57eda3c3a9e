// The writer thread's loop: takes every message that waits, commits them as one batch, answers.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Table } from '../ground/change.ts';
import { Batches } from './batch.ts';
import { ByteWriter } from './bytes-stream.ts';
import { openWriting, Statements } from './database.ts';
import type { Dropping, DropRequest } from './dropping.ts';
import { failureCode, failureDetail } from './failure.ts';
import type { Plan } from './plan.ts';
import { Schema } from './schema.ts';
import { type RefusalCode, readPlans, writeHeads, writeOutcome } from './wire.ts';

/** What the thread is started with. */
export interface WriterStart {
  readonly file: string;
  readonly tables: readonly Table[];
  readonly compileCache: string | undefined;
}

/** First message of the thread: it can write, or why it cannot. */
export type WriterReady =
  | { readonly ready: true }
  | { readonly ready: false; code: RefusalCode; detail: string };

/** A batch ends at either bound; a single message may exceed them, since it was bounded when it was made. */
const MOST_CHANGES = 2048;
const MOST_BYTES = 16 * 1024 * 1024;

/** Runs until the port is told to close. */
export function serve(): void {
  const port = parentPort;
  if (port === null) throw new TypeError('the writer runs in a worker thread');
  const { file, tables }: WriterStart = workerData;
  try {
    const schema = new Schema(tables);
    const statements = new Statements(openWriting(file));
    const batches = new Batches(statements);
    const loop = new Loop(port, schema, batches);
    port.on('message', (message: Request) => {
      if (!loop.take(message)) return;
      statements.db.close();
      port.close();
    });
    port.postMessage({ ready: true } satisfies WriterReady);
  } catch (error) {
    const code = failureCode(error);
    port.postMessage({ ready: false, code, detail: failureDetail(error) } satisfies WriterReady);
    port.close();
  }
}

type Request = ArrayBuffer | DropRequest | 'close';

class Loop {
  readonly #port: MessagePort;
  readonly #schema: Schema;
  readonly #batches: Batches;
  /** One at a time; the rest waits for it. */
  readonly #drops: DropRequest[] = [];
  #dropping: Dropping | undefined;
  #closed = false;

  constructor(port: MessagePort, schema: Schema, batches: Batches) {
    this.#port = port;
    this.#schema = schema;
    this.#batches = batches;
  }

  /** Does what the message asks for and what waits behind it. Answers whether the port is to close. */
  take(first: Request): boolean {
    let message: Request | undefined = first;
    while (message !== undefined) {
      if (message === 'close') {
        this.#closed = true;
        return true;
      }
      if (message instanceof ArrayBuffer) message = this.#commit(message);
      else {
        this.#drop(message);
        message = receiveMessageOnPort(this.#port)?.message;
      }
    }
    return false;
  }

  /** One batch, of this message and those behind it. Answers the first that is not in it. */
  #commit(first: ArrayBuffer): Request | undefined {
    const plans: Plan[] = [];
    let bytes = 0;
    let message: Request | undefined = first;
    while (message instanceof ArrayBuffer && plans.length < MOST_CHANGES && bytes < MOST_BYTES) {
      bytes += message.byteLength;
      plans.push(...readPlans(this.#schema, message));
      message = receiveMessageOnPort(this.#port)?.message;
    }
    if (plans.length > 0) this.#answer(plans);
    return message;
  }

  #answer(plans: readonly Plan[]): void {
    const { heads, outcomes } = this.#batches.run(plans);
    const out = new ByteWriter(plans.length * 1024 + 256);
    writeHeads(out, heads);
    for (const outcome of outcomes) writeOutcome(out, outcome);
    const buffer = out.finish();
    this.#port.postMessage(buffer, [buffer]);
  }

  #drop(request: DropRequest): void {
    this.#drops.push(request);
    if (this.#dropping === undefined) this.#step();
  }

  // A step, then a turn for whoever wants to commit.
  #step(): void {
    if (this.#closed) return;
    const [request] = this.#drops;
    if (request === undefined) return;
    this.#dropping ??= this.#batches.dropping(this.#schema.at(request.drop), request.below);
    const answer = this.#dropping.step();
    if (answer !== undefined) {
      this.#dropping = undefined;
      this.#drops.shift();
      this.#port.postMessage(answer);
    }
    setImmediate(() => this.#step());
  }
}
