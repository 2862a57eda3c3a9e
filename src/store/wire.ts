// How plans cross to the writer thread and answers come back: one transferred buffer per message, no object cloning.
import type { Cell, Leaf, LeafIndexCell, LeafReceipt, LogName, Receipt } from '../ground/change.ts';
import type { TreeHead } from '../log/ports.ts';
import { ByteReader, type ByteWriter } from './bytes-stream.ts';
import { isLeafIndex, type Plan, type PlannedCondition, type PlannedPut } from './plan.ts';
import { LOG_NAMES, type Schema } from './schema.ts';

const MODES = ['insert', 'replace', 'delete'] as const;
const CELL = { null: 0, text: 1, integer: 2, blob: 3, leafIndex: 4 } as const;

/** Appends one plan to a message. */
export function writePlan(out: ByteWriter, plan: Plan): void {
  out.count(plan.conditions.length);
  for (const condition of plan.conditions) writeCondition(out, condition);
  out.count(plan.puts.length);
  for (const put of plan.puts) {
    out.count(put.shape.number);
    out.octet(MODES.indexOf(put.mode));
    for (const cell of put.cells) writeCell(out, cell);
  }
  out.count(plan.ownLeaves);
  out.count(plan.leaves.length);
  for (const leaf of plan.leaves) writeLeaf(out, leaf);
}

/** The plans of a message, in order. */
export function* readPlans(schema: Schema, message: ArrayBuffer): Generator<Plan> {
  const from = new ByteReader(message);
  while (!from.done) {
    const conditions = times(from.count(), () => readCondition(schema, from));
    const puts = times(from.count(), () => readPut(schema, from));
    const ownLeaves = from.count();
    const leaves = times(from.count(), () => readLeaf(from));
    yield { conditions, puts, ownLeaves, leaves };
  }
}

function writeCondition(out: ByteWriter, { shape, key, expect }: PlannedCondition): void {
  out.count(shape.number);
  for (const cell of key) writeCell(out, cell);
  out.octet(expect === undefined ? 0 : 1);
  if (expect === undefined) return;
  out.count(expect.length);
  for (const [column, cell] of expect) {
    out.text(column);
    writeCell(out, cell);
  }
}

function readCondition(schema: Schema, from: ByteReader): PlannedCondition {
  const shape = schema.at(from.count());
  const key = shape.primaryKey.map(() => plainCell(readCell(from)));
  if (from.octet() === 0) return { shape, key, expect: undefined };
  const expect = times(from.count(), () => [from.text(), plainCell(readCell(from))] as const);
  return { shape, key, expect };
}

function readPut(schema: Schema, from: ByteReader): PlannedPut {
  const shape = schema.at(from.count());
  const mode = at(MODES, from.octet());
  const columns = mode === 'delete' ? shape.primaryKey : shape.columns;
  return { shape, mode, cells: columns.map(() => readCell(from)) };
}

function writeLeaf(out: ByteWriter, leaf: Leaf): void {
  out.octet(LOG_NAMES.indexOf(leaf.log));
  out.bytes(leaf.hashed);
  // Most logs store what they hash: it crosses once.
  out.octet(leaf.stored === leaf.hashed ? 1 : 0);
  if (leaf.stored !== leaf.hashed) out.bytes(leaf.stored);
  out.octet(leaf.indexAt === undefined ? 0 : 1);
  if (leaf.indexAt === undefined) return;
  out.count(leaf.indexAt.hashed);
  out.count(leaf.indexAt.stored);
}

function readLeaf(from: ByteReader): Leaf {
  const log = at(LOG_NAMES, from.octet());
  const hashed = from.bytes();
  const stored = from.octet() === 1 ? hashed : from.bytes();
  if (from.octet() === 0) return { log, hashed, stored };
  return { log, hashed, stored, indexAt: { hashed: from.count(), stored: from.count() } };
}

function writeCell(out: ByteWriter, cell: Cell | LeafIndexCell): void {
  if (cell === null) out.octet(CELL.null);
  else if (typeof cell === 'string') {
    out.octet(CELL.text);
    out.text(cell);
  } else if (typeof cell === 'number') {
    out.octet(CELL.integer);
    out.number(cell);
  } else if (isLeafIndex(cell)) {
    out.octet(CELL.leafIndex);
    out.count(cell.leafIndexOf);
  } else {
    out.octet(CELL.blob);
    out.bytes(cell);
  }
}

