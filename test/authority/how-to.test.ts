// The page "Bring your own root" does what it says: its commands are run as they are printed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import { test } from 'node:test';
import { leaveAddresses } from '../../src/cli/addresses.ts';
import { openssl } from '../clients/openssl.ts';
import { temporaryFolder } from '../driver/folder.ts';
import { runYard } from '../server/running.ts';

const installed = await openssl.install();

/** In this process runs the yard that the commands talk to: the shell must not block it. */
function runShell(script: string, o: { readonly cwd: string; readonly path: string; readonly data: string }) {
  return new Promise<{ readonly status: number | null; readonly text: string }>((done, fail) => {
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: o.cwd,
      env: { PATH: o.path, HOME: o.cwd, LC_ALL: 'C', SEALYARD_DATA: o.data },
      timeout: 60_000,
    });
    let text = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    shell.on('error', fail);
    shell.on('close', (status) => done({ status, text }));
  });
}

test('every command of the page works, in its order', {
  skip: 'skip' in installed ? installed.skip : false,
}, async () => {
  const page = readFileSync('docs/how-to/bring-your-own-root.md', 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  assert.ok(blocks.length > 8);
  const running = await runYard();
  leaveAddresses(running.directory, running.yard);
  using folder = temporaryFolder('how-to');
  const program = folder.file('sealyard');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('bin/sealyard')}' "$@"\n`);
  chmodSync(program, 0o755);
  const path = `${folder.path}${delimiter}${process.env['PATH'] ?? ''}`;
  // The yard's clock and openssl's are one: what is made in this second is valid in it.
  for (const block of blocks) {
    const ran = await runShell(block, { cwd: folder.path, path, data: running.directory });
    assert.equal(ran.status, 0, `${block}\n${ran.text}`);
    assert.doesNotMatch(ran.text, /BEGIN [A-Z ]*PRIVATE/);
  }
  const cross = readFileSync(folder.file('edge-chain-by-root-1.pem'), 'utf8');
  assert.equal(cross.match(/BEGIN CERTIFICATE/g)?.length, 3);
  await running.close();
});
