// Opening, locking, migrating, backing up and restoring a data directory.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { LogName } from '../../src/ground/change.ts';
import { isSealyardError } from '../../src/ground/errors.ts';
import { proveConsistency, proveInclusion } from '../../src/log/proofs.ts';
import { DATABASE_FILE, openWriting } from '../../src/store/database.ts';
import { openStore } from '../../src/store/open.ts';
import { restoreStore } from '../../src/store/restore.ts';
import { TABLES } from '../../src/store/schema.ts';
import type { Store } from '../../src/store/store.ts';
import { CONTRACT_TABLES, event, leafOf, THINGS, thing } from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';
import { CLOCK, temporaryDirectory } from './directory.ts';

const opened: Store[] = [];
// A store that is left open keeps the process: a test that fails must not hang.
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function open(directory: string, tables = CONTRACT_TABLES): Promise<Store> {
  const store = await openStore({ directory, clock: CLOCK, tables });
  opened.push(store);
  return store;
}

const restore = (backupFile: string, directory: string) =>
  restoreStore({ backupFile, directory, clock: CLOCK, tables: CONTRACT_TABLES });
const change = (id: string) => ({ puts: [thing(id)], leaves: [leafOf(id)], events: [event(id)] });

function withDatabase(directory: string, sql: string): void {
  const db = openWriting(join(directory, DATABASE_FILE));
  db.exec(sql);
  db.close();
}

test('the tables of the product make a database', async () => {
  using directory = temporaryDirectory();
  const store = await openStore({ directory: directory.path, clock: CLOCK });
  for (const table of TABLES) assert.equal(store.records.count(table), 0);
  await store.close();
  await (await openStore({ directory: directory.path, clock: CLOCK })).close();
});

