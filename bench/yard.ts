// A yard for measuring: the built program on one core, in a folder of its own, with clients and tokens enough.
import { readFileSync } from 'node:fs';
import { AdminClient } from '../test/driver/admin.ts';
import { type Answer, certificateRequest, DoorClient, newKey } from '../test/driver/client.ts';
import { type Folder, temporaryFolder } from '../test/driver/folder.ts';
import type { RunningYard } from '../test/driver/yard.ts';
import { SUBJECT, startDocumentedYard } from '../test/interop/stage.ts';
import type { BenchOptions } from './row.ts';

/** The bound of the yard: certificates that one identity token is good for. */
const CERTIFICATES_PER_TOKEN = 100;
const KEYS = 64;

export interface BenchYard extends AsyncDisposable {
  readonly yard: RunningYard;
  readonly folder: Folder;
  /** One keep-alive connection each. */
  clients(count: number): readonly DoorClient[];
}

export async function openBenchYard(o: BenchOptions, registryHost?: string): Promise<BenchYard> {
  const folder = temporaryFolder('bench');
  const yard = await startDocumentedYard(folder.file('yard'), registryHost, { wrapper: o.serverWrapper });
  const opened: DoorClient[] = [];
  return {
    yard,
    folder,
    clients: (count) => {
      const { url, rootsPem: roots } = yard;
      const clients = Array.from({ length: count }, () => new DoorClient({ url, roots }));
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

/** Keyless requests made beforehand: tokens, keys and proofs, so that the driver only sends. */
export class KeylessRequests {
  readonly #tokens: readonly string[];
  readonly #bodies: readonly string[];
  #used = 0;

  private constructor(tokens: readonly string[], bodies: readonly string[]) {
    this.#tokens = tokens;
    this.#bodies = bodies;
  }

  static async make(yard: RunningYard, count: number): Promise<KeylessRequests> {
    const admin = await AdminClient.of(yard);
    const tokens: string[] = [];
    while (tokens.length * CERTIFICATES_PER_TOKEN < count) tokens.push(await admin.jobToken(SUBJECT));
    admin.close();
    const [token = ''] = tokens;
    // The proof is over the subject, which all the tokens share.
    return new KeylessRequests(
      tokens,
      Array.from({ length: KEYS }, () => certificateRequest(token, newKey())),
    );
  }

  /** Asks for one certificate. The tokens take turns, as jobs do. @throws where it is not granted */
  async ask(client: DoorClient | undefined): Promise<void> {
    const number = this.#used++;
    if (number >= this.#tokens.length * CERTIFICATES_PER_TOKEN)
      throw new Error(`more than ${number} certificates: mint more tokens`);
    const token = this.#tokens[number % this.#tokens.length] ?? '';
    const body = this.#bodies[number % KEYS] ?? '';
    const authorization = `Bearer ${token}`;
    const answer = await client?.post('/api/v2/signingCert', 'application/json', body, { authorization });
    demand(answer, 200);
  }
}

/** @throws where the answer has another status */
export function demand(answer: Answer | undefined, status: number): Buffer {
  if (answer?.status !== status)
    throw new Error(`${answer?.status}: ${answer?.body.toString().slice(0, 500)}`);
  return answer.body;
}

/** Resident memory of a process in MiB (Linux). */
export function residentMiB(pid: number | undefined): number {
  if (pid === undefined) throw new TypeError('the process did not start');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
