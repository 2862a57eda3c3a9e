// A yard from a backup: it serves, verifies and reports what it no longer knows, and neither issues nor appends.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { REAL_CLOCK } from '../../src/server/clock.ts';
import { restoreStore } from '../../src/store/restore.ts';
import { bearer, entryOf, newKey, type RunningYard, runYard, signingRequest } from './running.ts';

async function restoredCopy(of: RunningYard, folder: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'sealyard-restored-'));
  await restoreStore({ backupFile: join(folder, 'records.db'), directory, clock: REAL_CLOCK });
  cpSync(join(folder, 'keys'), join(directory, 'keys'), { recursive: true });
  copyFileSync(join(folder, 'policy.yaml'), join(directory, 'policy.yaml'));
  // Not in the backup: whoever restores brings it.
  copyFileSync(of.file('unlock-secret'), join(directory, 'unlock-secret'));
  return directory;
}

test('a restored yard serves what it knows, says what it does not, and refuses to issue or append', async () => {
  const first = await runYard({ development: true });
  const token = await first.jobToken('acme/shop');
  const administrator = await first.administrator();
  const written = await first.ask('POST', '/api/v2/log/entries', { body: entryOf('before') });
  assert.equal(written.status, 201);
  const folder = String((await first.admin('POST', '/admin/v1/backup', {})).json()['path']);
  const { publicUrl, rootFingerprint } = first.yard;
  const directory = await restoredCopy(first, folder);
  await first.close();

  const restored = await runYard({ development: true }, { directory });
  assert.equal(restored.yard.publicUrl, publicUrl);
  assert.equal(restored.yard.rootFingerprint, rootFingerprint);
  assert.match(restored.yard.notices.join('\n'), /restored from a backup/);
  assert.equal((await restored.ask('GET', '/api/v2/checkpoint')).status, 200);
  assert.equal((await restored.ask('GET', '/trusted_root.json')).status, 200);
  assert.equal((await restored.ask('GET', '/readyz')).status, 200);

  const status = (
    await restored.ask('GET', '/admin/v1/status', { headers: bearer(administrator) })
  ).json() as {
    problems: { code: string }[];
    restored: { unknownFrom: { signature: number } };
  };
  assert.deepEqual(
    status.problems.map(({ code }) => code),
    ['SY-STORE-READ-ONLY'],
  );
  assert.equal(status.restored.unknownFrom.signature, 1);

  const refused = [
    await restored.ask('POST', '/api/v2/signingCert', {
      headers: bearer(token),
      body: signingRequest(newKey(), 'acme/shop'),
    }),
    await restored.ask('POST', '/api/v2/log/entries', { body: entryOf('after') }),
    await restored.ask('POST', '/admin/v1/tokens', { headers: bearer(administrator), body: { name: 'x' } }),
  ];
  for (const answer of refused) {
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.text, /SY-STORE-READ-ONLY/);
  }
  await restored.yard.close();
  rmSync(directory, { recursive: true, force: true });
});
