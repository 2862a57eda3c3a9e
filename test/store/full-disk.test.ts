// A full disk or a directory that cannot be written is an error on the request, and over when it is over.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSealyardError } from '../../src/ground/errors.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { CONTRACT_TABLES, event, leafOf, THINGS, thing } from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';
import { CLOCK, temporaryDirectory } from './directory.ts';

/** Mounts a file system of 4 MiB, where this machine lets us. */
function mountSmall(path: string): boolean {
  mkdirSync(path);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path]).status === 0;
}

test('with a full disk each request gets SY-STORE-UNAVAILABLE, reads go on, and space makes it well', async (t) => {
  using directory = temporaryDirectory();
  const mount = join(directory.path, 'small');
  if (!mountSmall(mount)) return t.skip('this user may not mount a small file system');
  let store: Store | undefined;
  try {
    const yard = await openStore({ directory: join(mount, 'yard'), clock: CLOCK, tables: CONTRACT_TABLES });
    store = yard;
    const commit = (id: string) =>
      yard.commit({
        puts: [thing(id, { body: new Uint8Array(4000) })],
        leaves: [leafOf(id)],
        events: [event(id)],
      });
    await commit('first');
    const filler = join(mount, 'filler');
    const { bavail, bsize } = statfsSync(mount);
    writeFileSync(filler, new Uint8Array(bavail * bsize - 200 * 1024));
    let acknowledged = 1;
    const failures: unknown[] = [];
    for (let i = 0; i < 200; i++) {
      const settled = await Promise.allSettled([commit(`${i}-a`), commit(`${i}-b`)]);
      for (const one of settled) {
        if (one.status === 'fulfilled') acknowledged++;
        else failures.push(one.reason);
      }
    }
    assert.ok(
      failures.length > 0 && failures.every((error) => isSealyardError(error, 'SY-STORE-UNAVAILABLE')),
    );
    assert.ok(failures.every((error) => isSealyardError(error) && error.retryAfterSeconds === 1));
    assert.ok(yard.counters().failedCommits > 0);
    assert.ok(yard.records.get(THINGS, { id: 'first' }));
    checkLog({ tiles: yard.tiles, log: 'signature', atLeast: acknowledged });
    rmSync(filler);
    const receipt = await commit('after');
    assert.equal(yard.records.count(THINGS), acknowledged + 1);
    assert.equal(receipt.leaves[0]?.index, acknowledged);
    checkLog({ tiles: yard.tiles, log: 'signature', atLeast: acknowledged + 1 });
  } finally {
    await store?.close();
    spawnSync('umount', [mount]);
  }
});

/** Tries to open `directory` as the user `nobody` and answers the code that it got. */
function openAsNobody(directory: string): string {
  const program = `
    import { openStore } from ${JSON.stringify(new URL('../../src/store/open.ts', import.meta.url).href)};
    try { await (await openStore({ directory: process.argv[1], clock: { now: () => new Date() } })).close(); console.log('opened'); }
    catch (error) { console.log(error.code); }`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, directory], {
    encoding: 'utf8',
    ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
  });
  // A Node below a folder that is closed to others cannot be started by them.
  return child.error === undefined ? child.stdout.trim() : '';
}

test('a directory that may not be written is unavailable, and opens once it may', (t) => {
  using directory = temporaryDirectory();
  chmodSync(directory.path, 0o755);
  const yard = join(directory.path, 'yard');
  mkdirSync(yard, { mode: 0o555 });
  const first = openAsNobody(yard);
  if (first === '') return t.skip('another user cannot run this source tree');
  assert.equal(first, 'SY-STORE-UNAVAILABLE');
  if (process.getuid?.() === 0) chownSync(yard, 65_534, 65_534);
  chmodSync(yard, 0o755);
  assert.equal(openAsNobody(yard), 'opened');
});
