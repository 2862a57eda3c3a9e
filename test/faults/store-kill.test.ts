// kill -9 at a random moment under load: what was acknowledged is there, and the logs never went back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { verifyInclusion } from '../../src/formats/merkle.ts';
import { concat, equalBytes, fromHex, fromUtf8, toUtf8 } from '../../src/ground/bytes.ts';
import type { TreeHead } from '../../src/log/ports.ts';
import { openStore } from '../../src/store/open.ts';
import type { Store } from '../../src/store/store.ts';
import { CONTRACT_TABLES, THINGS } from '../contract/store.ts';
import { checkLog } from '../oracle/log.ts';
import { CLOCK, temporaryDirectory } from '../store/directory.ts';
import type { Promised } from './store-writer.ts';

const KILLS = Number(process.env['SEALYARD_KILLS'] ?? 2);
/** Then a fresh one, since each check goes over all that the yard holds. */
const KILLS_A_YARD = 8;
const PROGRAM = fileURLToPath(new URL('./store-writer.ts', import.meta.url));

test(`after each of ${KILLS} kills under load, all that was acknowledged is there and nothing contradicts it`, async (t) => {
  let acknowledged = 0;
  for (let done = 0; done < KILLS; done += KILLS_A_YARD)
    acknowledged += await killOneYard(Math.min(KILLS_A_YARD, KILLS - done));
  assert.ok(acknowledged > 0);
  t.diagnostic(`${acknowledged} changes were acknowledged over ${KILLS} kills`);
});

/** Kills writers of one data directory one after the other, and checks everything after each. */
async function killOneYard(kills: number): Promise<number> {
  using directory = temporaryDirectory();
  const promises: Promised[] = [];
  for (let run = 0; run < kills; run++) {
    promises.push(...(await runAndKill(directory.path, run)));
    const store = await openStore({
      directory: join(directory.path, 'yard'),
      clock: CLOCK,
      tables: CONTRACT_TABLES,
    });
    try {
      checkPromises(store, promises);
    } finally {
      await store.close();
    }
  }
  return promises.length;
}

/** Starts a writer, kills it within half a second of its start of work, and answers what it had promised by then. */
async function runAndKill(directory: string, run: number): Promise<Promised[]> {
  const clients = run % 3 === 0 ? '1' : '64';
  const journal = join(directory, `journal-${run}`);
  const child = spawn(process.execPath, [PROGRAM, join(directory, 'yard'), `${run}`, clients, journal], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [ready] = await once(child.stdout, 'data');
  assert.equal(`${ready}`, 'ready\n');
  await sleep(randomInt(5, 500));
  assert.equal(child.exitCode, null, 'the writer ended by itself');
  child.kill('SIGKILL');
  await ended;
  // The last line may be cut: what was not said whole was not promised.
  return readFileSync(journal, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): Promised => JSON.parse(line));
}

function checkPromises(store: Store, promises: readonly Promised[]): void {
  const heads: Record<'signature' | 'certificate', Map<number, TreeHead>> = {
    signature: new Map(),
    certificate: new Map(),
  };
  const indexes = new Set<string>();
  for (const { id, leaves, eventIndexes } of promises) {
    for (const { log, index, size, leafHash, root, proof } of leaves) {
      assert.ok(log !== 'audit' && !indexes.has(`${log} ${index}`), `${log} ${index} was given twice`);
      indexes.add(`${log} ${index}`);
      const stored = store.tiles.entry(log, index) ?? new Uint8Array();
      assert.ok(
        equalBytes(stored, expectedEntry(log, id, index)),
        `${log} ${index} is not what was answered`,
      );
      const claim = { index, size, leafHash: bytes(leafHash), proof: proof.map(bytes), root: bytes(root) };
      assert.ok(verifyInclusion(claim), 'a proof from before the kill');
      heads[log].set(size, { size, rootHash: claim.root });
    }
    assert.equal(store.records.get(THINGS, { id })?.['log_index'], leaves[0]?.index, id);
    for (const index of eventIndexes)
      assert.match(
        fromUtf8(store.tiles.entry('audit', index) ?? new Uint8Array()) ?? '',
        new RegExp(`"id":"${id}"`),
      );
  }
  const seen = (log: 'signature' | 'certificate') => [...heads[log].values()].slice(-10);
  const { tiles } = store;
  const { size } = checkLog({ tiles, log: 'signature', seen: seen('signature') });
  checkLog({ tiles, log: 'certificate', seen: seen('certificate'), hashedOf: hashedCertificate });
  checkLog({ tiles, log: 'audit' });
  // One transaction: rows, leaves and events of a change come together or not at all.
  assert.equal(store.records.count(THINGS), size);
  assert.equal(tiles.head('certificate').size, size);
  assert.equal(tiles.head('audit').size, size);
}

function expectedEntry(log: 'signature' | 'certificate', id: string, index: number): Uint8Array {
  return log === 'signature' ? toUtf8(`signature ${id}`) : concat(fiveOctets(index), toUtf8(`s ${id}`));
}

/** What was hashed differs from what is stored by one letter behind the index. */
function hashedCertificate(stored: Uint8Array): Uint8Array {
  return concat(stored.subarray(0, 5), toUtf8('h'), stored.subarray(6));
}

function fiveOctets(index: number): Uint8Array {
  return Uint8Array.from([4, 3, 2, 1, 0], (octet) => Math.floor(index / 256 ** octet) % 256);
}

function bytes(hex: string): Uint8Array {
  return fromHex(hex) ?? assert.fail('no hex');
}
