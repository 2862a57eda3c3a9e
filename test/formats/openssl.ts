// The openssl program as a second opinion in tests: runs in a folder of its own, which goes away afterwards.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** For `test(name, { skip })`: a reason where the machine has no openssl of version 3. */
export const noOpenssl: string | false = /^OpenSSL 3\./.test(
  spawnSync('openssl', ['version']).stdout?.toString() ?? '',
)
  ? false
  : 'openssl 3 is not installed';

export interface Answer {
  readonly status: number | null;
  /** Standard output and error, in this order. */
  readonly text: string;
}

/** Runs `openssl ARGS` beside the given files. */
export function openssl(
  args: readonly string[],
  files: Readonly<Record<string, Uint8Array | string>>,
): Answer {
  const folder = mkdtempSync(join(tmpdir(), 'sealyard-openssl-'));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const ran = spawnSync('openssl', args, {
      cwd: folder,
      timeout: 20_000,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return { status: ran.status, text: ran.stdout.toString('latin1') + ran.stderr.toString('latin1') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
