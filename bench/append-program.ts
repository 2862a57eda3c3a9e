// The process that `append` measures: a closed loop of N committers into the log engine, then the bare floor.
import { createHash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { openStore } from '../src/store/open.ts';
import { temporaryFolder } from '../test/driver/folder.ts';
import { syncsPerSecond } from './floor.ts';
import { closedLoop, type LoopResult } from './loop.ts';

/** What this prints; floors in entries a second. */
export interface AppendResult {
  readonly loops: readonly {
    readonly committers: number;
    readonly loop: LoopResult;
    readonly floor: number;
  }[];
  readonly syncs: number;
}

const COMMITTERS = [1, 32, 256];
const WARM_UP_SECONDS = 1;
const FLOOR_MS = 1000;
/** About what a hashedrekord entry with a public key takes. */
const ENTRY_BYTES = 400;

const seconds = Number(process.argv[2] ?? '3');
using folder = temporaryFolder('bench-append');
const store = await openStore({ directory: folder.file('data'), clock: { now: () => new Date() } });
const loops: AppendResult['loops'][number][] = [];
let number = 0;
try {
  for (const committers of COMMITTERS) {
    const loop = await closedLoop({ clients: committers, seconds, warmUpSeconds: WARM_UP_SECONDS }, append);
    loops.push({ committers, loop, floor: bareAppends(folder.file(`floor-${committers}.db`), committers) });
  }
} finally {
  await store.close();
}
const result: AppendResult = { loops, syncs: syncsPerSecond(folder.path) };
process.stdout.write(JSON.stringify(result));

async function append(): Promise<void> {
  const entry = nextEntry();
  await store.commit({
    puts: [],
    leaves: [{ log: 'signature', hashed: entry, stored: entry }],
    events: [],
  });
}

function nextEntry(): Uint8Array {
  const entry = new Uint8Array(ENTRY_BYTES);
  new DataView(entry.buffer).setFloat64(0, number++);
  return entry;
}

/** The same bytes hashed as leaves and inserted, `batch` to a synced transaction, on one thread; no tree, no proof. */
function bareAppends(file: string, batch: number): number {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  db.exec('CREATE TABLE entries (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL, stored BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO entries (hash, stored) VALUES (?, ?)');
  const begun = performance.now();
  let entries = 0;
  for (; performance.now() - begun < FLOOR_MS; entries += batch) {
    db.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < batch; i++) {
      const entry = nextEntry();
      insert.run(createHash('sha256').update(Uint8Array.of(0)).update(entry).digest(), entry);
    }
    db.exec('COMMIT');
  }
  const perSecond = (entries * 1000) / (performance.now() - begun);
  db.close();
  return perSecond;
}
