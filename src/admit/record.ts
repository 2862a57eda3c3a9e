// What a review leaves behind: a row and an event for each image, all in one change.
import { toHex } from '../ground/bytes.ts';
import type { Change, Put } from '../ground/change.ts';
import type { Actor, Event } from '../ground/events.ts';
import type { Clock, Random } from '../ground/ports.ts';
import type { ImageDecision } from './admit.ts';
import { DECISIONS } from './tables.ts';

const MAX_TEXT = 1024;
const MAX_MESSAGE = 4096;

/** Who asked about what; all of it is the API server's word. */
export interface ReviewContext {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly operation: string;
  readonly user: string;
  readonly reviewUid: string;
}

/** The change that records a review; texts are cut, so that no row can be made large from outside. */
export function recordOf(
  review: ReviewContext,
  images: readonly ImageDecision[],
  o: { readonly clock: Clock; readonly random: Random },
): Change {
  // Life of a signature, step 15: the decision is put on record.
  const timeMs = o.clock.now().getTime();
  const context = cut(review);
  return {
    puts: images.map((image): Put => {
      const id = `${String(timeMs).padStart(13, '0')}-${toHex(o.random.bytes(10))}`;
      return { table: DECISIONS, mode: 'insert', row: rowOf(id, timeMs, context, image) };
    }),
    events: images.map((image) => eventOf(timeMs, context, image)),
  };
}

function rowOf(id: string, timeMs: number, review: ReviewContext, image: ImageDecision): Put['row'] {
  const { decision } = image;
  return {
    id,
    time_ms: timeMs,
    cluster: review.cluster,
    environment: decision.environment,
    namespace: review.namespace,
    kind: review.kind,
    name: review.name,
    operation: review.operation,
    user: review.user,
    review_uid: review.reviewUid,
    path: image.path,
    image: image.image.slice(0, MAX_TEXT),
    digest: image.digest ?? null,
    allowed: decision.allowed ? 1 : 0,
    code: decision.code,
    policy_version: decision.policyVersion,
    bundles: JSON.stringify(image.bundles),
    message: decision.message.slice(0, MAX_MESSAGE),
  };
}

function eventOf(timeMs: number, review: ReviewContext, image: ImageDecision): Event {
  const { decision } = image;
  const actor: Actor = { kind: 'identity', id: review.user, issuer: `cluster:${review.cluster}` };
  return {
    timeMs,
    action: 'admission.decided',
    actor,
    object: { type: 'image', id: image.digest ?? image.image.slice(0, MAX_TEXT) },
    outcome: decision.allowed ? 'done' : 'refused',
    policyVersion: decision.policyVersion,
    data: {
      cluster: review.cluster,
      environment: decision.environment,
      namespace: review.namespace,
      kind: review.kind,
      name: review.name,
      operation: review.operation,
      reviewUid: review.reviewUid,
      path: image.path,
      image: image.image.slice(0, MAX_TEXT),
      code: decision.code,
      message: decision.message.slice(0, MAX_MESSAGE),
      bundles: image.bundles,
    },
  };
}

function cut(review: ReviewContext): ReviewContext {
  const short = (text: string): string => text.slice(0, MAX_TEXT);
  return {
    cluster: short(review.cluster),
    namespace: short(review.namespace),
    kind: short(review.kind),
    name: short(review.name),
    operation: short(review.operation),
    user: short(review.user),
    reviewUid: short(review.reviewUid),
  };
}
