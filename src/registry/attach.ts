// Attaching a referrer; where the registry keeps no list of its own, the fallback tag's index is written against others.

import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Descriptor, type ImageReference, MEDIA_TYPES, referrersTag } from '../formats/oci.ts';
import { SealyardError } from '../ground/errors.ts';
import { isObject, type Json, type JsonObject } from '../ground/json.ts';
import type { ReachResponse } from '../reach/reach.ts';
import { indexBytes, readDocument, referrerDescriptor, subjectOf } from './content.ts';
import { type ReferrersQuery, readFallback } from './referrers.ts';
import { MAX_REFERRERS } from './registry.ts';
import type { RemoteRegistry } from './remote.ts';
import type { Session } from './session.ts';

const ATTEMPTS = 10;
const SHORTEST_SETTLE_MS = 30;
const LONGEST_SETTLE_MS = 1000;

/** Pushes the referrer and, where the registry does not list it by itself, lists it under the fallback tag. */
export async function attachRemote(o: {
  readonly registry: RemoteRegistry;
  readonly session: Session;
  readonly ref: ImageReference;
  readonly manifest: Uint8Array;
  readonly signal: AbortSignal | undefined;
}): Promise<Descriptor> {
  const digest = subjectOf(o.manifest);
  const written = await o.registry.write(o.ref, o.manifest, {
    mediaType: MEDIA_TYPES.manifest,
    signal: o.signal,
  });
  if (written.listsSubject) return written.descriptor;
  const repository = o.registry.repositoryOf(o.ref);
  await listInFallback({ ...o, query: { session: o.session, repository, digest, signal: o.signal } });
  return written.descriptor;
}

interface FallbackListing {
  readonly registry: RemoteRegistry;
  readonly ref: ImageReference;
  readonly manifest: Uint8Array;
  readonly query: ReferrersQuery;
}

/**
 * Lists a referrer under the fallback tag. Most registries cannot compare and swap a tag, so two writers can lose each
 * other's entry; a writer who read before our write and writes after it needs about as long as we did, so we look
 * again after a multiple of that time and start over when our entry is gone. Where the registry gives an ETag, the
 * write is conditional as well.
 * @throws SealyardError `SY-REGISTRY-CONFLICT`
 */
async function listInFallback(o: FallbackListing): Promise<void> {
  const entry = referrerDescriptor(o.manifest, MEDIA_TYPES.manifest);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const startedMs = performance.now();
    const current = await readFallback(o.query);
    if (!isListed(current, entry) && !(await addEntry(o, current, entry))) {
      await settle(SHORTEST_SETTLE_MS, o.query.signal);
      continue;
    }
    await settle(performance.now() - startedMs, o.query.signal);
    if (isListed(await readFallback(o.query), entry)) return;
  }
  throw new SealyardError('SY-REGISTRY-CONFLICT', referrersTag(o.query.digest));
}

/** Whether the write went through. */
async function addEntry(
  o: FallbackListing,
  current: ReachResponse | undefined,
  entry: JsonObject,
): Promise<boolean> {
  const etag = current?.headers.get('etag') ?? undefined;
  const written = await o.registry.write(o.ref, indexBytes(withEntry(current, entry)), {
    mediaType: MEDIA_TYPES.index,
    tag: referrersTag(o.query.digest),
    ...(etag === undefined ? {} : { ifMatch: etag }),
    signal: o.query.signal,
  });
  return !written.overtaken;
}

/** The index with our entry at its end; what others wrote stays as they wrote it. */
function withEntry(current: ReachResponse | undefined, entry: JsonObject): JsonObject {
  const document = current === undefined ? {} : readDocument(current.body);
  const kept = entriesOf(document).filter(
    (other) => !(isObject(other) && other['digest'] === entry['digest']),
  );
  if (kept.length >= MAX_REFERRERS)
    throw new SealyardError('SY-REGISTRY-TOO-LARGE', `${kept.length} referrers under the fallback tag`);
  return { ...document, schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests: [...kept, entry] };
}

function isListed(current: ReachResponse | undefined, entry: JsonObject): boolean {
  if (current === undefined) return false;
  return entriesOf(readDocument(current.body)).some(
    (other) => isObject(other) && other['digest'] === entry['digest'],
  );
}

function entriesOf(document: JsonObject): readonly Json[] {
  const manifests = document['manifests'];
  // What stands under this tag but is no index was not written by a client of ours; it is not overwritten.
  if (manifests !== undefined && !Array.isArray(manifests))
    throw new SealyardError('SY-REGISTRY-ANSWER', 'the fallback tag holds no list');
  if (document['config'] !== undefined)
    throw new SealyardError('SY-REGISTRY-ANSWER', 'the fallback tag holds an image');
  return Array.isArray(manifests) ? manifests : [];
}

async function settle(tookMs: number, signal: AbortSignal | undefined): Promise<void> {
  const waitMs = Math.min(LONGEST_SETTLE_MS, Math.max(SHORTEST_SETTLE_MS, 3 * tookMs)) * (1 + Math.random());
  await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
}
