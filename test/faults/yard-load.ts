// Load on a yard until it dies: certificates, log entries and service tokens, and a note of all that it answered.
import { createHash, type KeyObject, sign } from 'node:crypto';
import { AdminClient } from '../driver/admin.ts';
import { type LogEntryJson, leafOf } from '../driver/bundle.ts';
import { DoorClient, newKey } from '../driver/client.ts';
import type { RunningYard } from '../driver/yard.ts';
import { SUBJECT } from '../interop/stage.ts';

/** What the yard has promised: each of these was answered as done. */
export interface Promises {
  readonly certificates: Buffer[];
  readonly entries: LogEntryJson[];
  readonly tokenIds: string[];
  /** Requests whose answer never came: they may be done or not. */
  unanswered: number;
}

export function noPromises(): Promises {
  return { certificates: [], entries: [], tokenIds: [], unanswered: 0 };
}

/** What the requests need; made before the killing begins. */
export interface Job {
  readonly admin: AdminClient;
  readonly token: string;
}

export async function openJob(yard: RunningYard): Promise<Job> {
  const admin = await AdminClient.of(yard);
  return { admin, token: await admin.jobToken(SUBJECT) };
}

/** Asks with `clients` at once until `isOver` says so or the yard is gone. */
export async function load(
  yard: RunningYard,
  o: { readonly clients: number; readonly job: Job; readonly isOver: () => boolean },
  promises: Promises,
): Promise<void> {
  const { admin, token } = o.job;
  const key = newKey();
  const kinds = [
    (client: DoorClient) => askCertificate(client, token, promises),
    (client: DoorClient) => askEntry(client, key.privateKey, key.publicPem, promises),
    () => askToken(admin, promises),
  ];
  await Promise.all(
    Array.from({ length: o.clients }, async (_, i) => {
      const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
      for (let turn = i; !o.isOver(); turn++) {
        const ask = kinds[turn % kinds.length];
        try {
          await ask?.(client);
        } catch {
          promises.unanswered++;
          break;
        }
      }
      client.close();
    }),
  );
  admin.close();
}

async function askCertificate(client: DoorClient, token: string, promises: Promises): Promise<void> {
  const { status, body } = await client.certificate(token, newKey());
  if (status === 200) promises.certificates.push(leafOf(body));
  // A token is good for a bounded number of certificates; the other kinds of request go on.
  else if (status !== 429) throw new Error(`certificate: ${status} ${body.toString()}`);
}

async function askEntry(
  client: DoorClient,
  privateKey: KeyObject,
  publicPem: string,
  promises: Promises,
): Promise<void> {
  const message = Buffer.from(
    `entry ${performance.timeOrigin} ${performance.now()} ${promises.entries.length} ${Math.random()}`,
  );
  const publicKey = Buffer.from(publicPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  const { status, body } = await client.logEntry({
    digest: createHash('sha256').update(message).digest(),
    signature: sign('sha256', message, privateKey),
    verifier: { publicKey },
  });
  if (status !== 201) throw new Error(`entry: ${status} ${body.toString()}`);
  promises.entries.push(JSON.parse(body.toString()) as LogEntryJson);
}

let tokens = 0;

async function askToken(admin: AdminClient, promises: Promises): Promise<void> {
  const { status, body } = await admin.post('/admin/v1/tokens', {
    name: `load-${process.pid}-${tokens++}`,
    lifetimeSeconds: 3600,
  });
  if (status !== 201) throw new Error(`token: ${status} ${body.toString()}`);
  promises.tokenIds.push((JSON.parse(body.toString()) as { id: string }).id);
}
