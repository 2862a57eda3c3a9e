// A lock between processes for the set-up step: whoever holds it keeps touching it, so a dead holder is noticed
// without trusting process ids (which containers that share a folder reuse).
import { mkdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const TOUCH_EVERY_MS = 1_000;
const POLL_EVERY_MS = 100;
/** Measured on the waiter's own monotonic clock, which stands still while a laptop sleeps. */
const DEAD_AFTER_MS = 15_000;

/**
 * Runs `work` while holding the lock at `path` (a directory; making one is atomic everywhere).
 * `onWait` is called once when somebody else holds it.
 */
export async function withLock(path, work, onWait = () => {}) {
  mkdirSync(dirname(path), { recursive: true });
  await acquire(path, onWait);
  const touching = setInterval(() => touch(path), TOUCH_EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(touching);
    rmSync(path, { recursive: true, force: true });
  }
}

async function acquire(path, onWait) {
  let seen;
  while (!tryMake(path)) {
    if (seen === undefined) onWait();
    const state = stateOf(path);
    if (state === undefined) continue;
    if (state !== seen?.state) seen = { state, since: performance.now() };
    else if (performance.now() - seen.since > DEAD_AFTER_MS) takeAway(path, state);
    await sleep(POLL_EVERY_MS);
  }
}

function tryMake(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function stateOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.ino}@${stat.mtimeMs}`;
}

// Of several waiters only one can rename the dead lock. If it was alive after all (touched, or somebody else's new
// one, between look and rename) it is put back.
function takeAway(path, deadState) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (stateOf(aside) !== deadState) renameSync(aside, path);
  else rmSync(aside, { recursive: true, force: true });
}

function touch(path) {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // Taken away: the set-up that took over redoes the work, and the stamps keep the result right.
  }
}