test('a second store on the same directory is refused, in this process and in another', async () => {
  using directory = temporaryDirectory();
  const program = fileURLToPath(new URL('../faults/store-writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, directory.path, 'lock', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const exited = once(child, 'exit');
  const locked = (error: unknown) => isSealyardError(error, 'SY-STORE-LOCKED');
  // With no client the program would end by itself: it is stopped first, and its lock stays.
  child.kill('SIGSTOP');
  try {
    await assert.rejects(open(directory.path), locked);
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  const store = await open(directory.path);
  await assert.rejects(open(directory.path), locked);
  await store.commit(change('still works'));
  await store.close();
  await (await open(directory.path)).close();
});

test('a database of a newer release is refused with a sentence that says so, and is left alone', async () => {
  using directory = temporaryDirectory();
  await (await open(directory.path)).close();
  withDatabase(directory.path, 'PRAGMA user_version = 999');
  const before = readFileSync(join(directory.path, DATABASE_FILE));
  await assert.rejects(open(directory.path), (error) => {
    assert.ok(isSealyardError(error, 'SY-STORE-NEWER'));
    assert.match(error.message, /newer release.*schema 999/);
    return true;
  });
  assert.deepEqual(readFileSync(join(directory.path, DATABASE_FILE)), before);
});

test('tables that are not those of this release are refused by name', async () => {
  using directory = temporaryDirectory();
  await (await open(directory.path)).close();
  withDatabase(directory.path, 'ALTER TABLE things ADD COLUMN odd TEXT');
  await assert.rejects(
    open(directory.path),
    (error) => isSealyardError(error, 'SY-STORE-SHAPE') && /things/.test(error.message),
  );
});

test('a tree that was altered on disk stops the yard before it appends to it', async () => {
  using directory = temporaryDirectory();
  const store = await open(directory.path);
  for (let i = 0; i < 5; i++) await store.commit(change(`${i}`));
  await store.close();
  withDatabase(directory.path, 'UPDATE log_entries_signature SET hash = zeroblob(32) WHERE idx = 3');
  await assert.rejects(open(directory.path), (error) => isSealyardError(error, 'SY-STORE-CORRUPT'));
});

test('a file that is no database is reported as damaged', async () => {
  using directory = temporaryDirectory();
  writeFileSync(join(directory.path, DATABASE_FILE), 'x'.repeat(8192));
  await assert.rejects(open(directory.path), (error) => isSealyardError(error, 'SY-STORE-CORRUPT'));
});

test('a backup under load is one moment of the yard, and restores into one that only reads', async () => {
  using directory = temporaryDirectory();
  const store = await open(join(directory.path, 'yard'));
  for (let i = 0; i < 300; i++) await store.commit(change(`before ${i}`));
  const before = store.tiles.head('signature');
  const file = join(directory.path, 'copy.backup');
  let more = 0;
  let copying = true;
  const backup = store.backup(file).finally(() => {
    copying = false;
  });
  while (copying) await store.commit(change(`during ${more++}`));
  await backup;
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory.path).sort(), ['copy.backup', 'yard']);
  await assert.rejects(store.backup(file), (error) => isSealyardError(error, 'SY-STORE-NOT-EMPTY'));

  const target = join(directory.path, 'restored');
  const known = await restore(file, target);
  const restored = await open(target);
  assert.equal(restored.state, 'restored');
  assert.deepEqual(restored.restoredFrom, known);
  assert.equal(known.takenAtMs, CLOCK.now().getTime());
  const { size } = checkLog({ tiles: restored.tiles, log: 'signature', atLeast: 300, seen: [before] });
  assert.equal(known.sizes.signature, size);
  assert.equal(restored.records.count(THINGS), size);
  checkLog({ tiles: store.tiles, log: 'signature', seen: [restored.tiles.head('signature')] });
  await assert.rejects(restored.commit(change('x')), (error) => isSealyardError(error, 'SY-STORE-READ-ONLY'));
  assert.ok(proveInclusion(restored.tiles, 'signature', 3, size).length > 0);
  assert.ok(proveConsistency(restored.tiles, 'signature', 300, size).length >= 0);
  await restored.close();
  await store.close();
  const again = await open(target);
  assert.equal(again.state, 'restored');
  await again.close();
});

test('restore takes an empty directory and a backup of ours, and leaves nothing where it refuses', async () => {
  using directory = temporaryDirectory();
  const store = await open(join(directory.path, 'yard'));
  await store.commit(change('a'));
  const file = join(directory.path, 'copy.backup');
  await store.backup(file);
  await store.close();
  const target = join(directory.path, 'target');
  await assert.rejects(restore(file, join(directory.path, 'yard')), (error) =>
    isSealyardError(error, 'SY-STORE-NOT-EMPTY'),
  );
  const damaged = join(directory.path, 'damaged');
  const bytes = readFileSync(file);
  bytes.fill(0x55, 4096 * 2, 4096 * 9);
  writeFileSync(damaged, bytes);
  writeFileSync(join(directory.path, 'text'), 'no backup');
  writeFileSync(join(directory.path, 'empty'), '');
  // The yard's own database is no backup: nothing in it says when it was taken.
  for (const wrong of [
    damaged,
    join(directory.path, 'text'),
    join(directory.path, 'empty'),
    join(directory.path, 'none'),
    join(directory.path, 'yard', DATABASE_FILE),
  ]) {
    await assert.rejects(
      restore(wrong, target),
      (error) => isSealyardError(error, 'SY-STORE-BACKUP-INVALID'),
      wrong,
    );
    assert.ok(!existsSync(target) || readdirSync(target).length === 0);
  }
  mkdirSync(target, { recursive: true });
  await restore(file, target);
  assert.deepEqual(readdirSync(target), [DATABASE_FILE]);
});

test('each log has its own entries and sizes', async () => {
  using directory = temporaryDirectory();
  const store = await open(directory.path);
  await store.commit(change('a'));
  const sizes = (['certificate', 'signature', 'audit'] satisfies LogName[]).map(
    (log) => store.tiles.head(log).size,
  );
  assert.deepEqual(sizes, [0, 1, 1]);
  await store.close();
});
