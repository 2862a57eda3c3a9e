// A yard for measuring: the built program on one core, in a folder of its own, with tokens enough.
import { readFileSync } from 'node:fs';
import { AdminClient } from '../test/driver/admin.ts';
import { DoorClient } from '../test/driver/client.ts';
import { type Folder, temporaryFolder } from '../test/driver/folder.ts';
import type { RunningYard } from '../test/driver/yard.ts';
import { SUBJECT, startDocumentedYard } from '../test/interop/stage.ts';
import type { BenchOptions } from './row.ts';

/** The bound of the yard: certificates that one identity token is good for. */
const CERTIFICATES_PER_TOKEN = 100;

export interface BenchYard extends AsyncDisposable {
  readonly yard: RunningYard;
  readonly folder: Folder;
  clients(count: number): DoorClient[];
}

export async function openBenchYard(o: BenchOptions, registryHost?: string): Promise<BenchYard> {
  const folder = temporaryFolder('bench');
  const yard = await startDocumentedYard(folder.file('yard'), registryHost, { wrapper: o.serverWrapper });
  const opened: DoorClient[] = [];
  return {
    yard,
    folder,
    clients: (count) => {
      const clients = Array.from(
        { length: count },
        () => new DoorClient({ url: yard.url, roots: yard.rootsPem }),
      );
      opened.push(...clients);
      return clients;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of opened) client.close();
      await yard.stop();
      folder[Symbol.dispose]();
    },
  };
}

/** Hands out job tokens, each as often as the yard accepts it, minting the next ones beforehand. */
export class Tokens {
  readonly #tokens: string[] = [];
  #used = 0;

  static async mint(yard: RunningYard, certificates: number): Promise<Tokens> {
    const tokens = new Tokens();
    const admin = await AdminClient.of(yard);
    const count = Math.ceil(certificates / CERTIFICATES_PER_TOKEN);
    for (let i = 0; i < count; i++) tokens.#tokens.push(await admin.jobToken(SUBJECT));
    admin.close();
    return tokens;
  }

  next(): string {
    const token = this.#tokens[Math.floor(this.#used++ / CERTIFICATES_PER_TOKEN)];
    if (token === undefined) throw new Error(`more than ${this.#used} certificates: mint more tokens`);
    return token;
  }
}

/** Resident memory of a process in MiB (Linux). */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
