// Opens the store that a killed yard left and checks it against everything that the yard had answered.
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { EVENTS } from '../../src/audit/tables.ts';
import { verifyInclusion } from '../../src/formats/merkle.ts';
import { parseCertificate } from '../../src/formats/x509/certificate.ts';
import type { Row } from '../../src/ground/change.ts';
import { SERVICE_TOKENS } from '../../src/identity/tables.ts';
import { CERTIFICATES } from '../../src/issue/tables.ts';
import type { TreeHead } from '../../src/log/ports.ts';
import { openStore } from '../../src/store/open.ts';
import { TABLES } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';
import type { LogEntryJson } from '../driver/bundle.ts';
import { checkLog } from '../oracle/log.ts';
import type { Promises } from './yard-load.ts';

const CLOCK = { now: () => new Date() };
/** How many earlier heads are checked against the present tree each time. */
const HEADS = 20;

/** Heads that were seen before, by log; grows from kill to kill. */
export type SeenHeads = Record<'certificate' | 'signature' | 'audit', TreeHead[]>;

export function noHeads(): SeenHeads {
  return { certificate: [], signature: [], audit: [] };
}

/** @throws AssertionError for the first promise that the store does not keep */
export async function checkPromises(directory: string, promises: Promises, seen: SeenHeads): Promise<void> {
  const store = await openStore({ directory, clock: CLOCK, tables: TABLES });
  try {
    checkCertificates(store, promises.certificates);
    checkEntries(store, promises.entries, seen);
    for (const id of promises.tokenIds) {
      const rows = store.records.find(SERVICE_TOKENS, { where: { id }, limit: 2 });
      assert.equal(rows.length, 1, `token ${id} was answered`);
      assert.equal(eventsOf(store, 'token.created', id).length, 1, `event of token ${id}`);
    }
    checkTrees(store, seen);
  } finally {
    await store.close();
  }
}

function checkCertificates(store: Store, certificates: readonly Buffer[]): void {
  const serials = new Set<string>();
  for (const der of certificates) {
    const { serial } = parseCertificate(der);
    assert.ok(!serials.has(serial), `serial ${serial} was given twice`);
    serials.add(serial);
    const row = store.records.get(CERTIFICATES, { serial });
    assert.equal(row?.['state'], 'issued', `certificate ${serial} was answered`);
    assert.deepEqual(Buffer.from(blob(row, 'der')), der);
    assert.equal(eventsOf(store, 'certificate.issued', serial).length, 1, `event of certificate ${serial}`);
    const index = Number(row?.['log_index']);
    const stored = store.tiles.entry('certificate', index) ?? new Uint8Array();
    // The precertificate in the log has the serial of the certificate that came of it.
    const precertificate = new X509Certificate(precertificateOf(stored));
    assert.equal(precertificate.serialNumber.toLowerCase().replace(/^0+/, ''), serial.replace(/^0+/, ''));
  }
}

function checkEntries(store: Store, entries: readonly LogEntryJson[], seen: SeenHeads): void {
  const indexes = new Set<number>();
  for (const entry of entries) {
    const proof = entry.inclusionProof;
    assert.ok(proof, 'an entry is answered with its proof');
    const index = Number(entry.logIndex);
    assert.ok(!indexes.has(index), `log index ${index} was given twice`);
    indexes.add(index);
    const body = Buffer.from(entry.canonicalizedBody, 'base64');
    assert.deepEqual(
      Buffer.from(store.tiles.entry('signature', index) ?? []),
      body,
      `entry ${index} was answered`,
    );
    const claim = {
      index,
      size: Number(proof.treeSize),
      leafHash: sha256(Buffer.concat([Buffer.of(0), body])),
      proof: proof.hashes.map(bytes),
      root: bytes(proof.rootHash),
    };
    assert.ok(verifyInclusion(claim), `the proof that came with entry ${index}`);
    const [, size, root] = proof.checkpoint.envelope.split('\n');
    assert.deepEqual(
      [Number(size), root],
      [claim.size, proof.rootHash],
      'the checkpoint is of the tree of the proof',
    );
    if (!seen.signature.some((head) => head.size === claim.size))
      seen.signature.push({ size: claim.size, rootHash: claim.root });
  }
}

function checkTrees(store: Store, seen: SeenHeads): void {
  for (const log of ['certificate', 'signature', 'audit'] as const) {
    const head = checkLog({
      tiles: store.tiles,
      log,
      seen: seen[log].slice(-HEADS),
      ...(log === 'certificate' ? { hashedOf: merkleTreeLeaf } : {}),
    });
    seen[log].push(head);
  }
  // Each event is a row and a leaf of the same transaction.
  assert.equal(store.records.count(EVENTS), store.tiles.head('audit').size);
}

function eventsOf(store: Store, action: string, id: string): Row[] {
  const all = [...store.records.find(EVENTS, { where: { object_id: id, action }, limit: 100 })];
  return all.filter((row) => row['outcome'] === 'done');
}

// MerkleTreeLeaf (RFC 6962 §3.4): version and leaf type, then the stored entry up to its extensions.
function merkleTreeLeaf(stored: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.of(0, 0), stored.subarray(0, hashedLength(stored))]);
}

// TimestampedEntry: 8 octets of time, 2 of type, for a precertificate 32 of key hash, then two vectors.
function hashedLength(stored: Uint8Array): number {
  const view = Buffer.from(stored);
  const from = view.readUInt16BE(8) === 1 ? 42 : 10;
  const extensions = from + 3 + view.readUIntBE(from, 3);
  return extensions + 2 + view.readUInt16BE(extensions);
}

function precertificateOf(stored: Uint8Array): Buffer {
  const view = Buffer.from(stored);
  const from = hashedLength(stored);
  return view.subarray(from + 3, from + 3 + view.readUIntBE(from, 3));
}

function blob(row: Row | undefined, column: string): Uint8Array {
  const cell = row?.[column];
  assert.ok(cell instanceof Uint8Array, column);
  return cell;
}

function bytes(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function sha256(data: Buffer): Uint8Array {
  return new Uint8Array(createHash('sha256').update(data).digest());
}
