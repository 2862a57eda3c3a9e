// The writer thread's loop: takes every message that waits, commits them as one batch, answers.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Table } from '../ground/change.ts';
import { Batches } from './batch.ts';
import { ByteWriter } from './bytes-stream.ts';
import { openWriting, Statements } from './database.ts';
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
    port.on('message', (message: ArrayBuffer | 'close') => {
      const closing = drain(port, message, schema, batches);
      if (!closing) return;
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

/** Commits the message and what waits behind it, batch by batch. Answers whether the port is to close. */
function drain(port: MessagePort, first: ArrayBuffer | 'close', schema: Schema, batches: Batches): boolean {
  let message: ArrayBuffer | 'close' | undefined = first;
  while (message !== undefined) {
    const plans: Plan[] = [];
    let bytes = 0;
    while (
      message !== undefined &&
      message !== 'close' &&
      plans.length < MOST_CHANGES &&
      bytes < MOST_BYTES
    ) {
      bytes += message.byteLength;
      plans.push(...readPlans(schema, message));
      message = receiveMessageOnPort(port)?.message;
    }
    if (plans.length > 0) answer(port, batches, plans);
    if (message === 'close') return true;
  }
  return false;
}

function answer(port: MessagePort, batches: Batches, plans: readonly Plan[]): void {
  const { heads, outcomes } = batches.run(plans);
  const out = new ByteWriter(plans.length * 1024 + 256);
  writeHeads(out, heads);
  for (const outcome of outcomes) writeOutcome(out, outcome);
  const buffer = out.finish();
  port.postMessage(buffer, [buffer]);
}
