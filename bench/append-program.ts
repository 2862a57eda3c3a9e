// The process that `append` measures: a closed loop of N committers into the log engine, then the bare floor.
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../src/ground/ports.ts';
import { openStore } from '../src/store/open.ts';
import { temporaryFolder } from '../test/driver/folder.ts';
import { syncsPerSecond } from './disk.ts';
import { closedLoop, type Loop } from './latencies.ts';

/** What `append` prints; rates in entries a second. */
export interface AppendResult {
  readonly loops: readonly { readonly askers: number; readonly loop: Loop; readonly floor: number }[];
  readonly syncs: number;
}

const ASKERS = [1, 32, 256];
const WARM_UP_MS = 1000;
const MEASURE_MS = 3000;
const FLOOR_MS = 1000;
/** About what a hashedrekord entry with a public key takes. */
const ENTRY_BYTES = 400;

const clock: Clock = { now: () => new Date() };
using folder = temporaryFolder('bench-append');
const store = await openStore({ directory: folder.file('data'), clock });
const loops: AppendResult['loops'][number][] = [];
let number = 0;
try {
  for (const askers of ASKERS) {
    const loop = await closedLoop({ askers, warmUpMs: WARM_UP_MS, measureMs: MEASURE_MS }, async () => {
      const entry = nextEntry();
      await store.commit({
        puts: [],
        leaves: [{ log: 'signature', hashed: entry, stored: entry }],
        events: [],
      });
    });
    loops.push({ askers, loop, floor: bareAppends(folder.file(`floor-${askers}.db`), askers) });
  }
} finally {
  await store.close();
}
const result: AppendResult = { loops, syncs: syncsPerSecond(folder.path) };
process.stdout.write(JSON.stringify(result));

function nextEntry(): Uint8Array {
  const entry = new Uint8Array(ENTRY_BYTES);
  new DataView(entry.buffer).setFloat64(0, number++);
  return entry;
}

/** The floor: the same bytes hashed as leaves and inserted, `batch` to a synced transaction, on one thread; no tree. */
function bareAppends(file: string, batch: number): number {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE entries (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, stored BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO entries (hash, stored) VALUES (?, ?)');
  const startedAt = performance.now();
  let entries = 0;
  while (performance.now() - startedAt < FLOOR_MS) {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < batch; i++) {
      const entry = nextEntry();
      insert.run(createHash('sha256').update(Uint8Array.of(0)).update(entry).digest(), entry);
    }
    db.exec('COMMIT');
    entries += batch;
  }
  db.close();
  return (entries * 1000) / (performance.now() - startedAt);
}
