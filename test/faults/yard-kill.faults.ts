// SIGKILL at a random moment under load, again and again on one data directory: whatever the yard answered is there.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DoorClient } from '../driver/client.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { startDocumentedYard } from '../interop/stage.ts';
import { load, noPromises, openJob } from './yard-load.ts';
import { checkPromises, noHeads } from './yard-oracle.ts';

const KILLS = Number(process.env['SEALYARD_KILLS'] ?? 5);
const LONGEST_LOAD_MS = 1_500;

test(`a yard killed ${KILLS} times under load keeps every answer and never contradicts itself`, async (t) => {
  using folder = temporaryFolder('kill');
  const data = folder.file('yard');
  const promises = noPromises();
  const heads = noHeads();
  for (let kill = 0; kill < KILLS; kill++) {
    const yard = await startDocumentedYard(data);
    const job = await openJob(yard);
    // One client alone waits for each commit; many share them.
    const under = load(
      yard,
      { clients: [1, 6, 24][kill % 3] ?? 1, job, isOver: () => yard.child.signalCode !== null },
      promises,
    );
    await sleep(randomInt(20, LONGEST_LOAD_MS));
    await yard.kill();
    await under;
    await checkPromises(data, promises, heads);
  }
  const yard = await startDocumentedYard(data);
  const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
  assert.equal((await client.get('/readyz')).status, 200);
  const [, size] = (await client.get('/api/v2/checkpoint')).body.toString().split('\n');
  assert.ok(Number(size) >= promises.entries.length, 'the checkpoint covers every answered entry');
  client.close();
  await yard.stop();
  await checkPromises(data, promises, heads);
  const { certificates, entries, tokenIds, unanswered } = promises;
  assert.ok(
    certificates.length > 0 && entries.length > 0 && tokenIds.length > 0,
    'each kind of request was answered',
  );
  t.diagnostic(
    `${certificates.length} certificates, ${entries.length} entries and ${tokenIds.length} tokens were answered over ${KILLS} kills; ${unanswered} requests got no answer`,
  );
});
