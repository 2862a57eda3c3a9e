// Sends bent requests to every door of a running yard: each is answered, soon, and never with a fault of ours.

import { DoorClient } from '../driver/client.ts';
import type { RunningYard } from '../driver/yard.ts';
import { reviewOf } from '../interop/admission.ts';
import { mutate, mutateJson, SeededRandom } from './mutate.ts';
import type { Seeds } from './seeds.ts';
import type { Crash, Found } from './types.ts';

const ANSWER_MS = 5_000;

interface Door {
  readonly path: string;
  readonly contentType: string;
  readonly kind: 'bytes' | 'json' | 'path';
  /** Name of its seeds, or the seeds. */
  readonly seeds: string | readonly string[];
  readonly bearer?: boolean;
}

const DOORS: readonly Door[] = [
  {
    path: '/api/v2/signingCert',
    contentType: 'application/json',
    kind: 'json',
    seeds: 'certificate-request',
    bearer: true,
  },
  {
    path: '/api/v1/signingCert',
    contentType: 'application/json',
    kind: 'json',
    seeds: 'certificate-request',
    bearer: true,
  },
  { path: '/api/v2/log/entries', contentType: 'application/json', kind: 'json', seeds: 'entry-request' },
  {
    path: '/api/v1/timestamp',
    contentType: 'application/timestamp-query',
    kind: 'bytes',
    seeds: 'timestamp-request',
  },
  {
    path: '/api/v1/timestamp',
    contentType: 'application/json',
    kind: 'json',
    seeds: ['{"artifactHash":"AA==","hashAlgorithm":"sha256"}'],
  },
  {
    path: '/admission/validate',
    contentType: 'application/json',
    kind: 'json',
    seeds: [reviewOf(['127.0.0.1:1/a'], 'shop', 'uid')],
  },
  {
    path: '/admission/mutate',
    contentType: 'application/json',
    kind: 'json',
    seeds: [reviewOf(['127.0.0.1:1/a'], 'shop', 'uid')],
  },
  {
    path: '/admin/v1/tokens',
    contentType: 'application/json',
    kind: 'json',
    seeds: ['{"name":"x","lifetimeSeconds":60}'],
  },
  {
    path: '',
    contentType: '',
    kind: 'path',
    seeds: [
      '/api/v2/tile/0/000.p/1',
      '/api/v2/tile/entries/000',
      '/ct/tile/data/x001/000',
      '/ct/issuer/00',
      '/api/v1/log/entries?logIndex=0',
      '/oidc/.well-known/openid-configuration',
      '/trusted_root.json',
      '/admin/v1/status',
    ],
  },
];

export async function fuzzDoors(o: {
  readonly yard: RunningYard;
  readonly seed: number;
  readonly seeds: Seeds;
  readonly token: string;
  readonly seconds: number;
}): Promise<Found> {
  const random = new SeededRandom(o.seed);
  const client = new DoorClient({ url: o.yard.url, roots: o.yard.rootsPem });
  const until = performance.now() + o.seconds * 1000;
  const crashes = new Map<string, Crash>();
  let inputs = 0;
  while (performance.now() < until && isRunning(o.yard)) {
    const door = DOORS[inputs++ % DOORS.length];
    if (door === undefined) break;
    const input = bentFor(door, o.seeds, random);
    const fault = await ask(
      client,
      door,
      input,
      random.below(8) === 0 ? bentToken(o.token, random) : o.token,
    );
    const target = `door ${door.kind === 'path' ? 'GET' : `POST ${door.path}`}`;
    if (fault !== undefined && !crashes.has(target + fault))
      crashes.set(target + fault, { target, fault, input: new Uint8Array(input) });
  }
  client.close();
  const ending = await endingFault(o.yard);
  if (ending !== undefined) crashes.set('end', { target: 'yard', fault: ending, input: new Uint8Array() });
  return { inputs, crashes: [...crashes.values()] };
}

function bentFor(door: Door, seeds: Seeds, random: SeededRandom): Uint8Array {
  const corpus =
    typeof door.seeds === 'string' ? (seeds[door.seeds] ?? []) : door.seeds.map((text) => Buffer.from(text));
  const start = random.pick(corpus);
  return door.kind === 'json' ? mutateJson(start, random, corpus) : mutate(start, random, corpus);
}

// A header holds visible ASCII; what else is bent into the token could not be sent.
function bentToken(token: string, random: SeededRandom): string {
  const bent = Buffer.from(mutate(Buffer.from(token), random, [Buffer.from(token)])).toString('latin1');
  return bent.replaceAll(/[^\x21-\x7e]/g, '~').slice(0, 12_000);
}

async function ask(
  client: DoorClient,
  door: Door,
  input: Uint8Array,
  token: string,
): Promise<string | undefined> {
  const from = performance.now();
  try {
    const answer =
      door.kind === 'path'
        ? await client.get(pathOf(input))
        : await client.post(
            door.path,
            door.contentType,
            Buffer.from(input),
            door.bearer ? { authorization: `Bearer ${token}` } : {},
          );
    const took = performance.now() - from;
    if (took > ANSWER_MS) return `answered after ${Math.round(took)} ms`;
    if (answer.status === 500 || answer.status === 0)
      return `answered ${answer.status}: ${answer.body.toString().slice(0, 300)}`;
    return undefined;
  } catch (error) {
    // Hanging up on what is too large or malformed is an answer; not answering is not.
    const text = String(error);
    return /ECONNRESET|EPIPE|socket hang up|cut off/.test(text) ? undefined : text;
  }
}

function pathOf(input: Uint8Array): string {
  const text = Buffer.from(input).toString('latin1').slice(0, 8_000);
  return `/${text.replaceAll(/[^\x21-\x7e]|[\\#]/g, '%').replace(/^\/+/, '')}`;
}

function isRunning({ child }: RunningYard): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function endingFault(yard: RunningYard): Promise<string | undefined> {
  if (!isRunning(yard))
    return `the yard ended with ${yard.child.exitCode ?? yard.child.signalCode}: ${yard.said}`;
  const client = new DoorClient({ url: yard.url, roots: yard.rootsPem });
  const { status } = await client.get('/readyz').catch((error: unknown) => ({ status: String(error) }));
  client.close();
  return status === 200 ? undefined : `after the run /readyz answers ${status}`;
}
