// A throw-away folder that goes away with the test.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Folder extends Disposable {
  readonly path: string;
  file(name: string): string;
}

export function temporaryFolder(purpose: string): Folder {
  const path = mkdtempSync(join(tmpdir(), `sealyard-${purpose}-`));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