function readCell(from: ByteReader): Cell | LeafIndexCell {
  switch (from.octet()) {
    case CELL.null:
      return null;
    case CELL.text:
      return from.text();
    case CELL.integer:
      return from.number();
    case CELL.leafIndex:
      return { leafIndexOf: from.count() };
    default:
      return from.bytes();
  }
}

function plainCell(cell: Cell | LeafIndexCell): Cell {
  if (isLeafIndex(cell)) throw new TypeError('a key holds no leaf index');
  return cell;
}

/** What became of one plan. */
export type Outcome =
  | { readonly done: true; readonly leaves: readonly LeafOutcome[]; readonly eventIndexes: readonly number[] }
  | { readonly done: false; readonly code: RefusalCode; readonly detail: string };

export interface LeafOutcome {
  readonly log: LogName;
  readonly index: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Why the writer did not take a change. */
export const REFUSALS = [
  'SY-STORE-CONFLICT',
  'SY-STORE-UNAVAILABLE',
  'SY-STORE-CORRUPT',
  'SY-INTERNAL',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

/** Heads after the commit, of the logs that it touched. */
export type Heads = ReadonlyMap<LogName, TreeHead>;

const HASH_BYTES = 32;

export function writeHeads(out: ByteWriter, heads: Heads): void {
  out.count(heads.size);
  for (const [log, head] of heads) {
    out.octet(LOG_NAMES.indexOf(log));
    out.number(head.size);
    out.raw(head.rootHash);
  }
}

export function writeOutcome(out: ByteWriter, outcome: Outcome): void {
  out.octet(outcome.done ? 1 : 0);
  if (!outcome.done) {
    out.octet(REFUSALS.indexOf(outcome.code));
    out.text(outcome.detail);
    return;
  }
  out.count(outcome.leaves.length);
  for (const leaf of outcome.leaves) {
    out.octet(LOG_NAMES.indexOf(leaf.log));
    out.number(leaf.index);
    out.raw(leaf.leafHash);
    out.count(leaf.proof.length);
    for (const hash of leaf.proof) out.raw(hash);
  }
  out.count(outcome.eventIndexes.length);
  for (const index of outcome.eventIndexes) out.number(index);
}

/** An answer of the writer: the heads of the commit, and each change's receipt or refusal in the order sent. */
export interface Answer {
  readonly heads: Heads;
  readonly results: readonly (Receipt | Extract<Outcome, { done: false }>)[];
}

export function readAnswer(message: ArrayBuffer): Answer {
  const from = new ByteReader(message);
  const heads = new Map<LogName, TreeHead>();
  for (let left = from.count(); left > 0; left--)
    heads.set(at(LOG_NAMES, from.octet()), { size: from.number(), rootHash: from.raw(HASH_BYTES).slice() });
  const results: (Receipt | Extract<Outcome, { done: false }>)[] = [];
  while (!from.done) results.push(readResult(from, heads));
  return { heads, results };
}

function readResult(from: ByteReader, heads: Heads): Receipt | Extract<Outcome, { done: false }> {
  if (from.octet() === 0) return { done: false, code: at(REFUSALS, from.octet()), detail: from.text() };
  const leaves = times(from.count(), () => readReceipt(from, heads));
  return { leaves, eventIndexes: times(from.count(), () => from.number()) };
}

function readReceipt(from: ByteReader, heads: Heads): LeafReceipt {
  const log = at(LOG_NAMES, from.octet());
  const head = heads.get(log);
  if (head === undefined) throw new TypeError(`the answer has no head of the ${log} log`);
  const index = from.number();
  const leafHash = from.raw(HASH_BYTES);
  const proof = times(from.count(), () => from.raw(HASH_BYTES));
  return { log, index, leafHash, treeSize: head.size, rootHash: head.rootHash, proof };
}

function times<T>(count: number, make: () => T): T[] {
  const made: T[] = [];
  for (let left = count; left > 0; left--) made.push(make());
  return made;
}

function at<T>(list: readonly T[], position: number): T {
  const item = list[position];
  if (item === undefined) throw new RangeError('the message is not one of ours');
  return item;
}
