// A thousand at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { entryOf, runYard } from './running.ts';

test('1,000 entries at once are all answered, each with an index of its own', async () => {
  const running = await runYard();
  const bodies = Array.from({ length: 1000 }, (_, i) => entryOf(`entry ${i}`));
  const answers = await Promise.all(
    bodies.map((body) => running.ask('POST', '/api/v2/log/entries', { body })),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  assert.equal(new Set(answers.map((answer) => answer.json()['logIndex'])).size, 1000);
  await running.close();
});
