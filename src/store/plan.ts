// A change made ready for the writer: checked cell by cell, events turned into their row and leaf.
import { eventParts } from '../audit/record.ts';
import type { Cell, Change, Leaf, LeafIndexCell, Precondition, Put, Row } from '../ground/change.ts';
import { checkEntrySize } from '../log/entries.ts';
import { isPartKey } from './partitions.ts';
import { checkColumns, checkedCell, keyCells, type Schema, type TableShape } from './schema.ts';

/** A put with its cells in column order (for `delete`: in key order). */
export interface PlannedPut {
  readonly shape: TableShape;
  readonly mode: Put['mode'];
  readonly cells: readonly (Cell | LeafIndexCell)[];
}

export interface PlannedCondition {
  readonly shape: TableShape;
  readonly key: readonly Cell[];
  /** `undefined`: the row must be absent. */
  readonly expect: readonly (readonly [column: string, cell: Cell])[] | undefined;
}

export interface Plan {
  readonly conditions: readonly PlannedCondition[];
  readonly puts: readonly PlannedPut[];
  /** The change's own leaves, then one audit leaf per event. */
  readonly leaves: readonly Leaf[];
  /** How many of `leaves` are the change's own. */
  readonly ownLeaves: number;
}

/**
 * @throws TypeError where no store could take the change
 * @throws SealyardError `SY-LOG-ENTRY-TOO-LARGE`
 */
export function planChange(schema: Schema, change: Change): Plan {
  const own = change.leaves ?? [];
  for (const leaf of own) checkLeaf(leaf);
  const events = change.events.map((event, i) => eventParts(event, own.length + i));
  for (const { leaf } of events) checkEntrySize(leaf.log, leaf.stored);
  const leaves = [...own, ...events.map(({ leaf }) => leaf)];
  return {
    conditions: (change.preconditions ?? []).map((condition) => planCondition(schema, condition)),
    puts: [
      ...change.puts.map((put) => planPut(schema, put, own.length)),
      ...events.map(({ put }) => planPut(schema, put, leaves.length)),
    ],
    leaves,
    ownLeaves: own.length,
  };
}

function planPut(schema: Schema, put: Put, leaves: number): PlannedPut {
  const shape = schema.shape(put.table);
  const { row, mode } = put;
  checkColumns(shape, Object.keys(row));
  checkPart(shape, row);
  const columns = mode === 'delete' ? shape.primaryKey : shape.columns;
  return { shape, mode, cells: columns.map((column) => plannedCell(shape, column, row[column], leaves)) };
}

function checkPart({ table }: TableShape, row: Put['row']): void {
  if (table.partition === undefined) return;
  const { column, characters } = table.partition;
  if (!isPartKey(row[column], characters)) throw new TypeError(`${table.name}.${column} names no part`);
}

function plannedCell(
  shape: TableShape,
  column: string,
  cell: Cell | LeafIndexCell | undefined,
  leaves: number,
): Cell | LeafIndexCell {
  if (!isLeafIndex(cell)) return checkedCell(shape, column, cell);
  if (shape.table.columns[column] !== 'integer')
    throw new TypeError(`${shape.table.name}.${column} holds no index`);
  if (!Number.isInteger(cell.leafIndexOf) || cell.leafIndexOf < 0 || cell.leafIndexOf >= leaves)
    throw new TypeError(`the change has no leaf number ${cell.leafIndexOf}`);
  return cell;
}

export function isLeafIndex(cell: Cell | LeafIndexCell | undefined): cell is LeafIndexCell {
  return typeof cell === 'object' && cell !== null && 'leafIndexOf' in cell;
}

function planCondition(schema: Schema, { table, key, expect }: Precondition): PlannedCondition {
  const shape = schema.shape(table);
  return {
    shape,
    key: keyCells(shape, key),
    expect: expect === 'absent' ? undefined : expectedCells(shape, expect),
  };
}

function expectedCells(shape: TableShape, row: Row): [string, Cell][] {
  return Object.entries(row).map(([column, cell]) => [column, checkedCell(shape, column, cell)]);
}

function checkLeaf(leaf: Leaf): void {
  if (leaf.log === 'audit') throw new TypeError('leaves of the audit log are events');
  checkEntrySize(leaf.log, leaf.stored);
  if (leaf.indexAt === undefined) return;
  const { hashed, stored } = leaf.indexAt;
  if (
    hashed < 0 ||
    hashed + INDEX_OCTETS > leaf.hashed.length ||
    stored < 0 ||
    stored + INDEX_OCTETS > leaf.stored.length
  )
    throw new TypeError('the leaf has no room for its index');
}

/** static-ct-api `leaf_index`: 40 bits. */
const INDEX_OCTETS = 5;

/** Copies of the leaf's bytes with `index` written where it belongs; the bytes themselves where it does not. */
export function withIndex(leaf: Leaf, index: number): { hashed: Uint8Array; stored: Uint8Array } {
  if (leaf.indexAt === undefined) return { hashed: leaf.hashed, stored: leaf.stored };
  return {
    hashed: indexed(leaf.hashed, leaf.indexAt.hashed, index),
    stored: indexed(leaf.stored, leaf.indexAt.stored, index),
  };
}

function indexed(bytes: Uint8Array, at: number, index: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  const view = new DataView(copy.buffer);
  view.setUint8(at, Math.floor(index / 2 ** 32));
  view.setUint32(at + 1, index % 2 ** 32);
  return copy;
}
