// SIGKILL at a random moment under load, again and again on one data directory: whatever the yard answered is there.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DoorClient } from '../driver/client.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { startDocumentedYard } from '../interop/stage.ts';
import { load, noPromises, openJob, type Promises } from './yard-load.ts';
import { checkPromises, noHeads } from './yard-oracle.ts';

const KILLS = Number(process.env['SEALYARD_KILLS'] ?? 5);
const LONGEST_LOAD_MS = 1_500;

/** After so many kills a new yard begins, since what is checked after each kill grows with all that was answered. */
const KILLS_OF_ONE_YARD = 20;

test(`a yard killed ${KILLS} times under load keeps every answer and never contradicts itself`, async (t) => {
  const answered = { certificates: 0, entries: 0, tokens: 0, unanswered: 0 };
  for (let done = 0; done < KILLS; done += KILLS_OF_ONE_YARD) {
    const promises = await killOneYard(Math.min(KILLS_OF_ONE_YARD, KILLS - done));
    answered.certificates += promises.certificates.length;
    answered.entries += promises.entries.length;
    answered.tokens += promises.tokenIds.length;
    answered.unanswered += promises.unanswered;
  }
  const { certificates, entries, tokens, unanswered } = answered;
  assert.ok(certificates > 0 && entries > 0 && tokens > 0, 'each kind of request was answered');
  t.diagnostic(
    `${certificates} certificates, ${entries} entries and ${tokens} tokens were answered over ${KILLS} kills; ${unanswered} requests got no answer`,
  );
});

async function killOneYard(kills: number): Promise<Promises> {
  using folder = temporaryFolder('kill');
  const data = folder.file('yard');
  const promises = noPromises();
  const heads = noHeads();
  for (let kill = 0; kill < kills; kill++) {
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
  return promises;
}
